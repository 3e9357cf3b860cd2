/** The one upstream of the earlier layout: its gateways and its BGP sessions. */
import type { Ledger } from '../ledger.ts'
import { given, listed, said, type DraftOf } from '../model.ts'
import { moveNetwork, networkAround } from '../networks.ts'
import { OldBgp, type External, type RolesDocument } from './schema.ts'

type Interface = DraftOf<'interfaces'>

/** Default routes through the gateways of the external port; a link-local one says nothing without its port. */
export function moveGateways(ledger: Ledger, old: External | null | undefined, external: string | undefined): DraftOf<'routes'>[] {
  const gateways = [
    { from: 'external.ipv4_gateway', via: said(old?.ipv4_gateway), prefix: '0.0.0.0/0' },
    { from: 'external.ipv6_gateway', via: said(old?.ipv6_gateway), prefix: '::/0' },
  ]
  ledger.expect(...gateways.map(({ from }) => from))
  const set = gateways.flatMap(({ via, ...rest }) => (via === undefined ? [] : [{ via, ...rest }]))
  return set.map(({ from, via, prefix }, index) => {
    ledger.changed(from, `routes[${index}]`, 'a gateway is the next hop of a default route')
    return { prefix, via, ...given('interface', /^fe[89ab]/i.test(via) ? external : undefined) }
  })
}

function leaveBgp(ledger: Ledger): void {
  const fields = Object.keys(OldBgp.shape).filter((field) => field !== 'enabled')
  ledger.kept('bgp.enabled', [], 'BGP is off when it is left out')
  for (const from of [...fields.map((field) => `bgp.${field}`), 'nat.bgp_prefix']) ledger.dropped(from, 'BGP is off')
}

function movePeers(ledger: Ledger, old: OldBgp): NonNullable<DraftOf<'bgp'>['peers']> {
  const peers = [
    { name: 'upstream', address: said(old.peer_ipv4), from: 'bgp.peer_ipv4' },
    { name: 'upstream-v6', address: said(old.peer_ipv6), from: 'bgp.peer_ipv6' },
  ].flatMap(({ address, ...rest }) => (address === undefined ? [] : [{ ...rest, address }]))
  ledger.expect('bgp.peer_ipv4', 'bgp.peer_ipv6')
  if (peers.length === 0) ledger.dropped('bgp.peer_asn', 'there is no peer')
  else
    ledger.kept(
      'bgp.peer_asn',
      peers.map((_, index) => `bgp.peers[${index}].asn`),
    )
  return peers.map(({ name, address, from }, index) => {
    ledger.kept(from, `bgp.peers[${index}].address`)
    ledger.derived('bgp', `bgp.peers[${index}].name`, 'the name that the reference system gives the peer in FRR')
    return { name, address, ...given('asn', old.peer_asn) }
  })
}

/** What the upstream hears of: the prefix of the NAT pools and, when it is reached by IPv6, the IPv6 networks of the internal ports. */
function moveAnnounced(ledger: Ledger, old: RolesDocument, interfaces: readonly Interface[]): string[] {
  const announced: string[] = []
  const target = (): string => `bgp.announced[${announced.length}]`
  const pools = said(old.nat?.bgp_prefix)
  ledger.expect('nat.bgp_prefix')
  if (pools !== undefined) announced.push(moveNetwork(ledger, 'nat.bgp_prefix', pools, target()))
  if (said(old.bgp?.peer_ipv6) === undefined) return announced
  for (const [index, port] of interfaces.filter(({ role }) => role === 'internal').entries()) {
    const six = networkAround((port.addresses ?? []).find((address) => address.includes(':')) ?? '')
    if (six === undefined || announced.includes(six)) continue
    ledger.derived(`internal[${index}].ipv6`, target(), 'the upstream hears of the IPv6 network of every internal port')
    announced.push(six)
  }
  return announced
}

export function moveBgp(ledger: Ledger, old: RolesDocument, interfaces: readonly Interface[]): { bgp?: DraftOf<'bgp'> } {
  ledger.expect('bgp')
  if (old.bgp?.enabled !== true) {
    leaveBgp(ledger)
    return {}
  }
  ledger.kept('bgp.enabled', 'bgp')
  ledger.kept('bgp.asn', 'bgp.asn')
  ledger.kept('bgp.router_id', 'bgp.routerId')
  ledger.changed('bgp', 'bgp', 'connected networks were redistributed to the upstream; it hears of announced prefixes only')
  const announced = moveAnnounced(ledger, old, interfaces)
  const identity = { ...given('asn', old.bgp.asn), ...given('routerId', said(old.bgp.router_id)) }
  return { bgp: { ...identity, ...listed('announced', announced), ...listed('peers', movePeers(ledger, old.bgp)) } }
}
