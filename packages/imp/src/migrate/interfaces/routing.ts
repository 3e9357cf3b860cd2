/** Static routes, BGP and OSPF of the later layout. */
import { contains, parsePrefix } from '@imp/kit/base/ip.ts'
import { Address, Prefix } from '@imp/kit/base/schema.ts'
import type { Ledger } from '../ledger.ts'
import { given, listed, said, type DraftOf, type RouterDraft } from '../model.ts'
import { chooseNames, legalDescription, moveName } from '../names.ts'
import { moveNetwork, network } from '../networks.ts'
import { moveReference, type References } from '../reference/links.ts'
import { runningNat, type InterfacesDocument, type OldBgp } from './schema.ts'

type Peer = NonNullable<DraftOf<'bgp'>['peers']>[number]
type OldPeer = NonNullable<OldBgp['peers']>[number]

export function moveRoutes(ledger: Ledger, old: InterfacesDocument, known: References): DraftOf<'routes'>[] {
  ledger.expect('routes')
  return (old.routes ?? []).map((route, index) => {
    const place = `routes[${index}]`
    const leaving = said(route.interface)
    ledger.kept(`${place}.via`, `${place}.via`)
    ledger.expect(`${place}.interface`)
    return {
      prefix: moveNetwork(ledger, `${place}.destination`, route.destination, `${place}.prefix`),
      ...given('via', said(route.via)),
      ...given('interface', leaving && moveReference(ledger, `${place}.interface`, leaving, known, `${place}.interface`)),
    }
  })
}

function moveDescription(ledger: Ledger, old: string | undefined, place: string): Pick<Peer, 'description'> {
  ledger.expect(`${place}.description`)
  if (old === undefined) return {}
  const description = said(legalDescription(old))
  if (description === undefined) ledger.dropped(`${place}.description`, 'has no character that a description may have')
  else if (description === old) ledger.kept(`${place}.description`, `${place}.description`)
  else
    ledger.changed(
      `${place}.description`,
      `${place}.description`,
      'descriptions are one line of at most 80 characters, without "!", "#", quotes and backslashes',
    )
  return given('description', description)
}

function moveSource(ledger: Ledger, old: string | undefined, known: References, place: string): Pick<Peer, 'updateSource'> {
  const [from, to] = [`${place}.update_source`, `${place}.updateSource`]
  ledger.expect(from)
  if (old === undefined) return {}
  if (!Address.safeParse(old).success) return { updateSource: moveReference(ledger, from, old, known, to) }
  ledger.kept(from, to)
  return { updateSource: old }
}

function movePeerName(ledger: Ledger, old: string | undefined, name: string, place: string): Pick<Peer, 'name' | 'description'> {
  ledger.expect(`${place}.name`)
  if (old !== undefined) return { name, ...moveName(ledger, `${place}.name`, old, name, place) }
  ledger.derived(place, `${place}.name`, 'peers have names')
  return { name }
}

function movePeer(ledger: Ledger, old: OldPeer, name: string, index: number, known: References): Peer {
  const place = `bgp.peers[${index}]`
  ledger.kept(`${place}.peer_ip`, `${place}.address`)
  ledger.kept(`${place}.peer_asn`, `${place}.asn`)
  return {
    ...movePeerName(ledger, said(old.name), name, place),
    address: old.peer_ip,
    ...given('asn', old.peer_asn),
    ...moveDescription(ledger, said(old.description), place),
    ...moveSource(ledger, said(old.update_source), known, place),
  }
}

function isInside(prefix: string, others: readonly string[]): boolean {
  if (!Prefix.safeParse(prefix).success) return false
  return others.some((other) => Prefix.safeParse(other).success && contains(parsePrefix(other), parsePrefix(prefix)))
}

