/** Whom a change touches: peers, interfaces and subscribers, counted before it happens. Pure. */
import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { parsePrefix, type Prefix } from '@imp/kit/base/ip.ts'
import { count } from '@imp/kit/base/text.ts'
import type { RouterConfig } from '../config/model.ts'
import type { Resets } from '../frr/reset.ts'
import { layer3Interfaces } from '../interfaces/model.ts'
import { renumberings } from '../nat/report.ts'

export const Impact = z.strictObject({
  peers: z.array(z.string()).describe('BGP peers whose session, announcements or policy change'),
  resets: z.array(z.string()).describe('those of them whose session goes down'),
  interfaces: z.array(z.string()).describe('interfaces that come, go or change'),
  subscribers: z.int().describe('inside addresses whose translation or configured path changes'),
})
export type Impact = z.output<typeof Impact>

/** Names of the members that one side lacks or has otherwise. */
function changedNames<T>(before: readonly T[], after: readonly T[], nameOf: (member: T) => string): string[] {
  const [old, fresh] = [before, after].map((all) => new Map(all.map((each) => [nameOf(each), each])))
  const names = [...new Set([...(old?.keys() ?? []), ...(fresh?.keys() ?? [])])]
  return names.filter((name) => !isDeepStrictEqual(old?.get(name), fresh?.get(name)))
}

type Bgp = NonNullable<RouterConfig['bgp']>

function peersOf(config: RouterConfig | undefined): Bgp['peers'] {
  return config?.bgp?.peers ?? []
}

/** What all peers see of the router: its number, its identity, what it announces. */
function common(config: RouterConfig | undefined): unknown {
  if (config?.bgp === undefined) return undefined
  const { peers: _, ...rest } = config.bgp
  return rest
}

function touchedPeers(before: RouterConfig | undefined, after: RouterConfig): string[] {
  const name = (peer: Bgp['peers'][number]): string => peer.name
  if (isDeepStrictEqual(common(before), common(after))) return changedNames(peersOf(before), peersOf(after), name)
  return [...new Set([...peersOf(before), ...peersOf(after)].map(name))]
}

function resetPeers(before: RouterConfig | undefined, after: RouterConfig, { bgpPeers }: Resets): string[] {
  const named = [...peersOf(before), ...peersOf(after)].filter(({ address }) => bgpPeers === 'all' || bgpPeers.includes(address))
  const unnamed = bgpPeers === 'all' ? [] : bgpPeers.filter((address) => !named.some((peer) => peer.address === address))
  return [...new Set([...named.map(({ name }) => name), ...unnamed])]
}

function touchedInterfaces(before: RouterConfig | undefined, after: RouterConfig): string[] {
  const links = (config: RouterConfig | undefined) => (config === undefined ? [] : layer3Interfaces(config))
  const cards = (config: RouterConfig | undefined) =>
    (config?.interfaces ?? []).map(({ name, nic, mtu, enabled }) => ({ name, nic, mtu, enabled }))
  // The place in the file is no property of the interface.
  const placeless = (config: RouterConfig | undefined) => links(config).map((each) => ({ ...each, path: '' }))
  return [
    ...new Set([
      ...changedNames(cards(before), cards(after), ({ name }) => name),
      ...changedNames(placeless(before), placeless(after), ({ name }) => name),
    ]),
  ]
}

/** IPv4 addresses as numbers, from the first to before the last. */
type Span = readonly [from: number, to: number]

function spanOf({ value, length }: Prefix): Span {
  const from = Number(value)
  return [from, from + 2 ** (32 - length)]
}

function spansOf(prefixes: readonly string[]): Span[] {
  return prefixes.map((each) => parsePrefix(each)).flatMap((prefix) => (prefix.family === 4 ? [spanOf(prefix)] : []))
}

function intersect(a: readonly Span[], b: readonly Span[]): Span[] {
  return a
    .flatMap(([from, to]) => b.map(([low, high]): Span => [Math.max(from, low), Math.min(to, high)]))
    .filter(([from, to]) => from < to)
}

/** How many addresses are in at least one of the spans. */
function size(spans: readonly Span[]): number {
  let [total, reached] = [0, 0]
  for (const [from, to] of spans.toSorted((a, b) => a[0] - b[0])) {
    total += Math.max(0, to - Math.max(from, reached))
    reached = Math.max(reached, to)
  }
  return total
}

function insidePrefixes(config: RouterConfig | undefined): string[] {
  return (config?.nat?.mappings ?? []).map(({ inside }) => inside)
}

function defaultRoutes(config: RouterConfig | undefined): unknown {
  return (config?.routes ?? []).filter(({ prefix }) => prefix === '0.0.0.0/0')
}

/** Sources of what leads packets elsewhere and is not the same on both sides. */
function movedSources(before: RouterConfig | undefined, after: RouterConfig): Span[] {
  const differing = <T>(a: readonly T[], b: readonly T[]): T[] => [
    ...a.filter((each) => !b.some((other) => isDeepStrictEqual(each, other))),
    ...b.filter((each) => !a.some((other) => isDeepStrictEqual(each, other))),
  ]
  const policies = differing(before?.policyRoutes ?? [], after.policyRoutes).flatMap(({ from }) => from ?? [])
  const bypass = differing(before?.nat?.bypass ?? [], after.nat?.bypass ?? []).map(({ source }) => source)
  const everyone = isDeepStrictEqual(defaultRoutes(before), defaultRoutes(after)) ? [] : ['0.0.0.0/0']
  return spansOf([...policies, ...bypass, ...everyone])
}

function renumberedSpans(before: RouterConfig | undefined, after: RouterConfig): Span[] {
  return renumberings(before?.nat?.mappings ?? [], after.nat?.mappings ?? []).map(({ first, hosts }) => {
    const from = Number(parsePrefix(`${first}/32`).value)
    return [from, from + hosts]
  })
}

/** Subscribers are the inside addresses of translations; those without any are not known one by one. */
function touchedSubscribers(before: RouterConfig | undefined, after: RouterConfig): number {
  const inside = spansOf([...insidePrefixes(before), ...insidePrefixes(after)])
  return size([...renumberedSpans(before, after), ...intersect(inside, movedSources(before, after))])
}

/** Whom the way from one configuration to another touches. */
export function impactOf(before: RouterConfig | undefined, after: RouterConfig, resets: Resets): Impact {
  const reset = resetPeers(before, after, resets)
  return {
    peers: [...new Set([...touchedPeers(before, after), ...reset])],
    resets: reset,
    interfaces: touchedInterfaces(before, after),
    subscribers: touchedSubscribers(before, after),
  }
}

/** `touches 2 BGP peers (1 resets), 3 interfaces, 512 subscribers`. */
export function impactText({ peers, resets, interfaces, subscribers }: Impact): string {
  const reset = resets.length === 0 ? '' : ` (${resets.length} ${resets.length === 1 ? 'resets' : 'reset'})`
  return `touches ${count(peers.length, 'BGP peer')}${reset}, ${count(interfaces.length, 'interface')}, ${count(subscribers, 'subscriber')}`
}
