import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import * as fc from 'fast-check'
import { Fault } from '@imp/kit/base/fault.ts'
import { defaultLimits, type Layer } from './layer.ts'
import { mergedArchive, mergeLayers } from './merge.ts'
import { directory, file, layerOf, link, symlink, tarOf, type Entry } from './sample.ts'
import { readTar } from './tar-read.ts'

const layers = (...all: readonly (readonly Entry[])[]): Layer[] => all.map((entries) => layerOf(tarOf(entries)))

/** What the merged archive holds: kind and content or target by path, in its order. */
async function contentsOf(all: readonly Layer[]): Promise<[string, string][]> {
  const merged = await mergeLayers(all)
  const found: [string, string][] = []
  for await (const member of readTar(mergedArchive(all, merged))) {
    const pieces: Buffer[] = []
    for await (const piece of member.body()) pieces.push(piece)
    const content = Buffer.concat(pieces).subarray(0, member.size).toString()
    const what = { file: content, link: `= ${member.linkPath}`, symlink: `-> ${member.linkPath}` } as Record<string, string>
    found.push([member.path, what[member.kind] ?? member.kind])
  }
  return found
}

async function refusal(all: readonly Layer[], limits = defaultLimits): Promise<string> {
  try {
    await mergeLayers(all, [], limits)
  } catch (error) {
    assert.ok(error instanceof Fault)
    return `${error.code}: ${error.message}`
  }
  return assert.fail('nothing was refused')
}

describe('merging', () => {
  test('the highest layer wins, directories stay before their content', async () => {
    const found = await contentsOf(layers([directory('etc'), file('etc/a', 'old'), file('etc/b')], [file('etc/a', 'new'), file('etc/c')]))
    assert.deepEqual(found, [
      ['etc', 'directory'],
      ['etc/b', 'etc/b'],
      ['etc/a', 'new'],
      ['etc/c', 'etc/c'],
    ])
  })
  test('a whiteout takes away what lies below, not what its own layer brings', async () => {
    const found = await contentsOf(
      layers([directory('a'), file('a/x'), file('a/y'), file('b')], [file('a/.wh.x', ''), file('.wh.b', ''), file('b', 'again')]),
    )
    assert.deepEqual(found, [
      ['a', 'directory'],
      ['a/y', 'a/y'],
      ['b', 'again'],
    ])
  })
  test('what aufs left for itself is left out', async () => {
    const found = await contentsOf(
      layers([directory('a'), file('a/x')], [directory('.wh..wh.plnk'), file('.wh..wh.plnk/1.2'), file('.wh..wh.aufs', ''), file('b')]),
    )
    assert.deepEqual(
      found.map(([path]) => path),
      ['a', 'a/x', 'b'],
    )
  })
  test('an opaque directory hides all that was in it', async () => {
    const found = await contentsOf(
      layers([directory('a'), file('a/x'), directory('a/d'), file('a/d/z')], [directory('a'), file('a/.wh..wh..opq', ''), file('a/new')]),
    )
    assert.deepEqual(found, [
      ['a', 'directory'],
      ['a/new', 'a/new'],
    ])
  })
  test('a file in place of a directory hides what was in it; a directory in place of a file is one', async () => {
    const found = await contentsOf(layers([directory('a'), file('a/x'), file('b')], [file('a', 'now a file'), directory('b'), file('b/x')]))
    assert.deepEqual(found, [
      ['a', 'now a file'],
      ['b', 'directory'],
      ['b/x', 'b/x'],
    ])
  })
  test('hard links keep the content that they had when the target is replaced or taken away', async () => {
    const found = await contentsOf(
      layers(
        [file('t', 'first'), link('l', 't'), link('m', 't'), file('u', 'second'), link('k', 'u')],
        [file('t', 'other'), file('.wh.u', '')],
      ),
    )
    assert.deepEqual(found, [
      ['l', 'first'],
      ['m', '= l'],
      ['k', 'second'],
      ['t', 'other'],
    ])
  })
  test('long names, owners, modes, capabilities and absolute symbolic links pass unchanged', async () => {
    const capability = Buffer.from([1, 0, 0, 2, 0, 0x24, 0, 0, 0, 0, 0, 0, 0, 0xff, 0x0a, 0x3d, 0x20, 0, 0, 0])
    const long = `opt/${'long/'.repeat(40)}name`
    const archive = tarOf([
      file('bin/ping', 'x', { mode: 0o4755, uid: 3, gid: 70_000, records: new Map([['SCHILY.xattr.security.capability', capability]]) }),
      file(long, 'far'),
      symlink('bin/sh', '/usr/bin/dash'),
    ])
    const all = [layerOf(archive)]
    const pieces: Buffer[] = []
    for await (const piece of mergedArchive(all, await mergeLayers(all))) pieces.push(piece as Buffer)
    assert.deepEqual(Buffer.concat(pieces), archive)
  })
  test('files that were asked for come back', async () => {
    const all = layers([file('etc/os-release', 'ID=old'), file('etc/issue')], [file('etc/os-release', 'ID=alpine')])
    const { contents } = await mergeLayers(all, ['etc/os-release', 'etc/none'])
    assert.deepEqual(
      [...contents].map(([path, content]) => [path, content.toString()]),
      [['etc/os-release', 'ID=alpine']],
    )
  })
  test('compressed layers are recognised', async () => {
    const archive = tarOf([file('a')])
    for (const stored of [gzipSync(archive), zstdCompressSync(archive)]) {
      assert.deepEqual(await contentsOf([layerOf(archive, stored)]), [['a', 'a']])
    }
  })
  test('devices in /dev are left to the kernel', async () => {
    assert.deepEqual(await contentsOf(layers([directory('dev'), { path: 'dev/null', kind: 'character' }])), [['dev', 'directory']])
  })
})

