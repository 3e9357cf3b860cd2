/** Looks that the health of a router is judged by, at its programs. */
import { z } from 'zod'
import { parse, parseJson } from '@imp/kit/base/schema.ts'
import { Fault } from '@imp/kit/base/fault.ts'
import type { Argv, Host } from '@imp/kit/host/host.ts'
import type { Gateway } from './health.ts'

/** Seconds that a gateway has to answer. */
const patience = 1

function pingCommand({ address, interface: link }: Gateway): Argv {
  const scoped = link !== undefined && /^fe[89ab]/i.test(address) ? `${address}%${link}` : address
  return ['ping', '-n', '-q', '-c', '1', '-W', String(patience), scoped]
}

/** Whether a gateway answers one echo request; without ping(8) none does. */
async function answers(host: Host, gateway: Gateway): Promise<boolean> {
  try {
    // 1: no answer, 2: it could not even be sent (no route, no such interface).
    return (await host.query(pingCommand(gateway), { statuses: [0, 1, 2] })).status === 0
  } catch (error) {
    if (error instanceof Fault && error.code === 'missing-program') return false
    throw error
  }
}

/** Names of the gateways that answer. */
export async function answeringGateways(host: Host, gateways: readonly Gateway[]): Promise<readonly string[]> {
  const answered = await Promise.all(gateways.map((gateway) => answers(host, gateway)))
  return gateways.filter((_, index) => answered[index]).map(({ name }) => name)
}

const Summary = z.looseObject({ routes: z.array(z.looseObject({ type: z.string(), fib: z.int() })).default([]) })

/** Kinds of routes that come from others, as zebra calls them (lib/route_types.txt; BGP by kind of peer). */
const learntKinds = new Set(['bgp', 'ebgp', 'ibgp', 'ospf', 'ospf6', 'isis', 'rip', 'ripng'])

/** Routes learnt from others that are in the forwarding table, of `show ip route summary json`. */
export function countLearnt(text: string): number {
  const { routes } = parse(Summary, parseJson(text, 'show ip route summary json'), 'show ip route summary json')
  return routes.filter(({ type }) => learntKinds.has(type)).reduce((sum, { fib }) => sum + fib, 0)
}
