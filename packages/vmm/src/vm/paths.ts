/** Where everything of one machine lies; pure. */
import { join } from 'node:path'
import type { VmmPaths } from '../context.ts'

export interface MachinePaths {
  /** Everything that is deleted with the machine, besides its document. */
  readonly directory: string
  readonly sockets: string
  /** Disks of its mounts. */
  readonly mounts: string
  /** What is written down of its last run; everybody may read it. */
  readonly run: string
  /** Where versions before the one that lets everybody read them kept it. */
  readonly formerRun: string
  readonly journal: string
  readonly initrd: string
  /** The writable layer, or the copy of the image that the guest owns. */
  readonly disk: string
  readonly hostKey: string
  /** Disk by which cloud-init in the guest is told. */
  readonly seed: string
  /** What the metadata service of the engine answers. */
  readonly metadata: string
  /** Socket by which the host reaches the guest's vsock. */
  readonly vsock: string
  /** Disk of a mount, and what it was filled with. */
  readonly mount: (tag: string) => { readonly disk: string; readonly manifest: string }
  readonly knownHosts: string
  readonly lock: string
}

/** Paths of the machine with this id: nothing of them depends on its name. */
export function machinePaths(paths: VmmPaths, id: string): MachinePaths {
  const directory = join(paths.data, 'machines', id)
  const mounts = join(paths.data, 'mounts', id)
  return {
    directory,
    mounts,
    sockets: join(paths.run, id),
    run: join(paths.data, 'runs', `${id}.json`),
    formerRun: join(directory, 'run.json'),
    journal: join(directory, 'journal'),
    initrd: join(directory, 'initrd'),
    disk: join(directory, 'disk.ext4'),
    hostKey: join(directory, 'host_ed25519'),
    seed: join(directory, 'seed.img'),
    vsock: join(paths.run, id, 'vsock.sock'),
    metadata: join(directory, 'metadata.json'),
    mount: (tag) => ({ disk: join(mounts, `${tag}.ext4`), manifest: join(mounts, `${tag}.json`) }),
    knownHosts: join(directory, 'known_hosts'),
    lock: join(paths.data, 'locks', `${id}.lock`),
  }
}

/** The key pair that vmm logs in with, one for all machines. */
export function managedKey(paths: VmmPaths): string {
  return join(paths.data, 'keys', 'vmm_ed25519')
}
