/** Making a machine: choosing what nobody else has, and writing its document, which is all that there is of it until it starts. */
import { randomUUID } from 'node:crypto'
import { Fault, refuse, type Finding } from '@imp/kit/base/fault.ts'
import { parse } from '@imp/kit/base/schema.ts'
import { inNamespace, namespacePath } from '@imp/kit/host/namespace.ts'
import type { VmmContext } from '../context.ts'
import type { CloudInit } from '../cloud-init/model.ts'
import { freeContextId } from '../devices/model.ts'
import type { EngineName } from '../engine/model.ts'
import {
  addressIn6,
  collide,
  defaultNetwork,
  macOfAddress,
  macOfId,
  maximumFurtherNetworks,
  portsOf,
  shadowed,
  writeForward,
  type BridgedNetwork,
  type CallerTap,
  type EgressPolicy,
  type MachineNetwork,
  type NetworkKind,
  type PortForward,
} from '../net/model.ts'
import type { Mount } from '../mount/model.ts'
import { PublicKey, Vm, type DiskMode } from './model.ts'
import { deviceContradictions, type DeviceWishes } from './devices.ts'
import { noteEvent } from './history.ts'
import { placesOf } from './networks.ts'
import type { Parts } from './parts.ts'
import { requireOrder } from './start-order.ts'
import { machines, removeStrayLocks, withAllMachines } from './store.ts'

export interface Wishes extends DeviceWishes {
  readonly name: string
  readonly image: string
  readonly kernel?: string | undefined
  readonly cpus: number
  readonly memory: number
  readonly disk: number
  readonly diskMode: DiskMode
  /** Files with public keys. */
  readonly keyFiles: readonly string[]
  readonly dns: readonly string[]
  readonly engine?: EngineName | undefined
  readonly network?: NetworkKind | undefined
  /** Networks with a bridge in the order of the interfaces, undefined for the default one; the default one alone unless told. */
  readonly bridged?: readonly (string | undefined)[] | undefined
  /** Name of the network that the default route leads by. */
  readonly routeBy?: string | undefined
  readonly egress?: EgressPolicy | undefined
  readonly defaultRoute: boolean
  readonly forwards: readonly PortForward[]
  readonly taps: readonly CallerTap[]
  readonly mounts: readonly Mount[]
  readonly namespace?: string | undefined
  readonly cloudInit?: CloudInit | undefined
  /** Whether host and guest talk by vsock. */
  readonly vsock?: boolean | undefined
  readonly autostart: boolean
  readonly after: readonly string[]
}

/** Whether the guest has an interface on a network of this name. */
function isOn({ bridged = [undefined] }: Wishes, name: string): boolean {
  return bridged.some((each) => (each ?? defaultNetwork) === name)
}

/** Root gets the bridge, unless the machine lives in a namespace of the caller's; others get the network of the engine. */
function networkKind({ root }: VmmContext, wishes: Wishes): NetworkKind {
  return wishes.network ?? (root && wishes.namespace === undefined ? 'bridge' : 'user')
}

function wrong(path: string, message: string, hint: string): Finding {
  return { path, severity: 'error', message, hint }
}

/** Wishes that contradict each other. */
export function contradictions(wishes: Wishes, kind: NetworkKind, root: boolean): Finding[] {
  const macs = wishes.taps.map(({ mac }) => mac)
  const names = wishes.taps.map(({ tap }) => tap)
  const tags = wishes.mounts.map(({ tag }) => tag)
  const findings = [
    kind === 'bridge' && wishes.namespace !== undefined && wrong('network', 'the bridge is not in a namespace', 'use user or none'),
    kind === 'bridge' && !root && wrong('network', 'only root may use the bridge', 'use the network user, or run as root'),
    kind === 'user' && wishes.engine === 'firecracker' && wrong('network', 'Firecracker has no network user', 'use bridge or none'),
    kind === 'none' && wishes.egress !== undefined && wrong('egress', 'a machine without network reaches nothing anyway', 'leave it out'),
    kind === 'user' &&
      wishes.egress?.policy === 'allow-list' &&
      wrong('egress', 'the network user knows no allow-list', 'use internet or isolated, or the network bridge'),
    kind === 'user' &&
      wishes.forwards.some(({ address }) => address?.includes(':') === true) &&
      wrong('forwards', 'the network user forwards IPv4 only', 'name an IPv4 address, or use the network bridge'),
    kind === 'none' &&
      wishes.forwards.length > 0 &&
      wrong('forwards', 'a machine without network has no ports', 'use the network user or bridge'),
    new Set(wishes.bridged).size < (wishes.bridged ?? []).length && wrong('network', 'one of them is named twice', 'name each once'),
    (wishes.bridged ?? []).length > maximumFurtherNetworks + 1 &&
      wrong('network', `a machine is on ${maximumFurtherNetworks + 1} networks at most`, 'name fewer'),
    wishes.routeBy !== undefined &&
      (kind !== 'bridge' || !isOn(wishes, wishes.routeBy)) &&
      wrong('routeBy', `the machine is not on the network ${wishes.routeBy}`, 'name one of its networks'),
    new Set(macs).size < macs.length && wrong('taps', 'two of them have the same MAC', 'give each its own'),
    new Set(names).size < names.length && wrong('taps', 'one of them is named twice', 'name each once'),
    new Set(tags).size < tags.length && wrong('mounts', 'two of them have the same tag', 'give each its own'),
    wishes.forwards.some((one, index) => wishes.forwards.slice(0, index).some((other) => collide(one, other))) &&
      wrong('forwards', 'a port is forwarded twice', 'name each port of this computer once'),
  ]
  return [...findings.filter((each) => each !== false), ...deviceContradictions(wishes, kind)]
}

