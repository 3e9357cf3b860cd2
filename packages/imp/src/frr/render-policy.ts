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

/** The community list of one community: its name says what is in it, so that all peers share it and none is ever changed. */
function communityListName(community: string): string {
  return `community-${community}`
}

/** The community lists that the route maps ask. */
export function renderCommunityLists(bgp: Bgp): string[] {
  const asked = bgp.peers.flatMap((peer) => peer.import.communities.map(({ community }) => community))
  return sortedCommunities(asked).map(
    (community) => `bgp community-list standard ${communityListName(community)} seq 5 permit ${community}`,
  )
}

interface Clause {
  readonly verdict: 'permit' | 'deny'
  /** Prefix list that it asks; all routes without one. */
  readonly list?: string
  /** Community that routes must carry. */
  readonly community?: string
  readonly sets?: readonly string[]
}

function routeMap(name: string, family: Family, clauses: readonly Clause[]): Block[] {
  return clauses.map(({ verdict, list, community, sets = [] }, index) =>
    block(`route-map ${name} ${verdict} ${10 * (index + 1)}`, [
      ...(list === undefined ? [] : [`match ${familyWord(family)} address prefix-list ${list}`]),
      ...(community === undefined ? [] : [`match community ${communityListName(community)}`]),
      ...sets,
    ]),
  )
}

function importMap(bgp: Bgp, peer: BgpPeer, lists: ReadonlySet<string>): Block[] {
  const family = familyOf(peer)
  const { acceptDefault, reject, communities } = peer.import
  const external = peer.asn !== bgp.asn
  const deny = (list: string): Clause[] => (lists.has(list) ? [{ verdict: 'deny', list }] : [])
  return routeMap(importMapName(peer), family, [
    ...(rejectsBogons(bgp, peer) ? deny(`bogons${family}`) : []),
    ...(external ? deny(`own${family}`) : []),
    ...(reject.length > 0 ? deny(`${peer.name}-reject`) : []),
    ...communities.flatMap(({ community, reject: refused }): Clause[] => (refused === true ? [{ verdict: 'deny', community }] : [])),
    ...(acceptDefault ? [] : deny(`default${family}`)),
    ...acceptClauses(peer, acceptedLists(peer, lists)),
  ])
}

/** Prefix lists of what is left to take; undefined for everything. */
function acceptedLists(peer: BgpPeer, lists: ReadonlySet<string>): readonly (string | undefined)[] {
  const { acceptDefault, accept } = peer.import
  if (accept === undefined) return [undefined]
  const taken = [...(acceptDefault ? [`default${familyOf(peer)}`] : []), `${peer.name}-accept`]
  return taken.filter((list) => lists.has(list))
}

/** The routes of these lists, those first whose communities give them a preference of their own. */
function acceptClauses(peer: BgpPeer, accepted: readonly (string | undefined)[]): Clause[] {
  const { communities, localPreference: usual } = peer.import
  const preferences = [
    ...communities.flatMap((tagged) => (tagged.localPreference === undefined ? [] : [{ ...tagged, preference: tagged.localPreference }])),
    { community: undefined, preference: usual },
  ]
  return preferences.flatMap(({ community, preference }) =>
    accepted.map((list): Clause => ({
      verdict: 'permit',
      ...(list === undefined ? {} : { list }),
      ...(community === undefined ? {} : { community }),
      sets: preference === undefined ? [] : [`set local-preference ${preference}`],
    })),
  )
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

function sortedCommunities(communities: readonly string[]): string[] {
  return [...new Set(communities)].toSorted((a, b) => communityValue(a) - communityValue(b))
}

function exportSets(bgp: Bgp, peer: BgpPeer): string[] {
  const { prepend, med, communities } = peer.export
  const sorted = sortedCommunities(communities)
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
