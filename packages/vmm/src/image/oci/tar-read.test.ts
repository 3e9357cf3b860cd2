import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { Fault } from '@imp/kit/base/fault.ts'
import { directory, file, link, symlink, tarOf, type Entry } from './sample.ts'
import { blockSize } from './tar-header.ts'
import { readTar } from './tar-read.ts'

const word = fc.stringMatching(/^[\w.+~ é-]{1,40}$/).filter((text) => text !== '.' && text !== '..')
const path = fc.array(word, { minLength: 1, maxLength: 6 }).map((words) => words.join('/'))
const value = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes))
const entry: fc.Arbitrary<Entry> = fc.oneof(
  fc
    .record({ at: path, content: fc.uint8Array({ maxLength: 1500 }), mode: fc.nat(0o7777), uid: fc.nat(2_097_151), attribute: value })
    .map(({ at, content, mode, uid, attribute }) =>
      file(at, Buffer.from(content), { mode, uid, records: new Map([['SCHILY.xattr.user.x', attribute]]) }),
    ),
  path.map((at) => directory(at)),
  fc.tuple(path, path).map(([at, to]) => link(at, to)),
  fc.tuple(path, path).map(([at, to]) => symlink(at, `/${to}`)),
)

/** The archive in pieces of these sizes, over and over. */
async function* pieces(archive: Buffer, sizes: readonly number[]): AsyncGenerator<Buffer> {
  for (let at = 0, index = 0; at < archive.length; index += 1) {
    const size = sizes[index % sizes.length] ?? archive.length
    yield archive.subarray(at, at + size)
    at += size
    await Promise.resolve()
  }
}

interface Found {
  readonly path: string
  readonly kind: string
  readonly linkPath: string
  readonly content: string
}

/** All members of an archive, their content read where `reads` says so. */
async function membersOf(archive: Buffer, sizes: readonly number[] = [archive.length], reads = true): Promise<Found[]> {
  const found: Found[] = []
  for await (const member of readTar(pieces(archive, sizes))) {
    const bytes: Buffer[] = []
    if (reads) for await (const piece of member.body()) bytes.push(piece)
    const content = Buffer.concat(bytes).subarray(0, member.size).toString('latin1')
    found.push({ path: member.path, kind: member.kind, linkPath: member.linkPath, content })
  }
  return found
}

const told = ({ path: at, kind, linkPath = '', content = '' }: Entry): Found => ({
  path: at,
  kind,
  linkPath,
  content: Buffer.from(content).toString('latin1'),
})

/** Writes the right sum into a header, so that what is wrong in it is not found by that alone. */
function sign(archive: Buffer, at: number): void {
  archive.fill(0x20, at + 148, at + 156)
  const sum = archive.subarray(at, at + blockSize).reduce((total, byte) => total + byte, 0)
  archive.write(`${sum.toString(8).padStart(6, '0')}\0`, at + 148, 'latin1')
}

describe('archives', () => {
  test('are read as they were written, in whatever pieces they come', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(entry, { maxLength: 5 }),
        fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 4 }),
        async (entries, sizes) => assert.deepEqual(await membersOf(tarOf(entries), sizes), entries.map(told)),
      ),
      { numRuns: 60 },
    )
  })

  test('whose content nobody reads have the same members', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(entry, { maxLength: 5 }), async (entries) => {
        const found = await membersOf(tarOf(entries), [700], false)
        assert.deepEqual(
          found.map((each) => each.path),
          entries.map((each) => each.path),
        )
      }),
      { numRuns: 60 },
    )
  })

  test('that end early are refused wherever they end', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(entry, { minLength: 1, maxLength: 4 }), fc.nat(), async (entries, place) => {
        const whole = tarOf(entries)
        // What ends an archive is one block of zeros, and often more.
        const cut = whole.subarray(0, place % (whole.length - 2 * blockSize + 1))
        await assert.rejects(membersOf(cut), (error) => error instanceof Fault && error.code === 'input' && /cut off/.test(error.message))
      }),
      { numRuns: 60 },
    )
  })

  test('with any bytes in their headers give members inside of the image, or a fault', async () => {
    const change = fc.record({ at: fc.nat(blockSize - 1), byte: fc.nat(255) })
    await fc.assert(
      fc.asyncProperty(fc.array(entry, { minLength: 1, maxLength: 3 }), fc.array(change, { maxLength: 12 }), async (entries, changes) => {
        const archive = tarOf(entries)
        for (const { at, byte } of changes) archive[at] = byte
        sign(archive, 0)
        try {
          for (const { path: at, kind, linkPath } of await membersOf(archive)) {
            for (const each of kind === 'link' ? [at, linkPath] : [at]) {
              assert.ok(!each.startsWith('/') && !each.split('/').some((part) => ['.', '..'].includes(part)), each)
              assert.ok(!each.includes('\0'))
            }
          }
        } catch (error) {
          assert.ok(error instanceof Fault && ['input', 'unsupported'].includes(error.code), String(error))
        }
      }),
      { numRuns: 300 },
    )
  })

  test('of any bytes are nothing but a fault', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 3000 }), async (bytes) => {
        // A block of zeros is an archive without members.
        const archive = Buffer.concat([Buffer.from([1]), bytes])
        await assert.rejects(membersOf(archive, [blockSize]), Fault)
      }),
      { numRuns: 100 },
    )
  })

  test('with numbers and records that cannot be are refused', async () => {
    const sized = tarOf([file('a', 'x')])
    sized.fill(0xff, 124, 136)
    sign(sized, 0)
    await assert.rejects(membersOf(sized), /impossible size/)
    const recorded = (text: string): Buffer => {
      const archive = tarOf([file('a', text), file('b')])
      archive.write('x', 156, 'latin1')
      sign(archive, 0)
      return archive
    }
    for (const text of ['99 path=b\n', '0 path=b\n', 'x', '-5 path=b\n', '9999999999999999 path=b\n', '10 path=b'])
      await assert.rejects(membersOf(recorded(text)), Fault, text)
    await assert.rejects(membersOf(recorded('18 size=-1234567\n')), Fault)
    await assert.rejects(membersOf(recorded('21 path=../../etc/x\n')), Fault)
  })
})