/** The announced prefixes, and the pools of the NAT module that are in none of them: the module announces its pools by itself. */
function moveAnnounced(ledger: Ledger, old: InterfacesDocument): string[] {
  const written = old.bgp?.announced_prefixes ?? []
  const announced = written.map((text, index) => moveNetwork(ledger, `bgp.announced_prefixes[${index}]`, text, `bgp.announced[${index}]`))
  const nat = runningNat(old)
  for (const [index, { nat_pool: pool }] of (nat?.module.config?.mappings ?? []).entries()) {
    const { text } = network(pool)
    if (isInside(text, announced)) continue
    const from = `modules[${nat?.index ?? 0}].config.mappings[${index}].nat_pool`
    ledger.derived(from, `bgp.announced[${announced.length}]`, 'the module announced its pools')
    announced.push(text)
  }
  return announced
}

function leaveBgp(ledger: Ledger): void {
  ledger.kept('bgp.enabled', [], 'BGP is off when it is left out')
  for (const field of ['asn', 'router_id']) ledger.dropped(`bgp.${field}`, 'BGP is off')
  for (const field of ['announced_prefixes', 'peers']) ledger.whole(`bgp.${field}`, 'dropped', [], 'BGP is off')
}

export function moveBgp(ledger: Ledger, old: InterfacesDocument, known: References): { bgp?: DraftOf<'bgp'> } {
  ledger.expect('bgp')
  if (old.bgp?.enabled !== true) {
    leaveBgp(ledger)
    return {}
  }
  ledger.kept('bgp.enabled', 'bgp')
  ledger.kept('bgp.asn', 'bgp.asn')
  ledger.kept('bgp.router_id', 'bgp.routerId')
  ledger.expect('bgp.announced_prefixes', 'bgp.peers')
  const peers = old.bgp.peers ?? []
  const names = chooseNames(peers.map(({ name }) => ({ text: said(name), fallback: 'peer', longest: 32 })))
  return {
    bgp: {
      ...given('asn', old.bgp.asn),
      ...given('routerId', said(old.bgp.router_id)),
      ...listed('announced', moveAnnounced(ledger, old)),
      ...listed(
        'peers',
        peers.map((peer, index) => movePeer(ledger, peer, names[index] ?? '', index, known)),
      ),
    },
  }
}

/** One of the two processes. `inherited` is the identity that ours would take from another protocol by itself. */
function moveProcess(
  ledger: Ledger,
  old: InterfacesDocument,
  protocol: 'ospf' | 'ospf6',
  identity: { meant: string | undefined; inherited: string | undefined },
): DraftOf<'ospf'> | undefined {
  const process = old[protocol]
  ledger.expect(protocol)
  if (process?.enabled !== true) {
    ledger.kept(`${protocol}.enabled`, [], `${protocol} is off when it is left out`)
    ledger.dropped(`${protocol}.router_id`, `${protocol} is off`)
    ledger.left(`${protocol}.default_originate`, process?.default_originate, `${protocol} is off`)
    return undefined
  }
  const own = said(process.router_id)
  const written = own ?? (identity.meant === identity.inherited ? undefined : identity.meant)
  ledger.kept(`${protocol}.enabled`, protocol)
  ledger.kept(`${protocol}.router_id`, `${protocol}.routerId`)
  ledger.kept(`${protocol}.default_originate`, `${protocol}.defaultOriginate`)
  if (own === undefined && written !== undefined) ledger.derived(protocol, `${protocol}.routerId`, 'was taken from a protocol that is off')
  ledger.changed(protocol, protocol, 'connected networks were redistributed; only interfaces with an area take part')
  return { ...given('routerId', written), ...given('defaultOriginate', process.default_originate) }
}

/** OSPF falls back to the identity of BGP, OSPFv3 to that of OSPF and then to that of BGP, there even when those are off. */
export function moveOspfProcesses(ledger: Ledger, old: InterfacesDocument): Pick<RouterDraft, 'ospf' | 'ospf6'> {
  const bgp = said(old.bgp?.router_id)
  const bgpHere = old.bgp?.enabled === true ? bgp : undefined
  const ospf = moveProcess(ledger, old, 'ospf', { meant: bgp, inherited: bgpHere })
  const meant = said(old.ospf?.router_id) ?? bgp
  const ospf6 = moveProcess(ledger, old, 'ospf6', { meant, inherited: ospf?.routerId ?? bgpHere })
  return { ...given('ospf', ospf), ...given('ospf6', ospf6) }
}
