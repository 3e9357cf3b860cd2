/** Prefix lists and route maps: what every BGP peer may tell us and hears from us. */
import { compare, parseAddress, parsePrefix, type Family } from '@imp/kit/base/ip.ts'
import type { Bgp, BgpPeer, PrefixRange } from '../routing/model.ts'
import { block, type Block } from './document.ts'
import { familyWord, prefixLiteral } from './literal.ts'
import { bogons } from './bogons.ts'

export function importMapName(peer: BgpPeer): string {
  return `${peer.name}-in`
}

export function exportMapName(peer: BgpPeer): string {
  return `${peer.name}-out`
}

/** A prefix list: entries without their sequence numbers. */
export interface PrefixList {
  readonly family: Family
  readonly name: string
  readonly entries: readonly string[]
}

function familyOf(peer: BgpPeer): Family {
  return parseAddress(peer.address).family
}

function ofFamily(prefixes: readonly string[], family: Family): string[] {
  return prefixes.filter((prefix) => parsePrefix(prefix).family === family).toSorted((a, b) => compare(parsePrefix(a), parsePrefix(b)))
}

function rangeEntry(range: PrefixRange): string {
  const { length } = parsePrefix(range.prefix)
  const inside = range.maximumLength !== undefined && range.maximumLength > length ? ` le ${range.maximumLength}` : ''
  return `permit ${prefixLiteral(range.prefix)}${inside}`
}

function rangeList(name: string, family: Family, ranges: readonly PrefixRange[]): PrefixList[] {
  const entries = ranges.filter((range) => parsePrefix(range.prefix).family === family).map(rangeEntry)
  return entries.length === 0 ? [] : [{ family, name, entries: [...new Set(entries)] }]
}

const allOf = { 4: '0.0.0.0/0', 6: '::/0' } as const

/** Lists that all peers of a family share: our own networks, exactly and with all inside them, the default route and bogons. */
function sharedLists(bgp: Bgp, family: Family): PrefixList[] {
  const peers = bgp.peers.filter((peer) => familyOf(peer) === family)
  const own = ofFamily(bgp.announced, family).map((prefix) => ({ prefix }))
  const within = own.map(({ prefix }) => ({ prefix, maximumLength: family === 4 ? 32 : 128 }))
  if (peers.length === 0) return []
  return [
    ...rangeList(`announced${family}`, family, own),
    ...(peers.some((peer) => rejectsBogons(bgp, peer)) ? [{ family, name: `bogons${family}`, entries: bogons[family] }] : []),
    { family, name: `default${family}`, entries: [`permit ${allOf[family]}`] },
    ...(peers.some((peer) => peer.asn !== bgp.asn) ? rangeList(`own${family}`, family, within) : []),
  ]
}

function peerLists(peer: BgpPeer): PrefixList[] {
  const family = familyOf(peer)
  return [
    ...rangeList(`${peer.name}-accept`, family, peer.import.accept ?? []),
    ...rangeList(`${peer.name}-reject`, family, peer.import.reject),
    ...rangeList(
      `${peer.name}-announced`,
      family,
      ofFamily(peer.export.announced ?? [], family).map((prefix) => ({ prefix })),
    ),
  ]
}

/** All prefix lists that the route maps ask. */
export function prefixLists(bgp: Bgp): PrefixList[] {
  return [...sharedLists(bgp, 4), ...sharedLists(bgp, 6), ...bgp.peers.flatMap(peerLists)]
}

/** Prefix lists as FRR prints them, numbered in fives. */
export function numbered(lists: readonly PrefixList[]): string[] {
  return lists.flatMap(({ family, name, entries }) =>
    entries.map((entry, index) => `${familyWord(family)} prefix-list ${name} seq ${5 * (index + 1)} ${entry}`),
  )
}

/** All prefix lists of BGP. */
export function renderPrefixLists(bgp: Bgp): string[] {
  return numbered(prefixLists(bgp))
}

/** Whether bogons are refused: whoever lists what to take from a peer knows what it does; only the open door has a filter in front. */
export function rejectsBogons(bgp: Bgp, peer: BgpPeer): boolean {
  return peer.asn !== bgp.asn && !peer.import.acceptBogons && peer.import.accept === undefined
}

