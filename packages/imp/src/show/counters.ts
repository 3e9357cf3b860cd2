/** What the kernel counted: packets of IP, ICMP and TCP that came, went and were lost, and what nftables rules met. */
import { z } from 'zod'
import { parse, parseJson } from '@imp/kit/base/schema.ts'
import { table } from '@imp/kit/base/text.ts'
import type { Host } from '@imp/kit/host/host.ts'
import { lookAtRuleCounters, RuleCounter } from './rules.ts'
import { VppCounter } from './vpp-counters.ts'

export const Counters = z.strictObject({
  kernel: z.record(z.string(), z.int()).describe('counters of the kernel that are not zero, by their names in nstat(8)'),
  rules: z.array(RuleCounter).describe('rules of nftables that count'),
  vpp: z.array(VppCounter).describe('nodes of the processes of VPP, where it forwards').exactOptional(),
})
export type Counters = z.output<typeof Counters>

const Nstat = z.looseObject({ kernel: z.record(z.string(), z.int()) })

/** Reads the answer of `nstat -j -a -s`. */
export function parseNstat(text: string): Record<string, number> {
  return parse(Nstat, parseJson(text, 'nstat'), 'nstat').kernel
}

export async function lookAtCounters(host: Host): Promise<Counters> {
  // -a: since the namespace began; -s: without the file in which nstat remembers its last run.
  const [nstat, rules] = await Promise.all([host.query(['nstat', '-j', '-a', '-s']), lookAtRuleCounters(host)])
  return { kernel: parseNstat(nstat.stdout), rules }
}

export function viewCounters({ kernel, rules, vpp = [] }: Counters): string {
  const counted = Object.entries(kernel).map(([name, value]) => [name, String(value)])
  const met = rules.map((rule) => [
    `${rule.family} ${rule.table} ${rule.chain}${rule.comment === undefined ? '' : `: ${rule.comment}`}`,
    `${rule.packets} packets, ${rule.bytes} bytes`,
  ])
  const seen = vpp.map(({ instance, node, reason, count }) => [`VPP (${instance}) ${node}: ${reason}`, String(count)])
  return table([['COUNTER', 'VALUE'], ...seen, ...counted, ...met]).join('\n')
}
