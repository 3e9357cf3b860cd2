/**
 * Other people's firewalls: a chain of theirs at the forward hook with policy drop (Docker, ufw) beats our accept, since every
 * chain of a hook must accept. The bridge is let through there; our own table still drops what must not pass.
 */
import { z } from 'zod'
import { parse, parseJson } from '@imp/kit/base/schema.ts'
import type { Host } from '@imp/kit/host/host.ts'

const Chain = z.looseObject({
  family: z.string(),
  table: z.string(),
  name: z.string(),
  hook: z.string().optional(),
  policy: z.string().optional(),
})
const Rule = z.looseObject({
  family: z.string(),
  table: z.string(),
  chain: z.string(),
  handle: z.int(),
  comment: z.string().optional(),
})
const Ruleset = z.looseObject({
  nftables: z.array(z.looseObject({ chain: Chain.optional(), rule: Rule.optional() })),
})

async function ruleset(host: Host): Promise<z.output<typeof Ruleset>['nftables']> {
  const { stdout } = await host.query(['nft', '-j', 'list', 'ruleset'])
  return parse(Ruleset, parseJson(stdout, 'the ruleset of nft'), 'the ruleset of nft').nftables
}

function mark(bridge: string): string {
  return `vmm ${bridge}`
}

/** Lets the bridge through every foreign chain that would drop it. Safe to repeat. */
export async function passForeignChains(host: Host, bridge: string): Promise<void> {
  const all = await ruleset(host)
  const chains = all.flatMap(({ chain }) => (chain?.hook === 'forward' && chain.policy === 'drop' && chain.table !== bridge ? [chain] : []))
  for (const { family, table, name } of chains) {
    if (family !== 'ip' && family !== 'inet') continue
    if (all.some(({ rule }) => rule?.table === table && rule.chain === name && rule.comment === mark(bridge))) continue
    // Only matches that iptables-nft itself writes: with others in its tables it refuses to work.
    for (const direction of ['iifname', 'oifname']) {
      await host.run(['nft', 'insert', 'rule', family, table, name, direction, bridge, 'accept', 'comment', `"${mark(bridge)}"`])
    }
  }
}

/** Takes our rules out of foreign chains again. */
export async function leaveForeignChains(host: Host, bridge: string): Promise<void> {
  for (const { rule } of await ruleset(host)) {
    if (rule?.comment !== mark(bridge)) continue
    await host.run(['nft', 'delete', 'rule', rule.family, rule.table, rule.chain, 'handle', String(rule.handle)])
  }
}