/** The keys in a file of public keys; an `input` fault that names the file. */
async function readKeys({ host }: VmmContext, path: string): Promise<string[]> {
  const lines = (await host.files.read(path)).split('\n').map((line) => line.trim())
  const keys = lines.filter((line) => line !== '' && !line.startsWith('#'))
  if (keys.some((key) => key.includes('PRIVATE KEY'))) {
    throw new Fault('input', `${path} is a private key`, { hint: `give the public one: ${path}.pub` })
  }
  if (keys.length === 0) throw new Fault('input', `${path} holds no public key`)
  return keys.map((key) => parse(PublicKey, key, path))
}

/** Eight digits of a random UUID (RFC 9562) that no machine has. */
function newId(taken: ReadonlySet<string>): string {
  for (;;) {
    const id = randomUUID().slice(0, 8)
    if (!taken.has(id)) return id
  }
}

/** What the machine has of the networks that it is to be on. */
async function leaseNetworks(
  context: VmmContext,
  parts: Parts,
  wishes: Wishes,
  id: string,
  others: readonly Vm[],
): Promise<{ network: MachineNetwork; furtherNetworks?: BridgedNetwork[] }> {
  const kind = networkKind(context, wishes)
  if (kind === 'none') return { network: { kind } }
  if (kind === 'user') {
    return { network: { kind, mac: macOfId(id), sshPort: await leaseSshPort(context, parts, wishes.namespace, others) } }
  }
  const { bridged = [undefined] } = wishes
  const leased = await Promise.all(bridged.map((name) => leaseAddress(parts, name, wishes.egress, others)))
  const [network, ...furtherNetworks] = leased
  if (network === undefined) throw new Fault('bug', `${wishes.name} is on no network`)
  return { network, furtherNetworks }
}

/** An address that no machine has on the network, the default one unless told. */
export async function leaseAddress(
  parts: Parts,
  name: string | undefined,
  egress: EgressPolicy | undefined,
  others: readonly Vm[],
): Promise<BridgedNetwork> {
  const joined = await parts.network(name)
  const { settings } = joined
  const leases = others.flatMap(placesOf).flatMap(({ network }) => (network.network === name ? [network.address] : []))
  const address = joined.leaseAddress(leases)
  const six = settings.subnet6 === undefined ? {} : { address6: addressIn6(settings.subnet6, settings.subnet, address) }
  const told = { ...(name === undefined ? {} : { network: name }), ...(egress === undefined ? {} : { egress }) }
  return { kind: 'bridge', ...told, address, ...six, mac: macOfAddress(address) }
}

/** A port that no machine has and that nobody listens on, here or in the namespace. */
export async function leaseSshPort(
  { host }: Pick<VmmContext, 'host'>,
  parts: Parts,
  namespace: string | undefined,
  others: readonly Vm[],
): Promise<number> {
  const listening = await parts.listeningPorts(namespace === undefined ? host : inNamespace(host, namespace))
  const forwarded = others.flatMap(({ forwards }) => forwards.flatMap(portsOf).map((each) => each.host))
  const taken = new Set([...forwarded, ...others.flatMap(({ network }) => (network.kind === 'user' ? [network.sshPort] : []))])
  return parts.leasePort(taken, (port) => Promise.resolve(!listening.has(port)))
}

/** The ports of this computer that lead to a machine, that of its ssh included. */
function takenBy({ forwards, network }: Vm): PortForward[] {
  return [...forwards, ...(network.kind === 'user' ? [{ host: network.sshPort, guest: 22, address: '127.0.0.1' }] : [])]
}

/** A `conflict` fault when one of the forwards is in the way of another machine's, or of a program that waits for packets. */
export async function requireFreeForwards(
  { host }: Pick<VmmContext, 'host'>,
  parts: Parts,
  wanted: readonly PortForward[],
  namespace: string | undefined,
  others: readonly Vm[],
): Promise<void> {
  if (wanted.length === 0) return
  const listeners = await parts.listeners(namespace === undefined ? host : inNamespace(host, namespace))
  const here = others.filter((each) => each.namespace === namespace)
  for (const forward of wanted) {
    const holder = here.find((each) => takenBy(each).some((taken) => collide(taken, forward)))
    if (holder !== undefined) throw new Fault('conflict', `port ${forward.host} of this computer already leads to ${holder.name}`)
    const listener = shadowed(forward, listeners)
    if (listener !== undefined) {
      const { protocol, port } = listener
      throw new Fault('conflict', `forward ${writeForward(forward)}: a program of this computer waits at ${protocol} port ${port}`, {
        hint: `choose another port, or end it (ss -lnp 'sport = ${port}')`,
      })
    }
  }
}

