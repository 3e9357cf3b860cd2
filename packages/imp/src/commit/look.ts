/** Looks that the health of a router is judged by, at its programs. */
import { z } from 'zod'
import { parse, parseJson } from '@imp/kit/base/schema.ts'
import { Fault } from '@imp/kit/base/fault.ts'
import type { Argv, Host } from '@imp/kit/host/host.ts'
import type { Gateway } from './health.ts'

/** Seconds that a gateway has to answer. */
const patience = 1

/** Requests to each gateway, a fifth of a second apart: more often only root may ask (ping(8)). */
const requests = 3

function pingCommand({ address, interface: link }: Gateway): Argv {
  const scoped = link !== undefined && /^fe[89ab]/i.test(address) ? `${address}%${link}` : address
  return ['ping', '-n', '-q', '-c', String(requests), '-i', '0.2', '-W', String(patience), scoped]
}

/** How many requests a gateway answers; without ping(8) none. */
async function answers(host: Host, gateway: Gateway): Promise<number> {
  try {
    // 1: no answer, 2: it could not even be sent (no route, no such interface).
    const { stdout } = await host.query(pingCommand(gateway), { statuses: [0, 1, 2] })
    return Number(/ (\d+) received/.exec(stdout)?.[1] ?? 0)
  } catch (error) {
    if (error instanceof Fault && error.code === 'missing-program') return 0
    throw error
  }
}

export interface Answering {
  /** Names of the gateways that answer. */
  readonly answering: readonly string[]
  /** Names of those that answer every time. */
  readonly lossless: readonly string[]
}

/** Which gateways answer echo requests. */
export async function answeringGateways(host: Host, gateways: readonly Gateway[]): Promise<Answering> {
  const answered = await Promise.all(gateways.map((gateway) => answers(host, gateway)))
  const named = (least: number): string[] => gateways.filter((_, index) => (answered[index] ?? 0) >= least).map(({ name }) => name)
  return { answering: named(1), lossless: named(requests) }
}

const StaticRoutes = z.record(z.string(), z.array(z.looseObject({ installed: z.boolean().default(false) })))

/** Destinations of `show ip route static json` that are in the forwarding table. */
export function installedRoutes(text: string): string[] {
  const routes = parse(StaticRoutes, parseJson(text, 'show ip route static json'), 'show ip route static json')
  return Object.entries(routes).flatMap(([prefix, all]) => (all.some(({ installed }) => installed) ? [prefix] : []))
}

const Summary = z.looseObject({ routes: z.array(z.looseObject({ type: z.string(), fib: z.int() })).default([]) })

/** Kinds of routes that come from others, as zebra calls them (lib/route_types.txt; BGP by kind of peer). */
const learntKinds = new Set(['bgp', 'ebgp', 'ibgp', 'ospf', 'ospf6', 'isis', 'rip', 'ripng'])

/** Routes learnt from others that are in the forwarding table, of `show ip route summary json`. */
export function countLearnt(text: string): number {
  const { routes } = parse(Summary, parseJson(text, 'show ip route summary json'), 'show ip route summary json')
  return routes.filter(({ type }) => learntKinds.has(type)).reduce((sum, { fib }) => sum + fib, 0)
}
