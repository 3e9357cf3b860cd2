/**
 * What has to be known about FRR's configuration language to apply a difference: which lines open contexts, which replace each
 * other, how a line is taken back, and which daemon it belongs to. From FRR 8.4's commands, each form tried on the daemons.
 */

import type { FrrDaemon } from './daemon.ts'

/** Daemons that we drive, in the order in which they are started: zebra first, the others are its clients. */
export const daemonOrder: readonly FrrDaemon[] = ['zebra', 'staticd', 'bgpd', 'ospfd', 'ospf6d', 'bfdd']

/** Lines of `show running-config` that are no configuration of ours: banner, start-up options, and what the kernel's sysctls say. */
const banner =
  /^(!|$|Building configuration|Current configuration|frr (version|defaults) |hostname |domainname |service |log |no log |end$|(no )?(ip|ipv6) forwarding$)/

export function isBanner(line: string): boolean {
  return banner.test(line)
}

const closing = /^(exit|exit-address-family|exit-vrf)$/

export function closesContext(line: string): boolean {
  return closing.test(line)
}

const contexts: readonly RegExp[] = [
  /^interface \S+/,
  /^router (bgp|ospf6?)\b/,
  /^route-map \S+ (permit|deny) \d+$/,
  /^address-family \S+ \S+$/,
  /^bfd$/,
  /^peer \S+( multihop)?( local-address \S+)?( interface \S+)?$/,
]

/** Whether a line opens a context even when nothing stands in it. */
export function opensContext(path: readonly string[], line: string): boolean {
  if (path.length === 0) return contexts.slice(0, 3).some((each) => each.test(line)) || line === 'bfd'
  if (path[0]?.startsWith('router bgp') === true) return line.startsWith('address-family ')
  return path[0] === 'bfd' && contexts.at(-1)?.test(line) === true
}

const entry = /^(no )?(ip|ipv6) (route|prefix-list) /

/** Whether a command concerns one entry of a table: it opens no context, and others go on without it. */
export function isEntry(command: string): boolean {
  return entry.test(command)
}

/** The word that leaves a context. */
export function exitWord(context: string): string {
  return context.startsWith('address-family ') ? 'exit-address-family' : 'exit'
}

type KeyRule = readonly [pattern: RegExp, key: (match: RegExpExecArray) => string]

/**
 * A line that matches has one value: a second line with the same key replaces the first. The key is the line without the value.
 * Lines that match no rule stand for themselves, as `network 192.0.2.0/24` does.
 */
const topRules: readonly KeyRule[] = [
  [/^(ip|ipv6) prefix-list \S+ seq \d+/, (match) => match[0]],
  [/^(ip|ipv6) prefix-list \S+ description/, (match) => match[0]],
  [/^(ip|ipv6)? ?access-list \S+ seq \d+/, (match) => match[0]],
  [/^(bgp|ip) (as-path access-list|(large-|ext)?community-list (standard|expanded)) \S+ seq \d+/, (match) => match[0]],
  [/^(route-map \S+) (?:permit|deny) (\d+)$/, (match) => `${match[1]} ${match[2]}`],
  [/^(router (?:bgp|ospf6?))\b/, (match) => match[0]],
  [/^((?:ip|ipv6) route \S+ \S+(?: (?!table |tag )[a-zA-Z]\S*)?)(?: \d+)?((?: (?:table|tag) \d+)*)$/, (match) => `${match[1]}${match[2]}`],
  [/^(ip|ipv6) router-id /, (match) => match[0]],
]

const interfaceRules: readonly KeyRule[] = [
  [/^ipv6 nd prefix \S+/, (match) => match[0]],
  [/^ipv6 nd (rdnss|dnssl) \S+/, (match) => match[0]],
  [/^ipv6 nd (other-config-flag|managed-config-flag|suppress-ra|adv-interval-option|home-agent-config-flag)$/, (match) => match[0]],
  [/^ipv6 nd \S+/, (match) => match[0]],
  [/^ip ospf message-digest-key \d+/, (match) => match[0]],
  [/^ip ospf \S+/, (match) => match[0]],
  [/^ipv6 ospf6 \S+/, (match) => match[0]],
  [/^(description|bandwidth)\b/, (match) => match[0]],
]

