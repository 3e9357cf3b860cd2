/** Which interfaces lead to an upstream: the later layout does not say it, but default routes and BGP peers give it away. */
import { contains, networkOf, parseAddress, parseInterfaceAddress, sizeOf } from '@imp/kit/base/ip.ts'
import { Address, InterfaceAddress } from '@imp/kit/base/schema.ts'
import { said } from '../model.ts'
import { runningNat, type InterfacesDocument } from './schema.ts'

export interface Evidence {
  /** Neighbours on links to upstreams, with why they are upstreams. */
  readonly neighbours: readonly { readonly address: string; readonly why: string }[]
  /** Old names of interfaces that default routes leave by. */
  readonly leaving: ReadonlySet<string>
  /** Old names of interfaces whose traffic is translated: they face own networks. */
  readonly translated: ReadonlySet<string>
}

export interface Guess {
  readonly role: 'external' | 'internal'
  readonly why: string
}

const defaultRoute = /^[0.:]+\/0$/

/** Collects what the document knows about its upstreams. */
export function findEvidence(old: InterfacesDocument): Evidence {
  const defaults = (old.routes ?? []).filter((route) => defaultRoute.test(route.destination))
  const hops = defaults.flatMap(({ via }) => {
    const address = said(via)
    return address === undefined ? [] : [{ address, why: `${address}, the next hop of a default route, is on it` }]
  })
  const others = old.bgp?.enabled === true ? (old.bgp.peers ?? []).filter((peer) => peer.peer_asn !== old.bgp?.asn) : []
  const peers = others.map((peer) => ({ address: peer.peer_ip, why: `${peer.peer_ip}, a BGP peer of another AS, is on it` }))
  return {
    neighbours: [...hops, ...peers],
    leaving: new Set(defaults.flatMap((route) => said(route.interface) ?? [])),
    translated: new Set(runningNat(old)?.module.config?.source_interfaces ?? []),
  }
}

/** Whether the address is another one on the network of an interface. Links of one address have no neighbours. */
function isNeighbour(own: string, address: string): boolean {
  if (!InterfaceAddress.safeParse(own).success || !Address.safeParse(address).success) return false
  const network = networkOf(parseInterfaceAddress(own))
  return sizeOf(network) > 1n && contains(network, parseAddress(address))
}

/** The role of an interface that goes by these names in the old document. */
export function guessRole(evidence: Evidence, names: readonly string[], addresses: readonly string[]): Guess {
  if (names.some((name) => evidence.translated.has(name))) return { role: 'internal', why: 'its traffic is translated' }
  if (names.some((name) => evidence.leaving.has(name))) return { role: 'external', why: 'a default route leaves by it' }
  const found = evidence.neighbours.find(({ address }) => addresses.some((own) => isNeighbour(own, address)))
  return found === undefined
    ? { role: 'internal', why: 'no default route and no BGP peer of another AS is on it' }
    : { role: 'external', why: found.why }
}