function requirePredecessors(wishes: Wishes, others: readonly Vm[]): void {
  const missing = wishes.after.find((name) => !others.some((each) => each.name === name))
  if (missing !== undefined) throw new Fault('not-found', `there is no machine ${missing} that ${wishes.name} could start after`)
  // Somebody may still wait for a machine of this name that was deleted.
  requireOrder([...others, wishes])
}

/** What must be there before the machine can be: named image and kernel (the defaults are made when they are needed), namespace. */
async function requireIngredients(context: VmmContext, parts: Parts, wishes: Wishes, defaultImage: string): Promise<void> {
  if (wishes.image !== defaultImage) await parts.image(wishes.image)
  if (wishes.kernel !== undefined) await parts.kernel(wishes.kernel)
  for (const { path } of wishes.mounts) {
    if ((await context.host.files.stat(path))?.kind !== 'directory') {
      throw new Fault('not-found', `${path} is no directory of this computer`, { hint: 'a mount needs a directory that exists' })
    }
  }
  const { namespace } = wishes
  if (namespace !== undefined && (await context.host.files.stat(namespacePath(namespace))) === undefined) {
    throw new Fault('not-found', `there is no network namespace ${namespace}`, { hint: `ip netns add ${namespace}` })
  }
}

/** Creates the machine and returns it. A `conflict` fault when the name is taken. */
async function createMachine(context: VmmContext, parts: Parts, wishes: Wishes, defaultImage: string): Promise<Vm> {
  const { host } = context
  const kind = networkKind(context, wishes)
  refuse(`create ${wishes.name}`, contradictions(wishes, kind, context.root))
  await requireIngredients(context, parts, wishes, defaultImage)
  const keys = (await Promise.all(wishes.keyFiles.map((path) => readKeys(context, path)))).flat()
  const { keyFiles: _, network: __, bridged: ___, egress, vsock, ...kept } = wishes
  const defaultRoute = wishes.defaultRoute && !(kind === 'user' && egress?.policy === 'isolated')
  return withAllMachines(context, async () => {
    const others = await machines(context).all()
    if (others.some(({ name }) => name === wishes.name)) {
      throw new Fault('conflict', `there is a machine ${wishes.name} already`, { hint: `vmm show ${wishes.name}` })
    }
    await requireFreeForwards(context, parts, wishes.forwards, wishes.namespace, others)
    requirePredecessors(wishes, others)
    const ids = new Set(others.map((each) => each.id))
    if (!context.dryRun) await removeStrayLocks(context, ids)
    const id = newId(ids)
    const vm = Vm.parse({
      ...kept,
      id,
      ...(vsock === true ? { vsock: { cid: freeContextId(id, new Set(others.flatMap((each) => each.vsock?.cid ?? []))) } } : {}),
      keys,
      defaultRoute,
      ...(await leaseNetworks(context, parts, wishes, id, others)),
      machineId: randomUUID().replaceAll('-', ''),
      created: host.clock.now().toISOString(),
    })
    if (!context.dryRun) await machines(context).put(vm.name, vm)
    return vm
  })
}

/** Names of so many machines, NAME-1 and so on; the name itself when no number is told. */
export function countedNames(name: string, count: number | undefined): string[] {
  return count === undefined ? [name] : Array.from({ length: count }, (_, index) => `${name}-${index + 1}`)
}

/** Creates a machine for each name, all alike otherwise; when one cannot be made, those before it are taken back. */
export async function createMachines(
  context: VmmContext,
  parts: Parts,
  names: readonly string[],
  wishes: Wishes,
  defaultImage: string,
): Promise<Vm[]> {
  const made: Vm[] = []
  try {
    for (const name of names.map((each) => parse(Vm.shape.name, each, 'name of the machine'))) {
      made.push(await createMachine(context, parts, { ...wishes, name }, defaultImage))
    }
    if (!context.dryRun) for (const { name, id } of made) await noteEvent(context, { name, id, event: 'created' })
  } catch (error) {
    if (!context.dryRun) for (const { name } of made) await machines(context).remove(name)
    throw error
  }
  return made
}

/** When somebody else took the port of the machine's ssh since it was leased, another one is leased. */
export async function settleSshPort(context: VmmContext, parts: Parts, vm: Vm): Promise<Vm> {
  const { network } = vm
  if (network.kind !== 'user' || context.dryRun) return vm
  const listening = await parts.listeningPorts(vm.namespace === undefined ? context.host : inNamespace(context.host, vm.namespace))
  if (!listening.has(network.sshPort)) return vm
  return withAllMachines(context, async () => {
    const others = (await machines(context).all()).filter(({ id }) => id !== vm.id)
    const sshPort = await leaseSshPort(context, parts, vm.namespace, others)
    context.report({ event: 'log', level: 'info', text: `${vm.name}: port ${network.sshPort} is taken, ssh moves to ${sshPort}` })
    const moved: Vm = { ...vm, network: { ...network, sshPort } }
    await machines(context).put(vm.name, moved)
    return moved
  })
}
