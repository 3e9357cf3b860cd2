/** Where the captures of a router are: their documents on this machine, their packets where the router is. */
import { join } from 'node:path'
import type { Host } from '@imp/kit/host/host.ts'
import { localRecorder, remoteRecorder, type Recorder } from './recorder.ts'

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

export interface CapturePlace {
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

export function capturePlace({ name, local, machine, host, namespace, stateDirectory }: Router): CapturePlace {
  const directory = capturesOf(stateDirectory)
  const common = { name, local, directory, machine, host }
  if (machine === local) return { ...common, packets: directory, recorder: localRecorder(machine, namespace) }
  return { ...common, packets: guestDirectory, recorder: remoteRecorder(machine) }
}

export function captureFiles({ packets }: CapturePlace, name: string): CaptureFiles {
  const own = join(packets, name)
  // The AppArmor profile of Debian's tcpdump lets it write where the name ends so.
  return { directory: own, packets: join(own, `${name}.pcap`) }
}
