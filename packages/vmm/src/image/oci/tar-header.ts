/**
 * One header of a tar archive (POSIX.1-2001 pax, `pax(1)`; GNU tar's long names, `Basic Tar Format` of its manual). Values of pax records
 * stay bytes: file capabilities and other extended attributes are no text.
 */
import { Fault } from '@imp/kit/base/fault.ts'

export const blockSize = 512

export type TarKind = 'file' | 'link' | 'symlink' | 'character' | 'block' | 'directory' | 'fifo'

/** What a header says of a member, or that it says something of the next one. */
export interface Header {
  /** Undefined for headers that carry records or a long name of the next member. */
  readonly kind: TarKind | undefined
  /** `x`, `g`, `L`, `K` where `kind` is undefined. */
  readonly type: string
  readonly name: string
  readonly linkName: string
  /** Bytes that follow. */
  readonly size: number
}

const kinds: Readonly<Record<string, TarKind>> = {
  '0': 'file',
  '\0': 'file',
  '7': 'file',
  '1': 'link',
  '2': 'symlink',
  '3': 'character',
  '4': 'block',
  '5': 'directory',
  '6': 'fifo',
}

function text(block: Buffer, from: number, length: number): string {
  const field = block.subarray(from, from + length)
  const end = field.indexOf(0)
  return field.subarray(0, end === -1 ? length : end).toString('utf8')
}

/** An octal number, or a big-endian one when the highest bit of the first byte is set (GNU, for what octal digits cannot hold). */
function number(block: Buffer, from: number, length: number): number {
  const field = block.subarray(from, from + length)
  if (((field[0] ?? 0) & 0x80) !== 0) return field.subarray(1).reduce((sum, byte) => sum * 256 + byte, (field[0] ?? 0) & 0x7f)
  const digits = text(block, from, length).trim()
  if (!/^[0-7]*$/.test(digits)) throw new Fault('input', 'the archive has a header with a broken number')
  return digits === '' ? 0 : Number.parseInt(digits, 8)
}

/** Sum of all bytes, those of the sum itself taken as spaces. */
function checksum(block: Buffer): number {
  return block.reduce((sum, byte, index) => sum + (index >= 148 && index < 156 ? 0x20 : byte), 0)
}

/** Reads a header. Undefined for a block of zeros, which ends an archive; an `input` fault for what is no header. */
export function parseHeader(block: Buffer): Header | undefined {
  if (block.every((byte) => byte === 0)) return undefined
  if (Number.parseInt(text(block, 148, 8).trim(), 8) !== checksum(block))
    throw new Fault('input', 'it is no tar archive: the checksum of a header is wrong')
  const type = String.fromCharCode(block[156] ?? 0)
  const kind = kinds[type]
  if (kind === undefined && !'xgLK'.includes(type)) throw new Fault('unsupported', `the archive has a member of type ${type}`)
  // Only POSIX archives have a prefix; GNU's keep times there.
  const prefix = block.subarray(257, 263).equals(Buffer.from('ustar\0')) ? text(block, 345, 155) : ''
  const name = text(block, 0, 100)
  const size = number(block, 124, 12)
  if (!Number.isSafeInteger(size)) throw new Fault('input', 'the archive has a member of an impossible size')
  return { kind, type, name: prefix === '' ? name : `${prefix}/${name}`, linkName: text(block, 157, 100), size }
}

/** Parses pax records: `LENGTH KEY=VALUE\n`, the length counting the whole record. */
export function parseRecords(bytes: Buffer): Map<string, Buffer> {
  const records = new Map<string, Buffer>()
  let at = 0
  while (at < bytes.length) {
    const space = bytes.indexOf(0x20, at)
    const length = space === -1 ? Number.NaN : Number(bytes.subarray(at, space).toString('latin1'))
    const equals = bytes.indexOf(0x3d, space)
    const end = at + length
    if (!Number.isInteger(length) || equals === -1 || equals >= end || end > bytes.length || bytes[end - 1] !== 0x0a) {
      throw new Fault('input', 'the archive has a broken pax record')
    }
    records.set(bytes.subarray(space + 1, equals).toString('utf8'), bytes.subarray(equals + 1, end - 1))
    at = end
  }
  return records
}

function record(key: string, value: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(` ${key}=`), value, Buffer.from('\n')])
  let length = body.length
  // The length counts its own digits.
  while (length !== body.length + String(length).length) length = body.length + String(length).length
  return Buffer.concat([Buffer.from(String(length)), body])
}

function octal(block: Buffer, from: number, length: number, value: number): void {
  block.write(`${value.toString(8).padStart(length - 1, '0')}\0`, from, 'latin1')
}

export interface NewHeader {
  readonly path: string
  readonly kind: TarKind
  readonly linkPath?: string
  readonly size?: number
  readonly mode?: number
  readonly uid?: number
  readonly gid?: number
  /** Seconds since 1970. */
  readonly modified?: number
  readonly records?: ReadonlyMap<string, Buffer>
}

function plain(name: string, type: string, header: Omit<NewHeader, 'path' | 'kind' | 'records'>): Buffer {
  const block = Buffer.alloc(blockSize)
  Buffer.from(name).copy(block, 0, 0, 100)
  octal(block, 100, 8, header.mode ?? 0o644)
  octal(block, 108, 8, header.uid ?? 0)
  octal(block, 116, 8, header.gid ?? 0)
  octal(block, 124, 12, header.size ?? 0)
  octal(block, 136, 12, header.modified ?? 0)
  block.write(type, 156, 'latin1')
  Buffer.from(header.linkPath ?? '').copy(block, 157, 0, 100)
  block.write('ustar\u000000', 257, 'latin1')
  octal(block, 148, 7, checksum(block))
  block[155] = 0x20
  return block
}

/** Bytes that fill the last block of a member. */
export function padding(size: number): Buffer {
  return Buffer.alloc((blockSize - (size % blockSize)) % blockSize)
}

/** Writes a header with whatever records it needs: for long names, large sizes, and the given ones. */
export function makeHeader(header: NewHeader): Buffer {
  const type = Object.entries(kinds).find(([, kind]) => kind === header.kind)?.[0] ?? '0'
  const records = new Map(header.records)
  if (Buffer.byteLength(header.path) > 100) records.set('path', Buffer.from(header.path))
  if (Buffer.byteLength(header.linkPath ?? '') > 100) records.set('linkpath', Buffer.from(header.linkPath ?? ''))
  if ((header.size ?? 0) >= 8 ** 11) throw new Fault('unsupported', `${header.path} is too large for an archive`)
  const own = plain(header.path, type, header)
  if (records.size === 0) return own
  const body = Buffer.concat([...records].map(([key, value]) => record(key, value)))
  return Buffer.concat([plain('PaxHeaders/next', 'x', { size: body.length }), body, padding(body.length), own])
}

/** What ends an archive. */
export const endOfArchive = Buffer.alloc(2 * blockSize)
