/** The initrd of one machine: the shared one of its kernel with the machine's identity behind it. */
import type { Host } from '@imp/kit/host/host.ts'
import { Fault } from '@imp/kit/base/fault.ts'
import type { GuestIdentity } from './identity.ts'

export interface VmInitrd {
  /** The kernel's initrd. */
  readonly base: string
  /** File to write, mode 0600: it holds the host key. */
  readonly output: string
  readonly identity: GuestIdentity
}

/** Writes the initrd of one machine, atomically; may be repeated. */
export async function buildVmInitrd(host: Host, initrd: VmInitrd): Promise<void> {
  throw new Fault('unsupported', `cannot make ${initrd.output} on ${host.name} yet`)
}
