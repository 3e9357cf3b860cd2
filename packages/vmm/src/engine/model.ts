/** What all engines have in common: what they are given to run, what they say of themselves, and the interface that they meet. */
import { z } from 'zod'
import type { Finding } from '@imp/kit/base/fault.ts'
import { Address4, FilePath, interfaceName, Mac, Name, Port } from '@imp/kit/base/schema.ts'
import type { Argv, Host } from '@imp/kit/host/host.ts'

export const EngineName = z.enum(['firecracker', 'qemu'])
export type EngineName = z.output<typeof EngineName>

/** What runs guest code: the processor's virtualisation, or QEMU's translator. */
export const Accelerator = z.enum(['kvm', 'tcg'])
export type Accelerator = z.output<typeof Accelerator>

/** Eight hexadecimal digits that no other machine has or had. */
export const MachineId = z.string().regex(/^[0-9a-f]{8}$/, 'must be 8 lower case hexadecimal digits')

/** What may be read from and written to a disk at most; what is left out is not limited. */
export const DiskLimit = z.strictObject({
  /** MiB in a second. */
  bandwidth: z.int().min(1).optional(),
  /** Requests in a second. */
  iops: z.int().min(1).optional(),
})
export type DiskLimit = z.output<typeof DiskLimit>

export const Disk = z.strictObject({ path: FilePath, readOnly: z.boolean(), format: z.enum(['raw', 'qcow2']) })
export type Disk = z.output<typeof Disk>

/** A port of the host that leads into the guest, TCP unless told. */
export const Forward = z.strictObject({
  protocol: z.enum(['tcp', 'udp']).optional(),
  hostAddress: Address4,
  hostPort: Port,
  guestPort: Port,
})
export type Forward = z.output<typeof Forward>

/** A network device: on a TAP that somebody else made, or behind the engine's own user-mode network. */
export const Nic = z.discriminatedUnion('attachment', [
  z.strictObject({
    attachment: z.literal('tap'),
    mac: Mac,
    tap: interfaceName(),
    /** Bits in a second at most, each way. */
    bandwidth: z.int().min(1).optional(),
  }),
  z.strictObject({
    attachment: z.literal('user'),
    mac: Mac,
    /** Nothing of the guest leaves the host; forwards still lead in. */
    restricted: z.boolean(),
    forwards: z.array(Forward),
  }),
])
export type Nic = z.output<typeof Nic>

/**
 * How the host reaches a guest's socket of the family AF_VSOCK (vsock(7)). `unix`: by a unix socket of the engine, on which it writes
 * `CONNECT PORT` first. `vhost`: by its own AF_VSOCK. `serial`: there is none, and a virtio serial port stands in for it, one stream of
 * bytes between a unix socket and the guest's /dev/virtio-ports/vmm.
 */
export const VsockTransport = z.enum(['unix', 'vhost', 'serial'])
export type VsockTransport = z.output<typeof VsockTransport>

/** Context identifier of a guest: 0 to 2 are the host's, the highest one means any (vsock(7)). */
export const ContextId = z.int().min(3).max(0xfffffffe)

/** A port of AF_VSOCK has 32 bits; the highest one means any (vsock(7)). */
export const VsockPort = z.int().min(0).max(0xfffffffe)

export const PreparedMachine = z.strictObject({
  id: MachineId,
  name: Name,
  accelerator: Accelerator,
  cpus: z.int().min(1),
  /** MiB. */
  memory: z.int().min(1),
  kernel: FilePath,
  initrd: FilePath,
  /** Words of the kernel command line that the guest's init reads; the engine adds those that its devices need. */
  bootArguments: z.array(z.string()),
  disks: z.array(Disk),
  /** Of each of them. */
  diskLimit: DiskLimit.optional(),
  nics: z.array(Nic),
  /** Named network namespace that the engine runs in; that of the caller unless told. */
  namespace: Name.or(interfaceName(255)).optional(),
  /** Where unit files, logs and the console log go. */
  directory: FilePath,
  /** Where sockets go: short, since their paths are limited to 107 bytes (unix(7)). */
  sockets: FilePath,
  /** MiB that a balloon takes from the guest at its start; no balloon unless told. */
  balloon: z.int().min(0).optional(),
  vsock: z.strictObject({ cid: ContextId, transport: VsockTransport }).optional(),
  /** JSON file with what the engine's metadata service answers; no such service unless told. */
  metadata: FilePath.optional(),
  /** Frequency that the guest's time stamp counter has under TCG, in kHz. */
  tscKhz: z.int().optional(),
})
export type PreparedMachine = z.output<typeof PreparedMachine>

