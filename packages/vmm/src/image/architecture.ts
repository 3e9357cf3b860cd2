/** Which processor the programs of an image are for: an archive does not say, its shell does. Pure. */
import { Fault } from '@imp/kit/base/fault.ts'

/** Shells and what stands for them, where systems have them; the first that is a program tells. */
export const shells = ['bin/busybox', 'usr/bin/busybox', 'bin/dash', 'usr/bin/dash', 'bin/bash', 'usr/bin/bash', 'bin/sh'] as const

/** ELF machines (elf(5), e_machine) in Go's words. */
const machines: Readonly<Record<number, string>> = {
  3: '386',
  8: 'mips',
  21: 'ppc64le',
  22: 's390x',
  40: 'arm',
  62: 'amd64',
  183: 'arm64',
  243: 'riscv64',
  258: 'loong64',
}

/** The processor of an ELF program; undefined for what is none. */
export function machineOf(program: Buffer): string | undefined {
  if (program.length < 20 || program.toString('latin1', 0, 4) !== '\x7fELF') return undefined
  // EI_DATA: 2 is the highest byte first.
  const machine = program[5] === 2 ? program.readUInt16BE(18) : program.readUInt16LE(18)
  return machines[machine] ?? `ELF machine ${machine}`
}

/** Refuses an image whose shell is for another processor; one for 32 bits of the same family runs. */
export function checkMachine(contents: ReadonlyMap<string, Buffer>, architecture: string, name: string): void {
  const program = shells.map((path) => contents.get(path)).find((each) => each !== undefined && machineOf(each) !== undefined)
  const machine = program === undefined ? undefined : machineOf(program)
  if (machine === undefined || machine === architecture || (machine === '386' && architecture === 'amd64')) return
  throw new Fault('unsupported', `the programs of ${name} are for ${machine}, this machine is ${architecture}`)
}