interface Clause {
  readonly verdict: 'permit' | 'deny'
  /** Prefix list that it asks; all routes without one. */
  readonly list?: string
  readonly sets?: readonly string[]
}

function routeMap(name: string, family: Family, clauses: readonly Clause[]): Block[] {
  return clauses.map(({ verdict, list, sets = [] }, index) =>
    block(`route-map ${name} ${verdict} ${10 * (index + 1)}`, [
      ...(list === undefined ? [] : [`match ${familyWord(family)} address prefix-list ${list}`]),
      ...sets,
    ]),
  )
}

function importMap(bgp: Bgp, peer: BgpPeer, lists: ReadonlySet<string>): Block[] {
  const family = familyOf(peer)
  const { acceptDefault, accept, reject, localPreference } = peer.import
  const sets = localPreference === undefined ? [] : [`set local-preference ${localPreference}`]
  const external = peer.asn !== bgp.asn
  const deny = (list: string): Clause[] => (lists.has(list) ? [{ verdict: 'deny', list }] : [])
  return routeMap(importMapName(peer), family, [
    ...(rejectsBogons(bgp, peer) ? deny(`bogons${family}`) : []),
    ...(external ? deny(`own${family}`) : []),
    ...(reject.length > 0 ? deny(`${peer.name}-reject`) : []),
    ...defaultClause(acceptDefault, accept !== undefined, family, sets),
    ...acceptClause(peer, lists, accept !== undefined, sets),
  ])
}

function defaultClause(acceptDefault: boolean, listed: boolean, family: Family, sets: readonly string[]): Clause[] {
  if (!acceptDefault) return [{ verdict: 'deny', list: `default${family}` }]
  return listed ? [{ verdict: 'permit', list: `default${family}`, sets }] : []
}

function acceptClause(peer: BgpPeer, lists: ReadonlySet<string>, listed: boolean, sets: readonly string[]): Clause[] {
  if (!listed) return [{ verdict: 'permit', sets }]
  const list = `${peer.name}-accept`
  return lists.has(list) ? [{ verdict: 'permit', list, sets }] : []
}

const wellKnown: Readonly<Record<string, number>> = {
  'graceful-shutdown': 0xffff0000,
  blackhole: 0xffff029a,
  'no-export': 0xffffff01,
  'no-advertise': 0xffffff02,
  'local-AS': 0xffffff03,
  'no-peer': 0xffffff04,
}

/** FRR prints communities in the order of their 32-bit values. */
function communityValue(community: string): number {
  const [high = 0, low = 0] = community.split(':').map(Number)
  return wellKnown[community] ?? high * 65536 + low
}

function exportSets(bgp: Bgp, peer: BgpPeer): string[] {
  const { prepend, med, communities } = peer.export
  const sorted = [...new Set(communities)].toSorted((a, b) => communityValue(a) - communityValue(b))
  return [
    ...(prepend === 0 ? [] : [`set as-path prepend ${Array.from({ length: prepend }, () => bgp.asn).join(' ')}`]),
    ...(sorted.length === 0 ? [] : [`set community ${sorted.join(' ')}`]),
    ...(med === undefined ? [] : [`set metric ${med}`]),
  ]
}

function exportMap(bgp: Bgp, peer: BgpPeer, lists: ReadonlySet<string>): Block[] {
  const family = familyOf(peer)
  const sets = exportSets(bgp, peer)
  const list = peer.export.announced === undefined ? `announced${family}` : `${peer.name}-announced`
  if (peer.asn === bgp.asn && peer.export.announced === undefined)
    return routeMap(exportMapName(peer), family, [{ verdict: 'permit', sets }])
  return routeMap(exportMapName(peer), family, lists.has(list) ? [{ verdict: 'permit', list, sets }] : [{ verdict: 'deny' }])
}

/** Route maps of all peers, two for each. */
export function renderRouteMaps(bgp: Bgp): Block[] {
  const lists = new Set(prefixLists(bgp).map((list) => list.name))
  return bgp.peers.flatMap((peer) => [...importMap(bgp, peer, lists), ...exportMap(bgp, peer, lists)])
}
