/**
 * The nftables table of deterministic NAT, whole: loading the text replaces the table at once and touches no other. One map gives every
 * inside host its outside address and ports; the kernel finds it in constant time, where a rule per host would cost forwarding speed.
 */
import { contains, parsePrefix } from '@imp/kit/base/ip.ts'
import type { RouterConfig } from '../config/model.ts'
import { externalInterfaces } from '../interfaces/model.ts'
import type { Nat, NatBypass } from './model.ts'
import { blockAt, compileMapping, dotted } from './mapping.ts'

/** Name of the table, in the family `ip`. */
export const natTable = 'imp_nat'

function* elements(nat: Nat): Generator<string> {
  for (const each of nat.mappings) {
    const mapping = compileMapping(each)
    for (let offset = 0; offset < mapping.hosts; offset += 1) {
      const { outside, first, last } = blockAt(mapping, offset)
      // Also a single port is written as a range: the kernel takes nothing else in a map of intervals (EINVAL).
      yield `${dotted(mapping.insideBase + offset)} : ${dotted(outside)} . ${first}-${last}`
    }
  }
}

function covered(prefix: string, by: readonly string[]): boolean {
  return by.some((other) => other !== prefix && contains(parsePrefix(other), parsePrefix(prefix)))
}

/** Without those that lie inside others: sets of intervals refuse overlaps. */
function disjoint(prefixes: readonly string[]): string[] {
  return [...new Set(prefixes)].filter((prefix) => !covered(prefix, prefixes))
}

function braces(values: readonly string[]): string {
  return values.length === 1 ? (values[0] ?? '') : `{ ${values.join(', ')} }`
}

function bypassRules(bypass: readonly NatBypass[]): string[] {
  const bySource = Map.groupBy(bypass, (pair) => pair.source)
  return [...bySource].map(
    ([source, pairs]) => `ip saddr ${source} ip daddr ${braces(disjoint(pairs.map((pair) => pair.destination)))} return`,
  )
}

function chain(name: string, hook: string, rules: readonly string[]): string[] {
  return [`\tchain ${name} {`, `\t\t${hook}`, ...rules.map((rule) => `\t\t${rule}`), '\t}']
}

/**
 * The complete text for `nft -f -`, or undefined when nothing is translated. Only what leaves by an external interface is touched.
 * Sources of a mapping that could not be translated (other protocols, packets of no connection) are dropped and counted by the
 * chain `guard` rather than shown to the world with their inside address. An `input` fault for a mapping that cannot be.
 */
export function renderNat(config: RouterConfig): string | undefined {
  const { nat } = config
  const links = externalInterfaces(config).map((each) => JSON.stringify(each.link))
  if (nat === undefined || links.length === 0) return undefined
  const leaving = `oifname != ${braces(links)} return`
  const bypass = bypassRules(nat.bypass)
  const inside = braces(nat.mappings.map((mapping) => mapping.inside))
  return [
    `table ip ${natTable}`,
    `delete table ip ${natTable}`,
    `table ip ${natTable} {`,
    '\tmap det {',
    '\t\ttype ipv4_addr : interval ipv4_addr . inet_service',
    `\t\telements = { ${[...elements(nat)].join(',\n\t\t\t     ')} }`,
    '\t}',
    ...chain('translate', 'type nat hook postrouting priority srcnat; policy accept;', [
      leaving,
      ...bypass,
      'ip protocol { tcp, udp, icmp } snat ip to ip saddr map @det',
    ]),
    ...chain('guard', 'type filter hook postrouting priority srcnat + 10; policy accept;', [
      leaving,
      `ip saddr != ${inside} return`,
      ...bypass,
      'counter drop comment "not translatable"',
    ]),
    '}',
    '',
  ].join('\n')
}