/** What finds a machine again that another process started. */
export type MachineFiles = Pick<PreparedMachine, 'id' | 'name' | 'directory' | 'sockets'>

/** How engines differ, as data: callers read this, never the name. */
export interface Features {
  readonly accelerators: readonly Accelerator[]
  readonly userNetwork: boolean
  readonly diskFormats: readonly Disk['format'][]
  readonly maxCpus: number
  /** Disks and network devices together. */
  readonly maxDevices: number
  /** Whether guests can ask the engine for metadata at 169.254.169.254. */
  readonly metadata: boolean
  /** What guests may have of vsock(7), the best first. */
  readonly vsock: readonly VsockTransport[]
  /** Milliseconds that a guest gets to shut down before it is killed. */
  readonly shutdownTimeout: number
}

/** A running engine process, as found in the system. */
export interface Observed {
  readonly pid: number
  /** `running` also while the guest still boots; `paused` when its processors stand still. */
  readonly guest: 'running' | 'paused' | 'unknown'
}

/** Memory of a guest with a balloon, in bytes; null where its driver does not tell. */
export const BalloonMemory = z.strictObject({
  /** What the balloon holds now. */
  balloon: z.int(),
  total: z.int().nullable(),
  free: z.int().nullable(),
  /** What programs could have without swapping. */
  available: z.int().nullable(),
  caches: z.int().nullable(),
})
export type BalloonMemory = z.output<typeof BalloonMemory>

/** New limits of a running machine. */
export interface Limits {
  /** Of each disk. */
  readonly disk: DiskLimit
  /** All of its network devices, in their order, each with its limit. */
  readonly nics: readonly Nic[]
}

/** How to reach the serial console of a running machine. */
export interface Console {
  /** Everything that the guest has printed since it was started. */
  readonly log: string
  /** Unix socket that carries the console both ways, when the engine has one. */
  readonly socket?: string
  /** FIFO that is the guest's keyboard, when there is no socket. */
  readonly input?: string
}

/** Runs machines. Drivers stand in the folders of this room; which one is chosen is in choose.ts. */
export interface Engine {
  readonly name: EngineName
  /** For messages: `QEMU`. */
  readonly title: string
  readonly features: Features
  /** The program and the words that always come first. */
  readonly program: Argv
  /** All that this engine cannot do of what the machine asks for. */
  check(machine: PreparedMachine): Finding[]
  /** Returns when the guest's processors run. A machine that runs already is left alone. Undone by `stop(..., 'kill')`. */
  start(host: Host, machine: PreparedMachine): Promise<void>
  /**
   * `shutdown` asks the guest and waits for its end, a `timeout` fault when it does not come; `kill` always succeeds.
   * Sockets, FIFO and the process are gone afterwards; logs stay. No error when the machine does not run.
   */
  stop(host: Host, machine: MachineFiles, how: 'shutdown' | 'kill'): Promise<void>
  /** Undefined when the machine does not run. */
  inspect(host: Host, machine: MachineFiles): Promise<Observed | undefined>
  console(machine: MachineFiles): Console
  /** The file with what the engine itself says. */
  log(machine: MachineFiles): string
  /** What a machine with a vsock gets on this host. */
  vsockTransport(host: Host): Promise<VsockTransport>
  /** Sets the balloon of a running machine to `size` MiB; it fills as fast as the guest gives. A `state` fault when it has none. */
  resizeBalloon(host: Host, machine: MachineFiles, size: number): Promise<void>
  /** A `state` fault when the running machine has no balloon. */
  inspectBalloon(host: Host, machine: MachineFiles): Promise<BalloonMemory>
  /** Limits the disks and network devices of a running machine anew; what a limit leaves out is not limited any more. */
  changeLimits(host: Host, machine: MachineFiles, limits: Limits): Promise<void>
  /**
   * Changes the forwards of a running machine's user-mode network; repeated, it does no harm. Where it is missing, forwards are taken up
   * by the next start.
   */
  changeForwards?(
    host: Host,
    machine: MachineFiles,
    change: { readonly remove: readonly Forward[]; readonly add: readonly Forward[] },
  ): Promise<void>
}

export interface Choice {
  readonly engine: Engine
  readonly accelerator: Accelerator
  /** Why this and not a better one, for people. */
  readonly reason: string
}

export interface Wish {
  /** The engine that was asked for by name. */
  readonly name?: EngineName | undefined
  /** Whether the machine needs the engine's own network. */
  readonly userNetwork: boolean
}
