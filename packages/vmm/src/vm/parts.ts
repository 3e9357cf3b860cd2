/** What machines are made of: other rooms' abilities, as this room needs them. `ops.ts` puts them together, tests replace them. */
import type { Host } from '@imp/kit/host/host.ts'
import type { Step, StepKind } from '@imp/kit/plan/step.ts'
import type { CloudInit, Instance } from '../cloud-init/model.ts'
import type { Choice, Engine, EngineName, Wish } from '../engine/model.ts'
import type { ImageDisk } from '../image/model.ts'
import type { KernelFiles } from '../kernel/model.ts'
import type { BridgeSettings, Listener, Member } from '../net/model.ts'

/** What the guest is told about itself (guest/identity.ts checks it). */
export interface Identity {
  hostname: string
  machineId: string
  authorizedKeys: string[]
  hostKey: string
  nameservers: string[]
  interfaces: { mac: string; name: string; addresses: string[]; gateways: string[]; mtu?: number | undefined }[]
  mounts: { label: string; tag: string; readOnly: boolean }[]
}

/** The disk of a mount and where it comes from. */
export interface MountDisk {
  readonly source: string
  readonly path: string
  readonly label: string
  readonly readOnly: boolean
  readonly manifest: string
}

/** A network that machines join. */
export interface JoinedNetwork {
  readonly settings: BridgeSettings
  attachStep(member: Member): Step
  detachStep(tap: string): Step
  /** Changes what holds for a machine that stays. */
  changeStep(before: Member, after: Member): Step
  leaseAddress(taken: readonly string[]): string
}

export interface Parts {
  engine(name: EngineName): Engine
  chooseEngine(wish: Wish): Promise<Choice>
  /** kHz of the time stamp counter under TCG. */
  tscKhz(): Promise<number>
  /** Fetches or builds the default one when it is missing. */
  kernel(name: string | undefined): Promise<KernelFiles>
  /** Builds a standard one when it is missing. */
  image(name: string): Promise<Pick<ImageDisk, 'path' | 'digest'>>
  buildInitrd(host: Host, initrd: { base: string; output: string; identity: Identity }): Promise<void>
  /** Writes the disk by which cloud-init in the guest is told. */
  writeSeed(host: Host, path: string, documents: CloudInit, instance: Instance): Promise<void>
  /** Writes the same documents as what a metadata service answers. */
  writeMetadata(host: Host, path: string, documents: CloudInit, instance: Instance): Promise<void>
  /** Words of the kernel command line for the guest's init. */
  bootArguments(root: 'overlay' | 'disk', metadata: boolean): string[]
  /** Lines on the console that say how the guest's start went. */
  readonly markers: { readonly ready: string; readonly failed: string }
  /** Labels by which the guest finds its disks. */
  readonly labels: { readonly writable: string; readonly root: string }
  /** The network with this name, the default one unless told. */
  network(name?: string): Promise<JoinedNetwork>
  /** Fills the disk of a mount, unless it is there. */
  mountStep(mount: MountDisk): Step
  /** A `conflict` fault when a process has the TAP open. */
  requireFreeTap(host: Host, tap: string): Promise<void>
  leasePort(taken: ReadonlySet<number>, free: (port: number) => Promise<boolean>): Promise<number>
  listeningPorts(host: Host): Promise<Set<number>>
  listeners(host: Host): Promise<Listener[]>
  /** The end of a log, without what a terminal would interpret. */
  lastLines(host: Host, path: string, lines: number): Promise<string>
  /** Kinds of the steps that other rooms make. */
  readonly kinds: readonly StepKind[]
}
