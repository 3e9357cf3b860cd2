/** The forwarding table of the Linux kernel: what packets really follow, whoever made it. */
import { z } from 'zod'
import { parseAddress, parsePrefix, type Family } from '@imp/kit/base/ip.ts'
import { parse, parseJson } from '@imp/kit/base/schema.ts'
import { table } from '@imp/kit/base/text.ts'
import type { Argv, Host } from '@imp/kit/host/host.ts'

const Hop = z.strictObject({ address: z.string().exactOptional(), interface: z.string().exactOptional(), weight: z.int() })

export const FibEntry = z.strictObject({
  prefix: z.string(),
  type: z.string().describe('unicast, or what happens to the packets: blackhole, unreachable, prohibit'),
  protocol: z.string().describe('who made it (/etc/iproute2/rt_protos)'),
  metric: z.int(),
  hops: z.array(Hop),
})
export type FibEntry = z.output<typeof FibEntry>

const RawHop = z.looseObject({
  gateway: z.string().exactOptional(),
  via: z.looseObject({ host: z.string() }).exactOptional(),
  dev: z.string().exactOptional(),
  weight: z.int().default(1),
})
const RawEntry = RawHop.extend({
  dst: z.string(),
  type: z.string().default('unicast'),
  protocol: z.string().default('boot'),
  metric: z.int().default(0),
  nexthops: z.array(RawHop).exactOptional(),
})

function hop({ gateway, via, dev, weight }: z.output<typeof RawHop>): z.output<typeof Hop> {
  const address = gateway ?? via?.host
  return { ...(address === undefined ? {} : { address }), ...(dev === undefined ? {} : { interface: dev }), weight }
}

/** iproute2 leaves the length of host routes out, and calls the route to everything default. */
function prefixOf(destination: string, family: Family): string {
  if (destination === 'default') return family === 4 ? '0.0.0.0/0' : '::/0'
  return destination.includes('/') ? destination : `${destination}/${family === 4 ? 32 : 128}`
}

/** Reads the answer of `ip -4 -j route show` or `ip -6 -j route show`. */
export function parseFib(text: string, family: Family): FibEntry[] {
  const raw = parse(z.array(RawEntry), parseJson(text === '' ? '[]' : text, 'ip route'), 'ip route')
  return raw.map((entry) => ({
    prefix: prefixOf(entry.dst, family),
    type: entry.type,
    protocol: entry.protocol,
    metric: entry.metric,
    hops: entry.type === 'unicast' ? (entry.nexthops ?? [entry]).map(hop) : [],
  }))
}

/** The entries of the longest prefix. */
export function longest(entries: readonly FibEntry[]): FibEntry[] {
  const most = Math.max(...entries.map(({ prefix }) => parsePrefix(prefix).length))
  return entries.filter(({ prefix }) => parsePrefix(prefix).length === most)
}

async function ask(host: Host, family: Family, ...selector: string[]): Promise<FibEntry[]> {
  const argv: Argv = ['ip', `-${family}`, '-j', 'route', 'show', 'table', 'main', ...selector]
  return parseFib((await host.query(argv)).stdout, family)
}

/** Everything, the entries of exactly one prefix, or those that packets to an address follow. */
export async function lookAtFib(host: Host, destination?: string): Promise<FibEntry[]> {
  if (destination === undefined) return (await Promise.all([ask(host, 4), ask(host, 6)])).flat()
  if (destination.includes('/')) return ask(host, parsePrefix(destination).family, 'exact', destination)
  return longest(await ask(host, parseAddress(destination).family, 'match', destination))
}

function viewHop({ address, interface: link }: z.output<typeof Hop>): string {
  return [...(address === undefined ? [] : [`via ${address}`]), ...(link === undefined ? [] : [`dev ${link}`])].join(' ')
}

export function viewFib(entries: readonly FibEntry[]): string {
  if (entries.length === 0) return 'no route'
  const rows = entries.map(({ prefix, type, protocol, metric, hops }) => [
    prefix,
    protocol,
    String(metric),
    type === 'unicast' ? hops.map(viewHop).join(', ') : type,
  ])
  return table([['PREFIX', 'PROTOCOL', 'METRIC', 'WAY'], ...rows]).join('\n')
}
