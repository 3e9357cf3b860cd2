/** The routing table of FRR's zebra: every route that a protocol offers, and which of them forwards. */
import { z } from 'zod'
import { Fault } from '@imp/kit/base/fault.ts'
import { parseAddress, parsePrefix, type Family } from '@imp/kit/base/ip.ts'
import { Address, parse, parseJson, Prefix } from '@imp/kit/base/schema.ts'
import { table } from '@imp/kit/base/text.ts'
import { answerOf, type Ask } from './ask.ts'

const Hop = z.strictObject({
  address: z.string().exactOptional(),
  interface: z.string().exactOptional(),
  blackhole: z.boolean(),
  active: z.boolean().describe('whether the next hop can be reached'),
})

export const ShownRoute = z.strictObject({
  prefix: z.string(),
  protocol: z.string(),
  distance: z.int(),
  metric: z.int(),
  selected: z.boolean().describe('best of the routes to this prefix'),
  installed: z.boolean().describe('the kernel forwards by it'),
  uptime: z.string(),
  hops: z.array(Hop),
})
export type ShownRoute = z.output<typeof ShownRoute>

/** A destination: an address (the route that it takes), or a prefix (the routes to exactly it). */
export const Destination = z
  .union([Prefix, Address])
  .describe('network prefix, or an address for the route that it takes')
  .meta({ examples: ['192.0.2.0/24', '192.0.2.1'] })

const RawHop = z.looseObject({
  ip: z.string().exactOptional(),
  interfaceName: z.string().exactOptional(),
  blackhole: z.boolean().default(false),
  active: z.boolean().default(false),
})
const RawRoute = z.looseObject({
  prefix: z.string(),
  protocol: z.string(),
  distance: z.int().default(0),
  metric: z.int().default(0),
  selected: z.boolean().default(false),
  installed: z.boolean().default(false),
  uptime: z.string().default(''),
  nexthops: z.array(RawHop).default([]),
})
const RawRoutes = z.record(z.string(), z.array(RawRoute))

function hop({ ip, interfaceName, blackhole, active }: z.output<typeof RawHop>): z.output<typeof Hop> {
  return {
    ...(ip === undefined ? {} : { address: ip }),
    ...(interfaceName === undefined ? {} : { interface: interfaceName }),
    blackhole,
    active,
  }
}

/** Reads the answer of `show ip route json` and `show ipv6 route json`; an address without a route gives an empty list. */
export function parseRoutes(text: string): ShownRoute[] {
  const routes = parse(RawRoutes, parseJson(text, 'show ip route json'), 'show ip route json')
  return Object.values(routes)
    .flat()
    .map(({ prefix, protocol, distance, metric, selected, installed, uptime, nexthops }) => {
      return { prefix, protocol, distance, metric, selected, installed, uptime, hops: nexthops.map(hop) }
    })
}

function familyOf(destination: string): Family {
  return (destination.includes('/') ? parsePrefix(destination) : parseAddress(destination)).family
}

function commands(destination: string | undefined, longer: boolean): string[] {
  if (destination === undefined) return ['show ip route json', 'show ipv6 route json']
  const words = ['show', familyOf(destination) === 4 ? 'ip' : 'ipv6', 'route', destination, ...(longer ? ['longer-prefixes'] : []), 'json']
  return [words.join(' ')]
}

/** Routes to everything, to one destination, or with `longer` also to what is inside the prefix. */
export async function lookAtRoutes(ask: Ask, destination: string | undefined, longer: boolean): Promise<ShownRoute[]> {
  if (longer && destination?.includes('/') !== true)
    throw new Fault('input', '--longer needs a prefix', { hint: 'imp show routes 192.0.2.0/24 --longer' })
  const answers = await Promise.all(commands(destination, longer).map((command) => answerOf(ask, command)))
  return answers.flatMap(parseRoutes)
}

function viewHop({ address, interface: link, blackhole, active }: z.output<typeof Hop>): string {
  const way = blackhole
    ? 'blackhole'
    : [...(address === undefined ? [] : [`via ${address}`]), ...(link === undefined ? [] : [`dev ${link}`])].join(' ')
  return active ? way : `${way} (unreachable)`
}

export function viewRoutes(routes: readonly ShownRoute[]): string {
  if (routes.length === 0) return 'no route'
  const rows = routes.map((route) => [
    route.selected ? (route.installed ? '*' : '!') : '',
    route.prefix,
    route.protocol,
    `${route.distance}/${route.metric}`,
    route.uptime,
    route.hops.map(viewHop).join(', '),
  ])
  const legend = routes.some((route) => route.selected && !route.installed) ? ['', '! selected, but not in the kernel'] : []
  return [...table([['', 'PREFIX', 'PROTOCOL', 'COST', 'AGE', 'WAY'], ...rows]), ...legend].join('\n')
}
