/** Whether translation works: a packet of the router's own from an inside address is sent out, and seen to leave as another. */
import { randomInt } from 'node:crypto'
import { Fault } from '@imp/kit/base/fault.ts'
import { contains, parseAddress, parsePrefix } from '@imp/kit/base/ip.ts'
import type { Host } from '@imp/kit/host/host.ts'
import type { Probe } from '../commit/health.ts'
import { ownAddresses, type RouterConfig } from '../config/model.ts'
import { compileMapping, dotted, forward } from '../nat/mapping.ts'
import type { NatMapping } from '../nat/model.ts'
import { parseFlows } from '../show/conntrack.ts'
import type { Target } from './target.ts'

interface Trial {
  readonly mapping: NatMapping
  readonly place: number
  /** Address of the router inside the mapping. */
  readonly from: string
  /** Neighbour outside to send to. */
  readonly to: string
  /** What the neighbour must see. */
  readonly as: string
}

/** Neighbours by an external interface: gateways of IPv4, or else peers. */
function neighbours(config: RouterConfig): string[] {
  const outside = ownAddresses(config).filter(({ role, address }) => role === 'external' && address.family === 4)
  const known = [...config.routes.map(({ via }) => via), ...(config.bgp?.peers ?? []).map(({ address }) => address)]
  return known.flatMap((text) => {
    if (text === undefined || text.includes(':')) return []
    return outside.some(({ network }) => contains(network, parseAddress(text))) ? [text] : []
  })
}

/** One packet for each mapping in which the router has an address itself. Pure. */
export function trialsOf(config: RouterConfig): Trial[] {
  const [to] = neighbours(config)
  if (config.nat === undefined || to === undefined) return []
  const { bypass, mappings } = config.nat
  const own = ownAddresses(config).filter(({ role, address }) => role === 'internal' && address.family === 4)
  const within = (prefix: string, address: string): boolean => contains(parsePrefix(prefix), parseAddress(address))
  const passes = (from: string): boolean => bypass.some(({ source, destination }) => within(source, from) && within(destination, to))
  return mappings.flatMap((mapping, place) => {
    const compiled = compileMapping(mapping)
    const trials = own.flatMap(({ address }): Trial[] => {
      const from = dotted(Number(address.value))
      const block = forward(compiled, from)
      return block === undefined || passes(from) ? [] : [{ mapping, place, from, to, as: block.address }]
    })
    return trials.slice(0, 1)
  })
}

/** What the neighbour was shown: by the connection that the kernel tracks, which tells also when nobody answers. */
async function shownAs(host: Host, { from, to }: Trial): Promise<string | undefined> {
  const identifier = String(randomInt(1, 65_536))
  // 1: no answer, 2: it could not be sent.
  await host.query(['ping', '-n', '-q', '-c', '1', '-W', '1', '-e', identifier, '-I', from, to], { statuses: [0, 1, 2] })
  const ran = await host.query(['conntrack', '-L', '-p', 'icmp', '--orig-src', from, '--orig-dst', to], { statuses: [0, 1] })
  const flow = parseFlows(ran.stdout).find(({ inside }) => inside === `${from}:${identifier}`)
  return flow?.outside.split(':')[0]
}

async function probe(host: Host, trial: Trial): Promise<Probe> {
  const seen = await shownAs(host, trial)
  const { mapping, place, as } = trial
  const words = seen === undefined ? 'lets nothing out translated' : seen === as ? `shows ${as}` : `shows ${seen} instead of ${as}`
  return { name: `translation of ${mapping.inside}`, path: `nat.mappings[${place}]`, healthy: seen === as, seen: words }
}

/** One probe for each mapping that can be tried; none where conntrack(8) or ping(8) is missing. */
export async function translationProbes({ host }: Target, config: RouterConfig): Promise<Probe[]> {
  try {
    return await Promise.all(trialsOf(config).map((trial) => probe(host, trial)))
  } catch (error) {
    if (error instanceof Fault && error.code === 'missing-program') return []
    throw error
  }
}
