/** Reads a tar archive member by member from a stream. What a member is made of is kept as it was, so that it can be passed on unchanged. */
import { Fault } from '@imp/kit/base/fault.ts'
import { blockSize, parseHeader, parseRecords, type Header, type TarKind } from './tar-header.ts'

export interface Member {
  readonly kind: TarKind
  /** Path in the image: relative, no `.` or `..`; the root itself is the empty string. */
  readonly path: string
  /** Target as written for symbolic links; path in the image for hard links. */
  readonly linkPath: string
  /** Bytes of content. */
  readonly size: number
  /** Where the content begins in the archive, in bytes. */
  readonly offset: number
  /** All header blocks of the member, as they stood in the archive. */
  readonly head: Buffer
  /** Pax records of the member. */
  readonly records: ReadonlyMap<string, Buffer>
  /** The content and what fills its last block. To be read before the next member is asked for; what is not read is skipped. */
  readonly body: () => AsyncGenerator<Buffer>
}

/** Longest name and longest set of records that anybody needs; PATH_MAX of Linux is 4096. */
const maximumName = 4096
const maximumRecords = 1 << 20

interface Source {
  /** Exactly so many bytes, or undefined at the end of the stream. */
  read(length: number): Promise<Buffer | undefined>
  /** So many bytes in pieces; `skip` reads what is left of them. */
  content(length: number): { pieces: () => AsyncGenerator<Buffer>; skip: () => Promise<void> }
  /** Bytes that were read so far. */
  offset(): number
  /** Reads the stream to its end. */
  drain(): Promise<void>
}

const cutOff = (): Fault => new Fault('input', 'the archive is cut off')

function sourceOf(stream: AsyncIterable<Buffer>): Source {
  const iterator = stream[Symbol.asyncIterator]()
  let rest: Buffer = Buffer.alloc(0)
  const more = async (): Promise<boolean> => {
    const next = await iterator.next()
    if (next.done !== true) rest = rest.length === 0 ? next.value : Buffer.concat([rest, next.value])
    return next.done !== true
  }
  let offset = 0
  const take = (length: number): Buffer => {
    const taken = rest.subarray(0, length)
    offset += taken.length
    rest = rest.subarray(length)
    return taken
  }
  return {
    async read(length) {
      while (rest.length < length) {
        if (!(await more())) {
          if (rest.length === 0) return undefined
          throw cutOff()
        }
      }
      return take(length)
    },
    content(length) {
      const left = { bytes: length }
      const next = async (): Promise<Buffer> => {
        if (rest.length === 0 && !(await more())) throw cutOff()
        const piece = take(Math.min(left.bytes, rest.length))
        left.bytes -= piece.length
        return piece
      }
      return {
        async *pieces() {
          while (left.bytes > 0) yield await next()
        },
        async skip() {
          while (left.bytes > 0) await next()
        },
      }
    },
    offset: () => offset,
    async drain() {
      do rest = Buffer.alloc(0)
      while (await more())
    },
  }
}

/** A path of an archive as a path in the image; an `input` fault for one that leaves it. */
export function cleanPath(name: string): string {
  const parts = name.split('/').filter((part) => part !== '' && part !== '.')
  if (parts.includes('..') || name.includes('\0')) throw new Fault('input', `the archive has a path that leaves the image: ${name}`)
  if (name.length > maximumName) throw new Fault('input', `the archive has a path of ${name.length} characters`)
  return parts.join('/')
}

const padded = (size: number): number => Math.ceil(size / blockSize) * blockSize

/** What the headers before a member's own said of it. */
interface Told {
  readonly head: Buffer[]
  records: Map<string, Buffer>
  name?: string
  linkName?: string
}

function nameOf(bytes: Buffer): string {
  return bytes.toString('utf8').replace(/\0.*$/s, '')
}

function sizeOf(header: Header, records: ReadonlyMap<string, Buffer>): number {
  const told = records.get('size')?.toString('latin1')
  if (told === undefined) return header.size
  if (!/^\d{1,16}$/.test(told)) throw new Fault('input', 'the archive has a member of an impossible size')
  return Number(told)
}

function memberOf(header: Header & { kind: TarKind }, told: Told, source: Source): { member: Member; skip: () => Promise<void> } {
  const { records, head } = told
  if ([...records.keys()].some((key) => key.startsWith('GNU.sparse'))) throw new Fault('unsupported', 'the archive has a sparse member')
  const path = cleanPath(records.get('path')?.toString('utf8') ?? told.name ?? header.name)
  const link = records.get('linkpath')?.toString('utf8') ?? told.linkName ?? header.linkName
  // Links and directories of some old archives tell a size that no content follows.
  const size = header.kind === 'file' ? sizeOf(header, records) : 0
  const { pieces, skip } = source.content(padded(size))
  const member: Member = {
    kind: header.kind,
    path,
    linkPath: header.kind === 'link' ? cleanPath(link) : link,
    size,
    offset: source.offset(),
    head: Buffer.concat(head),
    records,
    body: pieces,
  }
  return { member, skip }
}

/** Records for all members that follow hold only a comment in practice (git archive); others would be lost when members are passed on. */
function refuseShared(records: ReadonlyMap<string, Buffer>): void {
  const key = [...records.keys()].find((each) => each !== 'comment')
  if (key !== undefined) throw new Fault('unsupported', `the archive sets ${key} for all its members`)
}

/** Takes in a header that speaks of the next member. */
async function listen(header: Header, block: Buffer, told: Told, source: Source): Promise<void> {
  const limit = 'LK'.includes(header.type) ? maximumName : maximumRecords
  if (header.size > limit) throw new Fault('input', 'the archive has a header that is too long')
  const bytes = await source.read(padded(header.size))
  if (bytes === undefined) throw cutOff()
  const body = bytes.subarray(0, header.size)
  if (header.type === 'g') return refuseShared(parseRecords(body))
  told.head.push(block, bytes)
  if (header.type === 'L') told.name = nameOf(body)
  else if (header.type === 'K') told.linkName = nameOf(body)
  else told.records = parseRecords(body)
}

/** The members of an archive, in its order. Throws `input` for what is no archive, is cut off or leaves the image. */
export async function* readTar(stream: AsyncIterable<Buffer>): AsyncGenerator<Member> {
  const source = sourceOf(stream)
  let told: Told = { head: [], records: new Map() }
  for (;;) {
    const block = await source.read(blockSize)
    if (block === undefined) throw cutOff()
    const header = parseHeader(block)
    if (header === undefined) break
    if (header.kind === undefined) {
      await listen(header, block, told, source)
      continue
    }
    told.head.push(block)
    const { member, skip } = memberOf({ ...header, kind: header.kind }, told, source)
    yield member
    await skip()
    told = { head: [], records: new Map() }
  }
  // What follows the end is padding: it is read too, so that the digest of the stream is that of the whole.
  await source.drain()
}
