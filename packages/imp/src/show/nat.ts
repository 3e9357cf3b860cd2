/** NAT at work: how many flows there are and may be, what was dropped, and the flows of one host. */
import { z } from 'zod'
import type { Host } from '@imp/kit/host/host.ts'
import { table } from '@imp/kit/base/text.ts'
import { NatMapping } from '../nat/model.ts'
import { Flow, parseFlows, parseStatistics } from './conntrack.ts'
import { lookAtRuleCounters } from './rules.ts'

export const ShownNat = z.strictObject({
  mappings: z.array(NatMapping),
  tracked: z.int().describe('flows that the kernel tracks in the namespace, translated or not'),
  maximum: z.int().describe('flows that the kernel tracks at most, in all namespaces together'),
  insertFailed: z.int().describe('flows dropped because every port of their host was in use, or the same flow came twice at once'),
  untranslatable: z.int().describe('packets dropped rather than sent with an inside address'),
  flows: z.array(Flow).describe('of the host that was asked for').exactOptional(),
})
export type ShownNat = z.output<typeof ShownNat>

/** Name of the table and comment of the counter, as the room nat renders them. */
const counterOf = { table: 'imp_nat', comment: 'not translatable' }

/** The numbers of NAT, and with `inside` the flows of that host. */
export async function lookAtNat(host: Host, mappings: readonly NatMapping[], inside?: string): Promise<ShownNat> {
  const [count, maximum, statistics, rules, flows] = await Promise.all([
    host.query(['conntrack', '-C']),
    host.query(['sysctl', '-n', 'net.netfilter.nf_conntrack_max']),
    host.query(['conntrack', '-S']),
    lookAtRuleCounters(host),
    inside === undefined ? undefined : host.query(['conntrack', '-L', '-f', 'ipv4', '-s', inside]),
  ])
  const dropped = rules.filter((rule) => rule.table === counterOf.table && rule.comment === counterOf.comment)
  return {
    mappings: [...mappings],
    tracked: Number(count.stdout),
    maximum: Number(maximum.stdout),
    insertFailed: parseStatistics(statistics.stdout)['insert_failed'] ?? 0,
    untranslatable: dropped.reduce((sum, rule) => sum + rule.packets, 0),
    ...(flows === undefined ? {} : { flows: parseFlows(flows.stdout) }),
  }
}

function viewFlows(flows: readonly Flow[]): string[] {
  if (flows.length === 0) return ['', 'no flows']
  const rows = flows.map(({ protocol, state, inside, destination, outside, answered }) => [
    protocol,
    inside,
    outside,
    destination,
    state?.toLowerCase() ?? (answered ? 'answered' : 'unanswered'),
  ])
  return ['', ...table([['PROTOCOL', 'INSIDE', 'SEEN AS', 'DESTINATION', 'STATE'], ...rows])]
}

export function viewNat({ mappings, tracked, maximum, insertFailed, untranslatable, flows }: ShownNat): string {
  return [
    ...(mappings.length === 0 ? ['no NAT is configured'] : mappings.map(({ inside, outside }) => `${inside} -> ${outside}`)),
    `${tracked} flows tracked, at most ${maximum}`,
    `${insertFailed} flows dropped for want of a free port, ${untranslatable} packets dropped that cannot be translated`,
    ...(flows === undefined ? [] : viewFlows(flows)),
  ].join('\n')
}
