/** Recognises kernel files: an ELF vmlinux, an x86 bzImage, an arm64 Image, and what wraps them. Looks at the first 4096 bytes only. */
import { Fault } from '@imp/kit/base/fault.ts'
import type { Architecture } from './model.ts'

/** Bytes that `recognise` wants to see. */
export const headLength = 4096

export type Compression = 'gzip' | 'xz' | 'zstd' | 'lz4' | 'bzip2' | 'lzma'

export type KernelFile =
  /** Boots as it is. */
  | { readonly kind: 'plain'; readonly architecture: Architecture }
  /** Holds a compressed kernel of `length` bytes (to the end of the file when undefined) at `offset`. */
  | { readonly kind: 'packed'; readonly offset: number; readonly length?: number; readonly wrapper: 'bzimage' | 'zboot' | 'gzip' }

/** e_machine values of elf.h. */
const machines: Readonly<Record<number, Architecture>> = { 62: 'amd64', 183: 'arm64' }

function refused(why: string): Fault {
  return new Fault('input', `this is no kernel that machines can boot: ${why}`, {
    hint: 'give an ELF vmlinux or a bzImage (vmlinuz), on arm64 an Image',
  })
}

function elf(head: Buffer): KernelFile {
  if (head[4] !== 2 || head[5] !== 1) throw refused('the ELF file is not 64-bit little-endian')
  const type = head.readUInt16LE(16)
  const machine = head.readUInt16LE(18)
  const architecture = machines[machine]
  if (architecture === undefined) throw refused(`the ELF file is for machine ${machine}`)
  // ET_EXEC and ET_DYN; a vmlinux has segments, a module or object file (ET_REL) has none.
  if ((type !== 2 && type !== 3) || head.readUInt16LE(56) === 0) throw refused('the ELF file cannot be executed')
  return { kind: 'plain', architecture }
}

/** The x86 boot protocol (Linux, arch/x86/boot): setup sectors, then the payload, whose place the header tells since version 2.08. */
function bzImage(head: Buffer): KernelFile {
  if (head.readUInt16LE(0x206) < 0x208) throw refused('its boot protocol is older than 2.08')
  const setupSectors = head[0x1f1] === 0 ? 4 : head.readUInt8(0x1f1)
  const offset = (setupSectors + 1) * 512 + head.readUInt32LE(0x248)
  return { kind: 'packed', offset, length: head.readUInt32LE(0x24c), wrapper: 'bzimage' }
}

function startsWith(head: Buffer, offset: number, bytes: string): boolean {
  return head.subarray(offset, offset + bytes.length).equals(Buffer.from(bytes, 'latin1'))
}

/** What the first bytes of a file say; an `input` fault when it is no kernel. */
export function recognise(head: Buffer): KernelFile {
  if (startsWith(head, 0, '\x7fELF') && head.length >= 64) return elf(head)
  if (startsWith(head, 0x202, 'HdrS') && startsWith(head, 0x1fe, '\x55\xaa') && head.length >= 0x250) return bzImage(head)
  // Linux, drivers/firmware/efi/libstub/zboot-header.S: offset and length of the payload.
  if (startsWith(head, 0, 'MZ') && startsWith(head, 4, 'zimg'))
    return { kind: 'packed', offset: head.readUInt32LE(8), length: head.readUInt32LE(12), wrapper: 'zboot' }
  // Linux, Documentation/arch/arm64/booting: magic number at 56.
  if (startsWith(head, 56, 'ARM\x64')) return { kind: 'plain', architecture: 'arm64' }
  if (startsWith(head, 0, '\x1f\x8b')) return { kind: 'packed', offset: 0, wrapper: 'gzip' }
  throw refused('neither ELF nor bzImage nor arm64 Image')
}

const signatures: readonly (readonly [Compression, string])[] = [
  ['gzip', '\x1f\x8b'],
  ['xz', '\xfd7zXZ\0'],
  ['zstd', '\x28\xb5\x2f\xfd'],
  ['lz4', '\x02\x21\x4c\x18'],
  ['bzip2', 'BZh'],
  ['lzma', '\x5d\0\0'],
]

/** How a payload is compressed, by its first bytes. */
export function compressionOf(payload: Buffer): Compression {
  const found = signatures.find(([, signature]) => startsWith(payload, 0, signature))
  if (found === undefined) throw refused(`its payload begins with ${payload.subarray(0, 6).toString('hex')}, an unknown compression`)
  return found[0]
}

/**
 * Bytes of the size of the inflated kernel behind the payload (Linux, scripts/Makefile.lib, size_append): four, except for gzip,
 * whose own format ends with it.
 */
export function sizeSuffix(wrapper: 'bzimage' | 'zboot' | 'gzip', compression: Compression): 0 | 4 {
  return wrapper === 'gzip' || compression === 'gzip' ? 0 : 4
}
