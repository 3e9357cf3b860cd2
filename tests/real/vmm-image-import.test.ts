/** Images imported from archives by the real sqfstar: what they hold, what is refused with nothing left behind, catalogues, clearing up. */
import assert from 'node:assert/strict'
import { execFile, execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { Fault } from '@imp/kit/base/fault.ts'
import { localHost } from '@imp/kit/host/local.ts'
import { invoke } from '@imp/kit/op/operation.ts'
import { contextFor, type VmmContext } from '../../packages/vmm/src/context.ts'
import type { CatalogueImage } from '../../packages/vmm/src/image/catalogue.ts'
import { imageFile, type Image } from '../../packages/vmm/src/image/model.ts'
import { directory, file, link, sha256, symlink, tarOf, type Entry } from '../../packages/vmm/src/image/oci/sample.ts'
import { operations } from '../../packages/vmm/src/image/ops.ts'
import { missing } from './vmm-machine-command.ts'
import { contextOn } from '../../packages/kit/src/op/sample.ts'

const run = promisify(execFile)
const skip = missing(['sqfstar', 'unsquashfs', 'du', 'xz'], false) ?? false
const architecture = { x64: 'amd64', arm64: 'arm64' }[process.arch as string] ?? ''

/** A file capability as pax records carry it (capabilities(7), `struct vfs_cap_data`: version 2, effective, CAP_NET_RAW). */
const capability = Buffer.from('0100000200200000000000000000000000000000', 'hex')

/** The beginning of a 64-bit program with its highest bytes first (elf(5)). */
const elfOf = (machine: number): Buffer =>
  Buffer.concat([Buffer.from('\x7fELF\x02\x02', 'latin1'), Buffer.alloc(13), Buffer.from([machine])])

describe('images of archives', { skip, concurrency: false }, () => {
  let place: string
  let data: string
  let context: VmmContext

  const contextWith = async (config: object): Promise<VmmContext> => {
    await mkdir(join(place, 'config', 'vmm'), { recursive: true })
    await writeFile(join(place, 'config', 'vmm', 'config.json'), JSON.stringify(config))
    return contextFor(contextOn(localHost()), false, { VMM_DATA_DIR: data, XDG_CONFIG_HOME: join(place, 'config') })
  }
  const call = async <T>(words: string, input: object, more: Partial<VmmContext> = {}): Promise<T> => {
    const found = operations.find((each) => each.path.join(' ') === words)
    assert.ok(found !== undefined, words)
    const answer = await invoke(found, { ...context, ...more }, input)
    return (answer.answer === 'result' ? answer.value : answer) as T
  }
  const written = async (name: string, bytes: Buffer): Promise<string> => {
    await writeFile(join(place, name), bytes)
    return join(place, name)
  }
  const left = async (): Promise<string[]> =>
    (await readdir(data, { recursive: true, withFileTypes: true }))
      .filter((each) => !each.isDirectory() && !each.name.endsWith('.lock'))
      .map((each) => each.name)
  const listing = async ({ digest }: Image): Promise<string> => (await run('unsquashfs', ['-lln', imageFile(data, digest)])).stdout

  before(async () => {
    place = await mkdtemp(join(tmpdir(), 'vmm-import-'))
    data = join(place, 'data')
    context = await contextWith({})
  })
  after(() => rm(place, { recursive: true }))

  it('keep owners, modes, links and capabilities, and lose devices and keys', async () => {
    const entries = [
      file('usr/bin/ping', 'ping', { mode: 0o4755, uid: 7, gid: 8, records: new Map([['SCHILY.xattr.security.capability', capability]]) }),
      link('usr/bin/ping6', 'usr/bin/ping'),
      symlink('escape', '/../../etc/shadow'),
      { path: 'dev/null', kind: 'character' },
      file('etc/ssh/ssh_host_rsa_key', 'secret'),
      file('var/lib/dpkg/status', 'Package: web\nStatus: install ok installed\nVersion: 1.2\n'),
    ] satisfies Entry[]
    const image = await call<Image>('image import', { source: await written('root.tar.gz', gzipSync(tarOf(entries))), name: 'plain' })
    assert.deepEqual(image.packages, [{ name: 'web', version: '1.2' }])
    assert.deepEqual(image.start, { kind: 'ssh' })
    const text = await listing(image)
    assert.match(text, /^-rwsr-xr-x 7\/8 .*usr\/bin\/ping$/m)
    assert.match(text, /^-rwsr-xr-x 7\/8 .*usr\/bin\/ping6$/m)
    assert.match(text, /etc\/vmm\/command$/m)
    assert.doesNotMatch(text, /ssh_host_rsa_key|dev\/null/)
    const tree = join(place, 'tree')
    await run('unsquashfs', ['-quiet', '-no-progress', '-no-xattrs', '-dest', tree, imageFile(data, image.digest), 'usr/bin'])
    assert.equal(await readFile(join(tree, 'usr/bin/ping6'), 'utf8'), 'ping')
    assert.match((await run('unsquashfs', ['-s', imageFile(data, image.digest)])).stdout, /Xattrs are (compressed|uncompressed)/)
    assert.deepEqual(await call<Image>('image import', { source: join(place, 'root.tar.gz'), name: 'plain' }), image)
    await call('image delete', { name: 'plain' })
    assert.deepEqual(await left(), [])
  })

  const archives: readonly (readonly [string, Buffer, RegExp])[] = [
    ['a path that leaves the image', tarOf([file('../etc/passwd')]), /leaves the image/],
    ['a whiteout of what it is in', tarOf([file('a/.wh.', '')]), /takes away something without a name/],
    ['a device', tarOf([{ path: 'etc/disk', kind: 'block' }]), /holds a device/],
    ['a file written twice', tarOf([file('a'), file('a')]), /holds a twice/],
    ['a file written through a link', tarOf([symlink('a', '/etc'), file('a/passwd')]), /through a, which is no directory/],
    ['a hard link to nothing', tarOf([link('a', 'b')]), /which is not there/],
    ['a download that was cut off', gzipSync(tarOf([file('a', 'x'.repeat(5000))])).subarray(0, 60), /cut off or broken/],
    ['more than it may hold', gzipSync(tarOf([file('a', Buffer.alloc(3 * 2 ** 20))])), /larger than 1048576 bytes/],
    ['something else', Buffer.from('PK\x03\x04'.padEnd(600)), /no tar archive/],
    ['an /etc that leads elsewhere', tarOf([symlink('etc', '/srv')]), /\/etc is no directory/],
    ['programs of another machine', tarOf([file('bin/busybox', elfOf(22))]), /are for s390x, this machine is/],
    ['an archive of docker save', tarOf([file('manifest.json', '[]')]), /archive of docker save/],
  ]
  for (const [title, bytes, message] of archives) {
    it(`refuse ${title}, and nothing is left`, async () => {
      const source = await written('bad', bytes)
      await assert.rejects(
        call('image import', { source, name: 'bad', size: 1 }),
        (error) => error instanceof Fault && message.test(error.message),
      )
      assert.deepEqual(await left(), [])
      assert.deepEqual(await call('image list', {}), [])
    })
  }

  const saved = async (config: string): Promise<string> => {
    const manifest = JSON.stringify([{ Config: 'c.json', RepoTags: ['web:1'], Layers: ['layer.tar'] }])
    const layer = tarOf([file('web'), directory('etc')])
    return written('saved.tar', tarOf([file('layer.tar', layer), file('c.json', config), file('manifest.json', manifest)]))
  }
  const configOf = (machine: string): string =>
    JSON.stringify({
      architecture: machine,
      os: 'linux',
      config: { Entrypoint: ['/web'], User: '5:6' },
      rootfs: { type: 'layers', diff_ids: [sha256(tarOf([file('web'), directory('etc')]))] },
    })

  it('take what the image runs from its configuration, and refuse another machine or a broken document', async () => {
    const source = async (config: string): Promise<object> => ({ source: `docker-archive:${await saved(config)}`, name: 'web' })
    const image = await call<Image>('image import', await source(configOf(architecture)))
    assert.ok(image.start?.kind === 'command')
    assert.deepEqual([image.start.command.words, image.start.command.uid, image.start.command.gid], [['/web'], 5, 6])
    const again = await call<Image>('image import', await source(configOf(architecture)))
    assert.deepEqual(again.start, image.start)
    const packed = await written('saved.tar.gz', gzipSync(await readFile(join(place, 'saved.tar'))))
    const unpacked = await call<Image>('image import', { source: `docker-archive:${packed}`, name: 'packed' })
    // The name means the second one now: written a second later, its file system is another, as are the times of directories that no layer has.
    const withoutTimes = (text: string): string => text.replaceAll(/ \d{4}-\d\d-\d\d \d\d:\d\d /g, ' ')
    assert.equal(withoutTimes(await listing(unpacked)), withoutTimes(await listing(again)))
    await call('image delete', { name: 'packed' })
    await call('image delete', { name: 'web' })
    await assert.rejects(call('image import', await source(configOf('s390x'))), { code: 'unsupported' })
    await assert.rejects(call('image import', await source('{')), { code: 'input' })
    assert.deepEqual(await left(), [])
  })

  it('come from archives of OCI directories and of xz as well', async () => {
    const layer = execFileSync('xz', ['--stdout', '-0'], { input: tarOf([file('web'), directory('etc')]) })
    const blobs: Entry[] = []
    const put = (bytes: Buffer | string): { digest: string; size: number } => {
      const blob = Buffer.from(bytes)
      const digest = sha256(blob)
      blobs.push(file(`blobs/${digest.replace(':', '/')}`, blob))
      return { digest, size: blob.length }
    }
    const manifest = JSON.stringify({ schemaVersion: 2, config: put(configOf(architecture)), layers: [put(layer)] })
    const index = JSON.stringify({ schemaVersion: 2, manifests: [put(manifest)] })
    const source = await written('oci.tar.gz', gzipSync(tarOf([...blobs, file('index.json', index), file('oci-layout', '{}')])))
    const image = await call<Image>('image import', { source: `oci-archive:${source}`, name: 'oci' })
    assert.equal(image.sourceDigest, sha256(Buffer.from(manifest)))
    assert.match(await listing(image), /^-rw-r--r-- 0\/0 .*squashfs-root\/web$/m)
    await assert.rejects(call('image import', { source, name: 'plain' }), { hint: 'write oci-archive:FILE' })
    const plain = await call<Image>('image import', { source: await written('root.tar.xz', layer), name: 'plain' })
    assert.match(await listing(plain), /squashfs-root\/web$/m)
    for (const name of ['oci', 'plain']) await call('image delete', { name })
    assert.deepEqual(await left(), [])
  })

  it('are not replaced by something else unasked, and planned before they are made', async () => {
    const first = await written('first.tar', tarOf([file('a')]))
    const second = await written('second.tar', tarOf([file('b')]))
    const planned = await call<{ answer: string }>('image import', { source: first, name: 'one' }, { dryRun: true })
    assert.equal(planned.answer, 'plan')
    assert.deepEqual(await left(), [])
    const image = await call<Image>('image import', { source: first, name: 'one' })
    await assert.rejects(call('image import', { source: second, name: 'one' }), { code: 'conflict' })
    assert.notEqual((await call<Image>('image import', { source: second, name: 'one', force: true })).digest, image.digest)
    await call('image delete', { name: 'one' })
  })

  it('go out by export and come back by a catalogue, checked by their checksums', async (t) => {
    const made = await call<Image>('image import', { source: await written('a.tar', tarOf([file('a')])), name: 'shared' })
    const offer = await call<CatalogueImage>('image export', { name: 'shared', file: join(place, 'shared.squashfs') })
    await assert.rejects(call('image export', { name: 'shared', file: join(place, 'shared.squashfs') }), { code: 'conflict' })
    await call('image delete', { name: 'shared' })
    const tar = gzipSync(tarOf([file('b')]))
    await written('other.tar.gz', tar)
    const other: CatalogueImage = {
      name: 'other',
      summary: 'another',
      architecture,
      url: 'other.tar.gz',
      sha256: createHash('sha256').update(tar).digest('hex'),
      size: tar.length,
      format: 'tar',
    }
    const images = [offer, other, { ...other, name: 'wrong', sha256: 'a'.repeat(64) }, { ...other, name: 'gone', url: 'gone.tar' }]
    await written('catalogue.json', Buffer.from(JSON.stringify({ schema: 'vmm.catalogue', version: 1, images })))
    const server = createServer((request, response) => {
      readFile(join(place, request.url ?? '')).then(
        (bytes) => response.end(bytes),
        () => response.writeHead(404).end(),
      )
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    t.after(() => server.close())
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/catalogue.json`
    for (const catalogue of [address, join(place, 'catalogue.json')]) {
      context = await contextWith({ image_catalogs: [catalogue] })
      const pulled = await call<Image>('image pull', { name: 'shared' })
      assert.equal(pulled.digest, made.digest)
      assert.match(await listing(pulled), /squashfs-root\/a$/m)
      assert.match(await listing(await call<Image>('image pull', { name: 'other' })), /squashfs-root\/b$/m)
      await assert.rejects(call('image pull', { name: 'wrong' }), /has the digest/)
      await assert.rejects(call('image pull', { name: 'gone' }), { code: 'not-found' })
      await assert.rejects(call('image pull', { name: 'unknown' }), { code: 'not-found' })
      const listed = await call<{ name: string; here: boolean }[]>('image list', { remote: true })
      assert.deepEqual(
        listed.filter(({ here }) => here).map(({ name }) => name),
        ['shared', 'other'],
      )
      await call('image delete', { name: 'shared' })
      await call('image delete', { name: 'other' })
    }
    assert.deepEqual(await left(), [])
  })

  it('leave nothing that prune does not take away', async () => {
    await call('image import', { source: await written('a.tar', tarOf([file('a')])), name: 'idle' })
    await mkdir(join(data, 'images', '.killed.building'), { recursive: true })
    await mkdir(join(data, 'cache', 'oci', '0123abcd'), { recursive: true })
    await writeFile(join(data, 'cache', 'oci', '0123abcd', 'x.partial'), 'x')
    const names = async (all: boolean): Promise<string[]> =>
      (await call<{ removed: { kind: string; name: string }[] }>('image prune', { all })).removed.map(({ kind, name }) => `${kind} ${name}`)
    assert.deepEqual(await names(false), ['leftover killed', 'download 0123abcd'])
    assert.deepEqual(await names(true), ['image idle'])
    assert.deepEqual(await left(), [])
  })
})
