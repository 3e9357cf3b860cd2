/**
 * Other people's firewalls: a chain of theirs at the forward hook that drops (Docker, ufw, firewalld) beats our accept, since every
 * chain of a hook must accept. The bridge is let through there; our own table still drops what must not pass.
 */
import { parse, parseJson } from '@imp/kit/base/schema.ts'
import type { Host } from '@imp/kit/host/host.ts'
import { leaveLegacyChains, passLegacyChains } from './legacy.ts'
import { closedChains, Ruleset, rulesOf, type Chain, type Rules } from './model.ts'

async function ruleset(host: Host): Promise<Rules> {
  const { stdout } = await host.query(['nft', '-j', 'list', 'ruleset'])
  return parse(Ruleset, parseJson(stdout, 'the ruleset of nft'), 'the ruleset of nft').nftables
}

function mark(bridge: string): string {
  return `vmm ${bridge}`
}

/** Tables of vmm itself: those named after a bridge of its own have these chains. */
function isOurs(all: Rules, { family, table }: Chain): boolean {
  return all.some(({ chain }) => chain?.family === family && chain.table === table && chain.name === 'egress')
}

/** Lets the bridge through every foreign chain that would drop it. Safe to repeat. */
export async function passForeignChains(host: Host, bridge: string): Promise<void> {
  const all = await ruleset(host)
  const missing = closedChains(all).flatMap((chain) => {
    if (isOurs(all, chain) || rulesOf(all, chain).some(({ comment }) => comment === mark(bridge))) return []
    const { family, table, name } = chain
    // Only matches that iptables-nft itself writes: with others in its tables it refuses to work.
    return ['iifname', 'oifname'].map(
      (direction) => `insert rule ${family} ${table} ${name} ${direction} "${bridge}" accept comment "${mark(bridge)}"`,
    )
  })
  // In one transaction: never one direction without the other.
  if (missing.length > 0) await host.run(['nft', '-f', '-'], { input: `${missing.join('\n')}\n` })
  await passLegacyChains(host, bridge)
}

/** Takes our rules out of foreign chains again. */
export async function leaveForeignChains(host: Host, bridge: string): Promise<void> {
  const ours = (await ruleset(host)).flatMap(({ rule }) => (rule?.comment === mark(bridge) ? [rule] : []))
  const lines = ours.map(({ family, table, chain, handle }) => `delete rule ${family} ${table} ${chain} handle ${handle}`)
  if (lines.length > 0) await host.run(['nft', '-f', '-'], { input: `${lines.join('\n')}\n` })
  await leaveLegacyChains(host, bridge)
}

/** Whether anybody but us passes packets on: chains of others at the forward hook, or addresses that others translate. */
export async function othersForward(host: Host): Promise<boolean> {
  const all = await ruleset(host)
  return all.some(
    ({ chain }) => (chain?.hook === 'forward' || (chain?.hook === 'postrouting' && chain.type === 'nat')) && !isOurs(all, chain),
  )
}
