/** What every initrd holds whatever its kernel: busybox, an ssh daemon with its libraries, and our scripts. */
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Fault } from '@imp/kit/base/fault.ts'
import type { Host } from '@imp/kit/host/host.ts'
import type { CpioEntry } from './cpio.ts'
import { interpreterOf, neededLibraries, withInterpreter } from './elf.ts'

/** Debian packages that bring the programs, unpacked side by side into one directory. */
export const toolPackages = [
  'busybox-static',
  'dropbear-bin',
  'libc6',
  'libcrypt1',
  'libgmp10',
  'libtomcrypt1',
  'libtommath1',
  'zlib1g',
] as const

/** Where the dynamic loader stands in a running guest; short, since it replaces a path in the program. */
const loader = '/run/vmm/lib/ld.so'

const scripts = [
  [new URL('init', import.meta.url), 'init', 0o755],
  [new URL('identity.sh', import.meta.url), 'vmm/identity.sh', 0o644],
  [new URL('metadata.sh', import.meta.url), 'vmm/metadata.sh', 0o644],
  [new URL('mounts.sh', import.meta.url), 'vmm/mounts.sh', 0o644],
  [new URL('network.sh', import.meta.url), 'vmm/network.sh', 0o644],
  [new URL('announce', import.meta.url), 'vmm/announce', 0o644],
  [new URL('early-ssh', import.meta.url), 'vmm/early-ssh', 0o644],
  [new URL('direct-init', import.meta.url), 'vmm/direct-init', 0o644],
  [new URL('run-command', import.meta.url), 'vmm/run-command', 0o644],
  [new URL('shutdown', import.meta.url), 'vmm/shutdown', 0o755],
] as const

/** Directories that the scripts expect, and the console that the kernel opens before any of them runs. */
const skeleton: readonly CpioEntry[] = [
  ...['dev', 'disks', 'proc', 'root', 'run', 'sys', 'tmp', 'writable'].map((path): CpioEntry => ({ kind: 'directory', path })),
  { kind: 'device', path: 'dev/console', major: 5, minor: 1 },
  { kind: 'device', path: 'dev/null', mode: 0o666, major: 1, minor: 3 },
  ...['sh', 'modprobe'].map((name): CpioEntry => ({ kind: 'link', path: `vmm/bin/${name}`, target: 'busybox' })),
  { kind: 'link', path: 'bin', target: 'vmm/bin' },
]

/** Our scripts as archive entries; they stand beside this file. */
export async function scriptEntries(host: Host): Promise<CpioEntry[]> {
  return Promise.all(
    scripts.map(async ([source, path, mode]): Promise<CpioEntry> => {
      return { kind: 'file', path, mode, content: await host.files.read(fileURLToPath(source)) }
    }),
  )
}

async function findFile(host: Host, directory: string, candidates: readonly string[]): Promise<string> {
  for (const candidate of candidates) {
    const path = join(directory, candidate)
    if ((await host.files.stat(path)) !== undefined) return path
  }
  throw new Fault('not-found', `the packages hold no ${candidates[0]}`, { detail: candidates.join('\n') })
}

/** Multiarch directories (Debian Policy 9.1.1), before and after the merge of /usr. */
function libraryCandidates(name: string, triplet: string): string[] {
  return [`lib/${triplet}/${name}`, `usr/lib/${triplet}/${name}`]
}

/** The libraries that a program needs, and those that they need, by file name. */
async function collectLibraries(host: Host, directory: string, triplet: string, program: Buffer): Promise<Map<string, Buffer>> {
  const found = new Map<string, Buffer>()
  const wanted = neededLibraries(program, 'dropbear')
  for (let name = wanted.shift(); name !== undefined; name = wanted.shift()) {
    if (found.has(name) || name.startsWith('ld-linux')) continue
    const library = await host.files.readBytes(await findFile(host, directory, libraryCandidates(name, triplet)))
    found.set(name, library)
    wanted.push(...neededLibraries(library, name))
  }
  return found
}

/** The programs of the unpacked packages in `directory`; `triplet` is the multiarch name, `x86_64-linux-gnu`. */
export async function toolEntries(host: Host, directory: string, triplet: string): Promise<CpioEntry[]> {
  const busybox = await host.files.readBytes(await findFile(host, directory, ['bin/busybox', 'usr/bin/busybox']))
  const dropbear = await host.files.readBytes(await findFile(host, directory, ['usr/sbin/dropbear']))
  const interpreter = interpreterOf(dropbear, 'dropbear')
  if (neededLibraries(busybox, 'busybox').length > 0 || interpreter === undefined)
    throw new Fault('unsupported', 'busybox must be static and dropbear dynamic', {
      hint: `use the Debian packages ${toolPackages.join(', ')}`,
    })
  const name = interpreter.slice(interpreter.lastIndexOf('/') + 1)
  const libraries = await collectLibraries(host, directory, triplet, dropbear)
  libraries.set(
    'ld.so',
    await host.files.readBytes(await findFile(host, directory, [interpreter.slice(1), ...libraryCandidates(name, triplet)])),
  )
  return [
    { kind: 'file', path: 'vmm/bin/busybox', mode: 0o755, content: busybox },
    { kind: 'file', path: 'vmm/bin/dropbear', mode: 0o755, content: withInterpreter(dropbear, loader, 'dropbear') },
    ...[...libraries].map(([file, content]): CpioEntry => ({ kind: 'file', path: `vmm/lib/${file}`, mode: 0o755, content })),
    ...skeleton,
  ]
}
