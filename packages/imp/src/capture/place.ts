/** Where the captures of a router are: their documents on this machine, their packets where the router is. */
import { join } from 'node:path'
import type { Host } from '@imp/kit/host/host.ts'
import type { VppRecording } from './model.ts'
import { localRecorder, remoteRecorder, type Recorder } from './recorder.ts'
import type { Vpp } from './vpp-pcap.ts'
import type { Waiter } from './waiter.ts'

/** What captures need to know of a router. */
interface Router {
  readonly name: string
  /** This machine, and the one that the router is on. */
  readonly local: Host
  readonly machine: Host
  /** Programs run inside its network namespace. */
  readonly host: Host
  readonly namespace?: string
  /** On this machine. */
  readonly stateDirectory: string
}

/** How processes of VPP are reached, and who ends their captures. */
export interface CaptureMeans {
  /** Undefined when the process does not run. */
  connect(instance: VppRecording['instance']): Promise<(Vpp & { close(): void }) | undefined>
  readonly waiter: Waiter
}

export interface CapturePlace extends CaptureMeans {
  readonly name: string
  /** This machine, and the directory of the documents there. */
  readonly local: Host
  readonly directory: string
  /** The machine of the router, and the directory of the packets there. */
  readonly machine: Host
  readonly packets: string
  /** Programs see the interfaces of the router. */
  readonly host: Host
  readonly recorder: Recorder
}

export interface CaptureFiles {
  /** Directory of the process and its packets. */
  readonly directory: string
  readonly packets: string
}

/** On a disk: memory is what guests have little of. */
const guestDirectory = '/var/tmp/imp-captures'

export function capturesOf(stateDirectory: string): string {
  return join(stateDirectory, 'captures')
}

export function capturePlace({ name, local, machine, host, namespace, stateDirectory }: Router, means: CaptureMeans): CapturePlace {
  const directory = capturesOf(stateDirectory)
  const common = { ...means, name, local, directory, machine, host }
  if (machine === local) return { ...common, packets: directory, recorder: localRecorder(machine, namespace) }
  return { ...common, packets: guestDirectory, recorder: remoteRecorder(machine) }
}

export function captureFiles({ packets }: CapturePlace, name: string): CaptureFiles {
  const own = join(packets, name)
  // The AppArmor profile of Debian's tcpdump lets it write where the name ends so.
  return { directory: own, packets: join(own, `${name}.pcap`) }
}
