/** Routes of the kernel of a node, in its main table. */
import { z } from 'zod'
import { formatAddress, formatPrefix, parseAddress, parsePrefix, type Family } from '@imp/kit/base/ip.ts'
import { parse, parseJson } from '@imp/kit/base/schema.ts'
import type { NoRoute, Route, Routes } from '../model.ts'
import type { Check, Lookout } from './assertion.ts'

const NextHop = z.looseObject({
  gateway: z.string().exactOptional(),
  via: z.looseObject({ host: z.string() }).exactOptional(),
  dev: z.string().exactOptional(),
})
const KernelRoute = NextHop.extend({
  type: z.string().exactOptional(),
  dst: z.string(),
  protocol: z.string().exactOptional(),
  nexthops: z.array(NextHop).exactOptional(),
})
type KernelRoute = z.output<typeof KernelRoute>

async function show(lookout: Lookout, node: string, family: Family, selector: readonly string[]): Promise<KernelRoute[]> {
  const { host } = await lookout.places.at(node)
  const ran = await host.query(['ip', '-j', `-${family}`, 'route', 'show', ...selector], { signal: lookout.signal })
  return parse(z.array(KernelRoute), parseJson(ran.stdout === '' ? '[]' : ran.stdout, 'ip -j route'), 'ip -j route')
}

function gateways(route: KernelRoute): string[] {
  return [route, ...(route.nexthops ?? [])].flatMap((hop) => hop.gateway ?? hop.via?.host ?? [])
}

function describe(route: KernelRoute): string {
  const via = gateways(route).map((gateway) => `via ${gateway}`)
  const device = route.dev === undefined ? [] : [`dev ${route.dev}`]
  return [...(route.type === undefined ? [] : [route.type]), `proto ${route.protocol ?? '?'}`, ...via, ...device].join(' ')
}

function meets(route: KernelRoute, { protocol, via }: Pick<z.output<typeof Route>, 'protocol' | 'via'>): boolean {
  if (protocol !== undefined && route.protocol !== protocol) return false
  if (via === undefined) return true
  const wanted = formatAddress(parseAddress(via))
  return gateways(route).some((gateway) => formatAddress(parseAddress(gateway)) === wanted)
}

function exactly(text: string): { family: Family; selector: string[] } {
  const prefix = parsePrefix(text)
  return { family: prefix.family, selector: ['exact', formatPrefix(prefix)] }
}

/** Says so when the router of the node is configured not to take such a route from anybody. */
function withReason({ places, parts }: Lookout, { node, prefix, protocol = 'bgp' }: z.output<typeof Route>): string {
  const { kind, startup } = places.node(node)
  const reason = kind === 'router' && startup !== undefined && protocol === 'bgp' ? parts.routers.refuses(startup, prefix) : undefined
  return reason === undefined ? 'no route' : `no route: ${reason}`
}

export function route(fields: z.output<typeof Route>): Check {
  const { node, prefix, protocol, via } = fields
  const wanted = [...(protocol === undefined ? [] : [`proto ${protocol}`]), ...(via === undefined ? [] : [`via ${via}`])]
  const { family, selector } = exactly(prefix)
  return {
    subject: `${node}: ${prefix}`,
    expected: wanted.length === 0 ? 'a route' : wanted.join(' '),
    async look(lookout) {
      const routes = await show(lookout, node, family, selector)
      const seen = routes.length === 0 ? withReason(lookout, fields) : routes.map(describe).join('; ')
      return { holds: routes.some((each) => meets(each, fields)), seen }
    },
  }
}

export function noRoute({ node, prefix }: z.output<typeof NoRoute>): Check {
  const { family, selector } = exactly(prefix)
  return {
    subject: `${node}: ${prefix}`,
    expected: 'no route',
    async look(lookout) {
      const found = await show(lookout, node, family, selector)
      return { holds: found.length === 0, seen: found.length === 0 ? 'no route' : found.map(describe).join('; ') }
    },
  }
}

/** A destination as `ip` prints it, in canonical form: `default`, an address for a host route, or a prefix. */
function canonical(destination: string, family: Family): string {
  if (destination === 'default') return family === 4 ? '0.0.0.0/0' : '::/0'
  return formatPrefix(parsePrefix(destination.includes('/') ? destination : `${destination}/${family === 4 ? 32 : 128}`))
}

export function routes({ node, protocol, exactly: prefixes }: z.output<typeof Routes>): Check {
  const wanted = new Set(prefixes.map((prefix) => formatPrefix(parsePrefix(prefix))))
  return {
    subject: `${node}: all of proto ${protocol}`,
    expected: wanted.size === 0 ? 'no routes' : [...wanted].join(', '),
    async look(lookout) {
      const both = await Promise.all(
        ([4, 6] as const).map(async (family) =>
          (await show(lookout, node, family, ['proto', protocol])).map((each) => canonical(each.dst, family)),
        ),
      )
      const present = new Set(both.flat())
      const missing = [...wanted].filter((each) => !present.has(each))
      const extra = [...present].filter((each) => !wanted.has(each))
      if (missing.length + extra.length === 0) return { holds: true, seen: 'exactly these' }
      const words = [
        ...(missing.length === 0 ? [] : [`missing ${missing.join(', ')}`]),
        ...(extra.length === 0 ? [] : [`not expected ${extra.join(', ')}`]),
      ]
      return { holds: false, seen: words.join('; ') }
    },
  }
}
