/** Documents that baremetalvmm wrote (its `vms/<name>.json`), read as machines of ours; pure. */
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { Fault } from '@imp/kit/base/fault.ts'
import { parse } from '@imp/kit/base/schema.ts'
import { Vm } from './model.ts'

/** Its fields, by the names that it gave them. Empty words mean that nothing is set; a running machine has a pid above 0. */
const LegacyVm = z.looseObject({
  id: z.string(),
  name: z.string(),
  state: z.string().default('created'),
  cpus: z.int(),
  memory_mb: z.int(),
  disk_size_mb: z.int(),
  image: z.string().default(''),
  kernel: z.string().default(''),
  rootfs_path: z.string().default(''),
  ip_address: z.string().default(''),
  mac_address: z.string().default(''),
  ssh_public_key: z.string().default(''),
  dns_servers: z.array(z.string()).nullish(),
  pid: z.int().default(0),
  auto_start: z.boolean().default(false),
  created_at: z.string().default(''),
  port_forwards: z.array(z.looseObject({ host_port: z.int(), guest_port: z.int(), protocol: z.string().default('tcp') })).nullish(),
  mounts: z.array(z.looseObject({ host_path: z.string(), guest_tag: z.string(), read_only: z.boolean().default(false) })).nullish(),
})
type LegacyVm = z.output<typeof LegacyVm>

/** Whether a parsed file is one of theirs: ours say what they are. */
export function isLegacy(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !('schema' in value) && 'memory_mb' in value && 'id' in value
}

/** Why it cannot be started as it is: its root file system knows nothing of how guests of ours start. */
function reasonOf({ rootfs_path: disk, pid, state }: LegacyVm): string {
  const runs = state === 'running' && pid > 0 ? `, where it may still run as process ${pid}` : ''
  return `it was made by baremetalvmm${runs}${disk === '' ? '' : `; its root file system is ${disk}`}`
}

function networkOf({ ip_address: address, mac_address: mac }: LegacyVm): unknown {
  return address === '' || mac === '' ? { kind: 'none' } : { kind: 'bridge', address, mac: mac.toLowerCase() }
}

/** Go writes nanoseconds and offsets (RFC 3339). */
function timeOf(text: string): string {
  const time = Date.parse(text)
  return new Date(Number.isNaN(time) ? 0 : time).toISOString()
}

/** The machine that a document of theirs describes; `input` with all findings when it is none. */
export function readLegacy(value: unknown, where: string): Vm {
  const old = parse(LegacyVm, value, where)
  const forwards = (old.port_forwards ?? []).filter(({ protocol }) => protocol === 'tcp' || protocol === '')
  const machine = {
    id: old.id,
    name: old.name,
    image: old.image === '' ? 'debian' : old.image,
    ...(old.kernel === '' ? {} : { kernel: old.kernel }),
    cpus: old.cpus,
    memory: old.memory_mb,
    disk: old.disk_size_mb,
    diskMode: 'full',
    keys: old.ssh_public_key.trim() === '' ? [] : [old.ssh_public_key.trim()],
    dns: old.dns_servers ?? [],
    network: networkOf(old),
    defaultRoute: true,
    forwards: forwards.map(({ host_port: host, guest_port: guest }) => ({ host, guest })),
    taps: [],
    mounts: (old.mounts ?? []).map(({ host_path: path, guest_tag: tag, read_only: readOnly }) => ({ path, tag, readOnly })),
    machineId: createHash('sha256').update(old.id).digest('hex').slice(0, 32),
    created: timeOf(old.created_at),
    autostart: false,
    foreign: reasonOf(old),
  }
  return parse(Vm, machine, where)
}

/** Refuses what needs a machine of ours: `unsupported`, with the way out. */
export function requireOurs({ name, image, foreign }: Vm, done: 'started' | 'changed' = 'started'): void {
  if (foreign === undefined) return
  throw new Fault('unsupported', `${name} cannot be ${done}: ${foreign}`, {
    hint: `make a machine of the same image beside it (vmm create ${name}-new --image ${image}) and copy its data over ssh`,
  })
}
