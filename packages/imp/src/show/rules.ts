/** Counters of nftables rules. */
import { z } from 'zod'
import { parse, parseJson } from '@imp/kit/base/schema.ts'
import type { Host } from '@imp/kit/host/host.ts'

export const RuleCounter = z.strictObject({
  family: z.string(),
  table: z.string(),
  chain: z.string(),
  comment: z.string().exactOptional(),
  packets: z.int(),
  bytes: z.int(),
})
export type RuleCounter = z.output<typeof RuleCounter>

const Counter = z.looseObject({ counter: z.looseObject({ packets: z.int(), bytes: z.int() }) })
const Rule = z.looseObject({
  rule: z.looseObject({
    family: z.string(),
    table: z.string(),
    chain: z.string(),
    comment: z.string().exactOptional(),
    expr: z.array(z.unknown()),
  }),
})
const Ruleset = z.looseObject({ nftables: z.array(z.unknown()) })

/** Reads the answer of `nft -j list ruleset`: the rules that count. */
export function parseRuleCounters(text: string): RuleCounter[] {
  const { nftables } = parse(Ruleset, parseJson(text === '' ? '{"nftables":[]}' : text, 'nft -j list ruleset'), 'nft -j list ruleset')
  return nftables.flatMap((object) => {
    const found = Rule.safeParse(object).data?.rule
    if (found === undefined) return []
    const { family, table, chain, comment, expr } = found
    return expr.flatMap((expression) => {
      const counter = Counter.safeParse(expression).data?.counter
      if (counter === undefined) return []
      return [{ family, table, chain, ...(comment === undefined ? {} : { comment }), packets: counter.packets, bytes: counter.bytes }]
    })
  })
}

/** `-t` leaves out the elements of maps, of which NAT has one for each host. */
export async function lookAtRuleCounters(host: Host): Promise<RuleCounter[]> {
  return parseRuleCounters((await host.query(['nft', '-j', '-t', 'list', 'ruleset'])).stdout)
}
