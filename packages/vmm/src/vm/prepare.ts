/** From what the owner wants to what the engine is given and what the guest is told; pure. */
import type { Accelerator, Forward, Nic, PreparedMachine, VsockTransport } from '../engine/model.ts'
import type { KernelFiles } from '../kernel/model.ts'
import {
  gatewayAddress,
  gatewayAddress6,
  portsOf,
  protocolOf,
  userNetwork,
  type BridgedNetwork,
  type BridgeSettings,
  type PortForward,
} from '../net/model.ts'
import { limitedNics, preparedDevices } from './devices.ts'
import type { Vm } from './model.ts'
import { leadingPlace, placesOf } from './networks.ts'
import type { MachinePaths } from './paths.ts'
import type { Identity } from './parts.ts'

/** sshd of the guest. */
export const sshPort = 22

/** The devices in the order in which the guest gets them. */
export function nicsOf(vm: Vm): Nic[] {
  const { network, taps } = vm
  const callers = taps.map(({ tap, mac }): Nic => ({ attachment: 'tap', tap, mac }))
  if (network.kind === 'none') return callers
  if (network.kind === 'bridge') {
    return [...placesOf(vm).map((place): Nic => ({ attachment: 'tap', tap: place.tap, mac: place.network.mac })), ...callers]
  }
  const ssh = { hostAddress: '127.0.0.1', hostPort: network.sshPort, guestPort: sshPort }
  return [
    { attachment: 'user', mac: network.mac, restricted: !vm.defaultRoute, forwards: [ssh, ...engineForwards(vm.forwards)] },
    ...callers,
  ]
}

/** Forwards as the user-mode network of an engine has them: port by port. */
export function engineForwards(forwards: readonly PortForward[]): Forward[] {
  return forwards.flatMap((forward) =>
    portsOf(forward).map(({ host, guest }) => ({
      ...(protocolOf(forward) === 'udp' ? { protocol: 'udp' as const } : {}),
      hostAddress: forward.address ?? '0.0.0.0',
      hostPort: host,
      guestPort: guest,
    })),
  )
}

/** Addresses of an interface of the guest, with the prefix length that its network gives them. */
export function addressesOf({ address, address6 }: BridgedNetwork, bridge: BridgeSettings): string[] {
  return [
    `${address}/${bridge.subnet.split('/')[1]}`,
    ...(address6 === undefined ? [] : [`${address6}/${bridge.subnet6?.split('/')[1] ?? 64}`]),
  ]
}

/** The interfaces on networks of this computer; `bridges` are those networks in the order of the machine's places. */
function bridgedInterfaces(vm: Vm, bridges: readonly BridgeSettings[]): Identity['interfaces'] {
  const leading = leadingPlace(vm)
  return placesOf(vm).flatMap(({ network, tap, name }, index) => {
    const bridge = bridges[index]
    if (bridge === undefined) return []
    const gateways = vm.defaultRoute && tap === leading?.tap ? gatewaysOf(bridge, network.address6 !== undefined) : []
    const mtu = bridge.mtu === undefined ? {} : { mtu: bridge.mtu }
    return [{ mac: network.mac, name, addresses: addressesOf(network, bridge), gateways, ...mtu }]
  })
}

/**
 * `eth0` is the network of vmm, further ones are `eth1` and so on; TAPs of the caller come behind them, from `eth1` on also when there
 * is no `eth0`.
 */
export function interfacesOf(vm: Vm, bridges: readonly BridgeSettings[]): Identity['interfaces'] {
  const { network, furtherNetworks, taps, defaultRoute } = vm
  const first = furtherNetworks.length + 1
  const callers = taps.map(({ mac }, index) => ({ mac, name: `eth${first + index}`, addresses: [], gateways: [] }))
  if (network.kind === 'none') return callers
  if (network.kind === 'bridge') return [...bridgedInterfaces(vm, bridges), ...callers]
  const gateways = defaultRoute ? [userNetwork.gateway] : []
  return [{ mac: network.mac, name: 'eth0', addresses: [userNetwork.address], gateways }, ...callers]
}

/** Our addresses on the bridge, as guests know us. */
function gatewaysOf(bridge: BridgeSettings, six: boolean): string[] {
  const all = [gatewayAddress(bridge), ...(six && bridge.subnet6 !== undefined ? [gatewayAddress6(bridge.subnet6)] : [])]
  return all.map((address) => address.split('/')[0] ?? '')
}

/** Used when this computer itself asks a resolver of its own, which guests cannot reach. */
const publicResolvers = ['8.8.8.8', '8.8.4.4', '1.1.1.1']

/** The name servers of the guest; `resolvConf` is that of this computer (resolv.conf(5)). */
export function nameserversOf(vm: Vm, resolvConf: string): string[] {
  if (vm.dns.length > 0) return vm.dns
  if (vm.network.kind === 'none' || !vm.defaultRoute) return []
  if (vm.network.kind === 'user') return [userNetwork.nameserver]
  const ours = [...resolvConf.matchAll(/^nameserver\s+(\d+\.\d+\.\d+\.\d+)\s*$/gm)].map((match) => match[1] ?? '')
  const reachable = ours.filter((address) => !address.startsWith('127.')).slice(0, 3)
  return reachable.length > 0 ? reachable : publicResolvers
}

export interface Ingredients {
  readonly accelerator: Accelerator
  readonly kernel: KernelFiles
  /** squashfs file. */
  readonly image: string
  readonly bootArguments: string[]
  readonly tscKhz?: number
  /** How this computer reaches the vsock of a machine that has one. */
  readonly vsockTransport?: VsockTransport
}

function disksOf(vm: Vm, paths: MachinePaths, { image, kernel }: Ingredients): PreparedMachine['disks'] {
  const own = { path: paths.disk, readOnly: false, format: 'raw' as const }
  const shared = (path: string) => ({ path, readOnly: true, format: 'raw' as const })
  const mounts = vm.mounts.map(({ tag, readOnly }) => ({ path: paths.mount(tag).disk, readOnly, format: 'raw' as const }))
  const modules = kernel.modules === undefined ? [] : [shared(kernel.modules)]
  const seed = vm.cloudInit === undefined || vm.datasource === 'mmds' ? [] : [shared(paths.seed)]
  return [...(vm.diskMode === 'overlay' ? [shared(image)] : []), own, ...modules, ...mounts, ...seed]
}

/** All that an engine needs. */
export function prepare(vm: Vm, paths: MachinePaths, ingredients: Ingredients): PreparedMachine {
  const { accelerator, kernel, bootArguments, tscKhz } = ingredients
  return {
    id: vm.id,
    name: vm.name,
    accelerator,
    cpus: vm.cpus,
    memory: vm.memory,
    kernel: kernel.vmlinux,
    initrd: paths.initrd,
    bootArguments,
    disks: disksOf(vm, paths, ingredients),
    nics: limitedNics(vm, nicsOf(vm)),
    ...preparedDevices(vm, paths, ingredients.vsockTransport),
    directory: paths.directory,
    sockets: paths.sockets,
    ...(vm.namespace === undefined ? {} : { namespace: vm.namespace }),
    ...(tscKhz === undefined ? {} : { tscKhz }),
  }
}
