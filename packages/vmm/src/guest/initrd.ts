/** Initrds: the shared one of a kernel, and that of one machine, which has the machine's identity behind the shared one. */
import { join } from 'node:path'
import type { Host } from '@imp/kit/host/host.ts'
import { temporaryBeside } from '@imp/kit/host/temporary.ts'
import { parse } from '@imp/kit/base/schema.ts'
import { identityArchive } from './archive.ts'
import type { CpioEntry } from './cpio.ts'
import { GuestIdentity } from './identity.ts'

export interface VmInitrd {
  /** The kernel's initrd, a multiple of four bytes long as `ensureKernel` leaves it. */
  readonly base: string
  /** File to write, mode 0600: it holds the host key. */
  readonly output: string
  readonly identity: GuestIdentity
}

/**
 * Writes the initrd of one machine, atomically; may be repeated. The kernel unpacks archives that follow each other, so the
 * machine's files are appended to a copy of the shared initrd: nothing is mounted and nothing needs root.
 */
export async function buildVmInitrd(host: Host, initrd: VmInitrd): Promise<void> {
  const identity = identityArchive(parse(GuestIdentity, initrd.identity, 'the identity of the guest'))
  const temporary = await temporaryBeside(initrd.output)
  try {
    await host.run(['install', '--mode=600', initrd.base, temporary])
    await host.run(['dd', `of=${temporary}`, 'oflag=append', 'conv=notrunc,fsync', 'bs=1M', 'status=none'], { input: identity })
    await host.files.rename(temporary, initrd.output)
  } catch (error) {
    await host.files.remove(temporary)
    throw error
  }
}

/** Modules for an initrd: paths below `directory`, which is lib/modules/RELEASE of an unpacked kernel. */
export interface Drivers {
  readonly directory: string
  readonly release: string
  readonly paths: readonly string[]
  /** modules.dep of just these modules. */
  readonly dependencies: string
}

const inflaters: Readonly<Record<string, string>> = { gz: 'gzip', xz: 'xz', zst: 'zstd' }

async function readModule(host: Host, path: string): Promise<Buffer> {
  const inflater = inflaters[path.slice(path.lastIndexOf('.') + 1)]
  if (inflater === undefined) return host.files.readBytes(path)
  const { stdout } = await host.pipe([
    [inflater, '-dc', path],
    ['base64', '--wrap=0'],
  ])
  return Buffer.from(stdout, 'base64')
}

/** The modules as archive entries, uncompressed. */
export async function driverEntries(host: Host, drivers: Drivers): Promise<CpioEntry[]> {
  const base = `lib/modules/${drivers.release}`
  const files = await Promise.all(
    drivers.paths.map(async (path): Promise<CpioEntry> => {
      const content = await readModule(host, join(drivers.directory, path))
      return { kind: 'file', path: `${base}/${path.replace(/\.ko\.(gz|xz|zst)$/, '.ko')}`, content }
    }),
  )
  return [...files, { kind: 'file', path: `${base}/modules.dep`, content: drivers.dependencies }]
}

/** Joins archives to one initrd, atomically. Uncompressed: any kernel reads it, and an emulated processor inflates slowly. */
export async function joinArchives(host: Host, parts: readonly string[], output: string): Promise<void> {
  const temporary = await temporaryBeside(output)
  try {
    await host.pipe([
      ['cat', ...parts],
      ['dd', `of=${temporary}`, 'bs=1M', 'iflag=fullblock', 'conv=fsync', 'status=none'],
    ])
    await host.files.rename(temporary, output)
  } catch (error) {
    await host.files.remove(temporary)
    throw error
  }
}