const bgpRules: readonly KeyRule[] = [
  [/^bgp (bestpath|default|confederation|listen|graceful-restart|long-lived-graceful-restart|graceful-shutdown) .*$/, (match) => match[0]],
  [/^bgp \S+/, (match) => match[0]],
  [/^timers bgp/, (match) => match[0]],
  [/^(neighbor \S+) (?:route-map|prefix-list|filter-list|distribute-list) \S+ (?:in|out)$/, directed],
  [/^neighbor \S+ timers connect/, (match) => match[0]],
  [/^neighbor \S+ (capability|send-community) \S+/, (match) => match[0]],
  [/^neighbor \S+ \S+/, (match) => match[0]],
  [/^redistribute \S+/, (match) => match[0]],
  [/^maximum-paths( ibgp)?/, (match) => match[0]],
  [/^(network|aggregate-address) \S+/, (match) => match[0]],
]

const ospfRules: readonly KeyRule[] = [
  [/^(ospf|ospf6) (router-id|abr-type)/, (match) => match[0]],
  [/^timers (throttle \S+|lsa \S+)/, (match) => match[0]],
  [/^(redistribute|passive-interface|auto-cost|maximum-paths) ?\S*/, (match) => match[0]],
  [/^(default-information|default-metric|log-adjacency-changes)/, (match) => match[0]],
]

const routeMapRules: readonly KeyRule[] = [
  [/^match (ip|ipv6) \S+( prefix-list| prefix-len)?/, (match) => match[0]],
  [/^match \S+/, (match) => match[0]],
  [/^set (ip|ipv6) next-hop( global| local)?/, (match) => match[0]],
  [/^set (as-path|comm-list|large-comm-list|extcommunity) \S+/, (match) => match[0]],
  [/^set \S+/, (match) => match[0]],
  [/^(on-match|call|description|continue)\b/, (match) => match[0]],
]

const bfdRules: readonly KeyRule[] = [
  [/^(detect-multiplier|receive-interval|transmit-interval|minimum-ttl|profile)\b/, (match) => match[0]],
]

function directed(match: RegExpExecArray): string {
  const words = match[0].split(' ')
  return `${match[1]} ${words[2]} ${words.at(-1)}`
}

function rulesOf(path: readonly string[]): readonly KeyRule[] {
  const [first] = path
  if (first === undefined) return topRules
  if (first.startsWith('interface ')) return interfaceRules
  if (first.startsWith('router bgp')) return bgpRules
  if (first.startsWith('router ospf')) return ospfRules
  if (first.startsWith('route-map ')) return routeMapRules
  return first === 'bfd' ? bfdRules : []
}

/** What two lines of a context have in common when the later one replaces the earlier one. `no X` has the key of `X`. */
export function keyOf(path: readonly string[], line: string): string {
  const positive = line.replace(/^no /, '')
  for (const [pattern, key] of rulesOf(path)) {
    const match = pattern.exec(positive)
    if (match !== null) return key(match)
  }
  return positive
}

/** Lines of which FRR takes back only the short form: the value is not parsed, or a quoted text would not match. */
const shortened =
  /^(neighbor \S+ (?:description|password|timers(?: connect)?|maximum-prefix|update-source|ebgp-multihop)|description|set as-path prepend|ip ospf message-digest-key \d+)\b/

/** The command that takes a line back. */
export function negation(path: readonly string[], line: string): string {
  if (line.startsWith('no ')) return line.slice('no '.length)
  if (path.length === 0 && line.startsWith('router ')) return `no ${line}`
  return `no ${shortened.exec(line)?.[1] ?? line}`
}

const listKinds = /^(?:(?:ip|ipv6) )?(?:prefix-list|access-list) (\S+)|^route-map (\S+)/

/** The name that a prefix list, an access list or a route-map has; undefined for other lines. */
export function listName(line: string): string | undefined {
  const match = listKinds.exec(line)
  return match?.[1] ?? match?.[2]
}

const owners: readonly (readonly [RegExp, FrrDaemon])[] = [
  [/^(no )?(ip|ipv6) route /, 'staticd'],
  [/^router bgp\b/, 'bgpd'],
  [/^router ospf\b/, 'ospfd'],
  [/^router ospf6\b/, 'ospf6d'],
  [/^bfd$/, 'bfdd'],
  [/^(no )?bgp /, 'bgpd'],
  [/^(no )?((ip|ipv6) )?(router-id|nht|protocol|import-table|zebra)\b/, 'zebra'],
]

/** The daemon to which a line at the top of a configuration belongs; undefined when no single one owns it. */
export function ownerOf(line: string): FrrDaemon | undefined {
  return owners.find(([pattern]) => pattern.test(line))?.[1]
}

/** The daemon to which a line inside `interface` belongs. */
export function interfaceLineOwner(line: string): FrrDaemon {
  if (/^(no )?ip ospf /.test(line)) return 'ospfd'
  return /^(no )?ipv6 ospf6 /.test(line) ? 'ospf6d' : 'zebra'
}
