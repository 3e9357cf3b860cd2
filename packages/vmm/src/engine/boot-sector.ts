/**
 * A boot sector of 69 bytes that reads the time stamp counter again and again and writes each value as a line of 16 hexadecimal
 * digits to QEMU's debug console (port 0xe9), then ends QEMU through its isa-debug-exit device (port 0xf4).
 */
import { Fault } from '@imp/kit/base/fault.ts'

/** Little-endian 16 bits. */
function word(value: number): [number, number] {
  return [value & 0xff, value >> 8]
}

/** The sector, which writes `lines` values, 1 to 65535. Real mode; the comments are what the bytes say. */
export function bootSector(lines: number): Uint8Array {
  if (!Number.isInteger(lines) || lines < 1 || lines > 0xffff) throw new Fault('bug', `a boot sector cannot write ${lines} lines`)
  const code = [
    [0xfa], //                              00 cli
    [0xbf, ...word(lines)], //              01 mov di, lines
    [0x0f, 0x31], //                        04 next: rdtsc
    [0x66, 0x89, 0xc6], //                  06 mov esi, eax
    [0x66, 0x89, 0xd3], //                  09 mov ebx, edx
    [0xe8, 0x1d, 0x00], //                  0c call hex
    [0x66, 0x89, 0xf3], //                  0f mov ebx, esi
    [0xe8, 0x17, 0x00], //                  12 call hex
    [0xb0, 0x0a], //                        15 mov al, '\n'
    [0xe6, 0xe9], //                        17 out 0xe9, al
    [0x66, 0xb9, 0xe0, 0x93, 0x04, 0x00], //19 mov ecx, 300000
    [0x67, 0xe2, 0xfd], //                  1f pause: loop pause (ecx)
    [0x4f], //                              22 dec di
    [0x75, 0xdf], //                        23 jnz next
    [0xb0, 0x01], //                        25 mov al, 1
    [0xe6, 0xf4], //                        27 out 0xf4, al
    [0xf4], //                              29 halt: hlt
    [0xeb, 0xfd], //                        2a jmp halt
    [0xb1, 0x08], //                        2c hex: mov cl, 8
    [0x66, 0xc1, 0xc3, 0x04], //            2e digit: rol ebx, 4
    [0x88, 0xd8], //                        32 mov al, bl
    [0x24, 0x0f], //                        34 and al, 0x0f
    [0x04, 0x30], //                        36 add al, '0'
    [0x3c, 0x39], //                        38 cmp al, '9'
    [0x76, 0x02], //                        3a jbe put
    [0x04, 0x27], //                        3c add al, 'a' - '0' - 10
    [0xe6, 0xe9], //                        3e put: out 0xe9, al
    [0xfe, 0xc9], //                        40 dec cl
    [0x75, 0xea], //                        42 jnz digit
    [0xc3], //                              44 ret
  ].flat()
  const sector = new Uint8Array(512)
  sector.set(code)
  sector.set([0x55, 0xaa], 510)
  return sector
}

/** A 1.44 MB floppy disk whose boot sector it is: the format that every BIOS takes without geometry. */
export function bootFloppy(lines: number): Uint8Array {
  const floppy = new Uint8Array(1_474_560)
  floppy.set(bootSector(lines))
  return floppy
}
