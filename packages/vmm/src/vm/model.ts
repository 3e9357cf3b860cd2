/** A machine as its owner wants it, and what is written down of its last run. */
import { z } from 'zod'
import { Address, FilePath, Mac, Name, VersionedName } from '@imp/kit/base/schema.ts'
import type { DocumentKind } from '@imp/kit/store/document.ts'
import { CloudInit } from '../cloud-init/model.ts'
import { Devices, DevicesView } from '../devices/model.ts'
import { Accelerator, EngineName, MachineId, VsockTransport } from '../engine/model.ts'
import { Mount, maximumMounts } from '../mount/model.ts'
import { BridgedNetwork, CallerTap, MachineNetwork, maximumFurtherNetworks, PortForward } from '../net/model.ts'

export const states = ['created', 'starting', 'running', 'stopping', 'stopped', 'error'] as const
export const State = z.enum(states)
export type State = z.output<typeof State>

/** What people say for a machine: its name, its id or the first digits of it, or its address. */
export const MachineWord = z.union([Name, Address])

/** `overlay`: the shared image with a writable layer of its own above; `full`: a copy of the image that the guest owns. */
export const DiskMode = z.enum(['overlay', 'full'])
export type DiskMode = z.output<typeof DiskMode>

/** One public key in the format of authorized_keys (sshd(8)), without options. */
export const PublicKey = z
  .string()
  .regex(/^(ssh-|ecdsa-|sk-)[a-z0-9@.-]+ [A-Za-z0-9+/]+={0,2}( [\x20-\x7e]*)?$/, 'must be a public key such as ssh-ed25519 AAAA... name')

/** Name of a network namespace, a file in /run/netns (ip-netns(8)). */
export const NamespaceName = z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}$/, 'must be the name of a network namespace')

export const Vm = z.strictObject({
  id: MachineId,
  name: Name,
  image: VersionedName,
  /** SHA-256 of the image's file when the disk was made: a rebuilt image would not fit the writable layer. */
  imageDigest: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
  /** The default kernel unless told. */
  kernel: VersionedName.optional(),
  cpus: z.int().min(1),
  /** MiB. */
  memory: z.int().min(1),
  /** MiB of the disk that the guest writes to. */
  disk: z.int().min(1),
  diskMode: DiskMode,
  /** May log in as root, besides the key that vmm keeps for itself. */
  keys: z.array(PublicKey),
  /** Name servers; those of the network unless told. */
  dns: z.array(Address).max(3),
  /** The best one that works unless told. */
  engine: EngineName.optional(),
  /** That of `eth0`. */
  network: MachineNetwork,
  /** Those of `eth1` and so on; only behind a first one of their kind. */
  furtherNetworks: z.array(BridgedNetwork).max(maximumFurtherNetworks).default([]),
  /** Name of the network that the default route leads by; the first unless told. */
  routeBy: Name.optional(),
  /** Whether the guest may reach more than this computer. */
  defaultRoute: z.boolean(),
  forwards: z.array(PortForward),
  taps: z.array(CallerTap),
  mounts: z.array(Mount).max(maximumMounts).default([]),
  namespace: NamespaceName.optional(),
  /** What cloud-init in the guest is told. */
  cloudInit: CloudInit.optional(),
  ...Devices.shape,
  /** Whether it starts with this computer. */
  autostart: z.boolean().default(false),
  /** Machines that must run before it does, where it starts with this computer. */
  after: z.array(Name).max(64).default([]),
  /** Why it cannot be started: another program made it. Never written. */
  foreign: z.string().optional(),
  /** 32 hexadecimal digits (machine-id(5)). */
  machineId: z.string().regex(/^[0-9a-f]{32}$/),
  created: z.iso.datetime(),
})
export type Vm = z.output<typeof Vm>

export const vmDocument = { schema: 'vmm.vm', version: 1, fields: Vm } satisfies DocumentKind<typeof Vm>

/** What was last done with the machine; whether it runs is asked of the system. What a newer program adds to it is nothing to this one. */
export const Run = z.object({
  phase: z.enum(['starting', 'running', 'stopping', 'stopped', 'error']),
  engine: EngineName,
  accelerator: Accelerator,
  kernel: z.string(),
  started: z.iso.datetime(),
  /** Boot of this computer that it was started in. */
  bootId: z.string(),
  /** The engine, for those who may not look into the directory of the machine. */
  process: z.strictObject({ pid: z.int(), startTime: z.int() }).optional(),
  /** How its vsock is reached, for machines that have one. */
  vsockTransport: VsockTransport.optional(),
  /** Why the last start failed. */
  reason: z.string().optional(),
})
export type Run = z.output<typeof Run>

export const runDocument = { schema: 'vmm.run', version: 1, fields: Run } satisfies DocumentKind<typeof Run>

/** A machine with what is seen of it now. */
export const VmView = z.strictObject({
  name: Name,
  id: MachineId,
  state: State,
  /** Why it is in state `error`. */
  reason: z.string().optional(),
  engine: EngineName.optional(),
  accelerator: Accelerator.optional(),
  pid: z.int().optional(),
  guest: z.enum(['running', 'paused', 'unknown']).optional(),
  cpus: z.int(),
  memory: z.int(),
  disk: z.int(),
  diskMode: DiskMode,
  image: VersionedName,
  kernel: z.string(),
  /** Addresses of the guest's first interface, with prefix length. */
  addresses: z.array(z.string()),
  network: MachineNetwork,
  /** What the guest has on networks of this computer, in its order. */
  interfaces: z.array(
    z.strictObject({
      name: z.string(),
      network: Name,
      tap: z.string(),
      mac: Mac,
      addresses: z.array(z.string()),
      defaultRoute: z.boolean(),
    }),
  ),
  forwards: z.array(PortForward),
  taps: z.array(CallerTap),
  namespace: NamespaceName.optional(),
  mounts: z.array(Mount),
  ...DevicesView.shape,
  autostart: z.boolean(),
  after: z.array(Name),
  disks: z.array(z.strictObject({ path: FilePath, use: z.enum(['writable', 'root', 'mount']) })),
  /** Complete but for the words to run there; null when the machine has no network. */
  ssh: z.strictObject({ argv: z.array(z.string()) }).nullable(),
  logs: z.strictObject({ console: FilePath, engine: FilePath }),
  created: z.iso.datetime(),
  started: z.iso.datetime().optional(),
})
export type VmView = z.output<typeof VmView>
