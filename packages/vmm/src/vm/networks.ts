/** The networks that a machine is on, in the order of its interfaces; pure. */
import { defaultNetwork, tapOf, type BridgedNetwork, type Member } from '../net/model.ts'
import type { Vm } from './model.ts'

/** Where a machine is on the bridge of a network. */
export interface Place {
  readonly network: BridgedNetwork
  readonly tap: string
  /** Name of its interface in the guest. */
  readonly name: string
}

/** Name of the network, that of the default one included. */
export function nameOfNetwork({ network }: BridgedNetwork): string {
  return network ?? defaultNetwork
}

/** All places of a machine, that of `eth0` first; none with the network of its engine, or without any. */
export function placesOf({ id, network, furtherNetworks }: Pick<Vm, 'id' | 'network' | 'furtherNetworks'>): Place[] {
  if (network.kind !== 'bridge') return []
  return [network, ...furtherNetworks].map((each, index) => ({ network: each, tap: tapOf(id, index), name: `eth${index}` }))
}

/**
 * The place that the default route leads by, the first unless told. Forwards lead to it as well: answers of the guest go where its default
 * route points, and from another address they would not be taken for answers.
 */
export function leadingPlace(vm: Pick<Vm, 'id' | 'network' | 'furtherNetworks' | 'routeBy'>): Place | undefined {
  const places = placesOf(vm)
  return places.find(({ network }) => nameOfNetwork(network) === vm.routeBy) ?? places[0]
}

/** How the rules of a network know the machine that has this place on it. */
export function memberOf(vm: Vm, { network, tap }: Place): Member {
  const { mac, address, address6, egress } = network
  return { tap, mac, address, address6, forwards: leadingPlace(vm)?.tap === tap ? vm.forwards : [], egress }
}

/** The machine with these places and no others; `none` when there are none left. */
export function withNetworks(vm: Vm, networks: readonly BridgedNetwork[]): Vm {
  const [network = { kind: 'none' as const }, ...furtherNetworks] = networks
  const { routeBy, ...rest } = vm
  const leads = routeBy !== undefined && networks.some((each) => nameOfNetwork(each) === routeBy)
  return { ...rest, network, furtherNetworks, ...(leads ? { routeBy } : {}) }
}