describe('what is refused', () => {
  const archive = tarOf([file('etc/passwd', 'x'.repeat(4000))])
  const cases: readonly (readonly [string, Layer[], RegExp])[] = [
    ['a path that leaves the image', layers([file('../etc/passwd')]), /leaves the image: \.\.\/etc\/passwd/],
    ['a hard link that leaves the image', layers([file('a'), link('b', '../../a')]), /leaves the image/],
    ['a hard link to nothing', layers([link('b', 'a')]), /hard link b to a, which is not there/],
    ['writing through a symbolic link', layers([symlink('a', '/etc'), file('a/passwd')]), /a\/passwd through a, which is no directory/],
    ['a path twice', layers([file('a', '1'), file('a', '2')]), /holds a twice/],
    ['a device', layers([{ path: 'etc/disk', kind: 'block' }]), /holds a device, etc\/disk/],
    ['an archive that is cut off', [{ ...layerOf(archive.subarray(0, 1500)) }], /cut off/],
    ['a compressed archive that is cut off', [layerOf(archive, gzipSync(archive).subarray(0, 40))], /cut off or broken/],
    ['no archive', [layerOf(Buffer.alloc(2048, '77'))], /no tar archive/],
    ['nothing at all', [layerOf(Buffer.alloc(0))], /cut off/],
    ['another digest', [{ ...layerOf(archive), digest: `sha256:${'0'.repeat(64)}` }], /its digest differs/],
    ['another content', [{ ...layerOf(archive), diffId: `sha256:${'0'.repeat(64)}` }], /its content differs/],
  ]
  for (const [what, all, words] of cases) test(what, async () => assert.match(await refusal(all), words))

  for (const path of ['a/.wh.', '.wh..', 'a/.wh...'])
    test(`a whiteout of the directory that it is in, ${path}`, async () => {
      assert.match(await refusal(layers([directory('a'), file('a/b')], [file(path, '')])), /takes away something without a name/)
    })

  test('an image that is larger, or has more members, than it may', async () => {
    const all = layers([file('a'), file('b')], [file('c')])
    assert.match(await refusal(all, { ...defaultLimits, bytes: 3000 }), /larger than 3000 bytes/)
    assert.match(await refusal(all, { ...defaultLimits, members: 2 }), /more than 2 members/)
    const deep = layers([file('d/'.repeat(1000) + 'a'), file('e/'.repeat(1000) + 'a')])
    assert.match(await refusal(deep, { ...defaultLimits, members: 1500 }), /more than 1500 members/)
    assert.match(await refusal(deep, { ...defaultLimits, names: 4000 }), /more than 4000 characters/)
  })

  test('bytes that are no archive never throw anything but a fault', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(archive.length - 1), { maxLength: 4 }), fc.nat(255), async (places, value) => {
        const broken = Buffer.from(archive)
        for (const at of places) broken[at] = value
        await mergeLayers([layerOf(broken)]).catch((error: unknown) => assert.ok(error instanceof Fault, String(error)))
      }),
    )
  })
})

test('any stack of layers gives what overlaying them one by one gives', async () => {
  const names = fc.constantFrom('a', 'b', 'a/x', 'a/y', 'b/x', 'a/x/z')
  const entry = fc.oneof(
    fc.tuple(names, fc.constantFrom('1', '2')).map(([path, content]) => file(path, content)),
    names.map((path) => directory(path)),
    names.map((path) => file([path.replace(/[^/]*$/, ''), '.wh.', path.replace(/^.*\//, '')].join(''), '')),
  )
  const layer = fc.uniqueArray(entry, { selector: ({ path }) => path, maxLength: 5 })
  await fc.assert(
    fc.asyncProperty(fc.array(layer, { minLength: 1, maxLength: 4 }), async (stack) => {
      const tree = new Map<string, string>()
      const drop = (path: string): void => {
        for (const each of tree.keys()) if (each === path || each.startsWith(`${path}/`)) tree.delete(each)
      }
      for (const entries of stack) {
        for (const { path } of entries) if (path.includes('.wh.')) drop(path.replace('.wh.', ''))
        for (const { path, kind, content } of entries) {
          if (path.includes('.wh.')) continue
          if (kind !== 'directory') drop(path)
          for (let at = path; at.includes('/');) {
            at = at.slice(0, at.lastIndexOf('/'))
            if (tree.get(at) !== 'directory') tree.delete(at)
          }
          tree.set(path, kind === 'directory' ? 'directory' : (content ?? '').toString())
        }
      }
      const all = layers(...stack)
      let found: [string, string][]
      try {
        found = await contentsOf(all)
      } catch (error) {
        assert.ok(error instanceof Fault && / through | twice/.test(error.message), String(error))
        return
      }
      assert.deepEqual(new Map(found), tree)
    }),
  )
})
