/** What we read from and change in 64-bit little-endian ELF programs (gABI; elf(5)): the libraries they need, their interpreter. */
import { Fault } from '@imp/kit/base/fault.ts'

const programHeader = { load: 1, dynamic: 2, interpreter: 3 } as const
const dynamicTag = { needed: 1n, stringTable: 5n } as const

interface Segment {
  readonly type: number
  /** Offset of its program header in the file. */
  readonly header: number
  readonly offset: number
  readonly address: number
  readonly size: number
}

function segments(file: Buffer, what: string): Segment[] {
  const elf64LittleEndian = Buffer.from('\x7fELF\x02\x01', 'latin1')
  if (file.length < 64 || !file.subarray(0, 6).equals(elf64LittleEndian)) throw new Fault('input', `${what} is not a 64-bit ELF program`)
  const start = Number(file.readBigUInt64LE(32))
  const size = file.readUInt16LE(54)
  return Array.from({ length: file.readUInt16LE(56) }, (_, index) => {
    const header = start + index * size
    return {
      type: file.readUInt32LE(header),
      header,
      offset: Number(file.readBigUInt64LE(header + 8)),
      address: Number(file.readBigUInt64LE(header + 16)),
      size: Number(file.readBigUInt64LE(header + 32)),
    }
  })
}

function textAt(file: Buffer, offset: number): string {
  return file.toString('latin1', offset, file.indexOf(0, offset))
}

/** File names of the shared libraries that the program asks for (DT_NEEDED); empty for a static program. */
export function neededLibraries(file: Buffer, what: string): string[] {
  const all = segments(file, what)
  const dynamic = all.find((segment) => segment.type === programHeader.dynamic)
  if (dynamic === undefined) return []
  const tags = Array.from({ length: dynamic.size / 16 }, (_, index) => ({
    tag: file.readBigInt64LE(dynamic.offset + index * 16),
    value: Number(file.readBigUInt64LE(dynamic.offset + index * 16 + 8)),
  }))
  const table = tags.find(({ tag }) => tag === dynamicTag.stringTable)?.value ?? 0
  const holder = all.find(({ type, address, size }) => type === programHeader.load && table >= address && table < address + size)
  if (holder === undefined) throw new Fault('input', `${what} has no string table`)
  const strings = holder.offset + table - holder.address
  return tags.filter(({ tag }) => tag === dynamicTag.needed).map(({ value }) => textAt(file, strings + value))
}

/** The program's dynamic loader; undefined for a static program or a library. */
export function interpreterOf(file: Buffer, what: string): string | undefined {
  const found = segments(file, what).find((segment) => segment.type === programHeader.interpreter)
  return found === undefined ? undefined : textAt(file, found.offset)
}

/** The program with another dynamic loader, whose path must not be longer than the present one. */
export function withInterpreter(file: Buffer, path: string, what: string): Buffer {
  const found = segments(file, what).find((segment) => segment.type === programHeader.interpreter)
  const text = Buffer.from(`${path}\0`)
  if (found === undefined || text.length > found.size) throw new Fault('input', `${what} cannot be given the loader ${path}`)
  const changed = Buffer.from(file)
  changed.fill(0, found.offset, found.offset + found.size)
  text.copy(changed, found.offset)
  changed.writeBigUInt64LE(BigInt(text.length), found.header + 32)
  changed.writeBigUInt64LE(BigInt(text.length), found.header + 40)
  return changed
}
