/** Policy routing: nftables marks packets by their source, rules send marked packets to a table of their own. Pure. */
import {
  contains,
  formatPrefix,
  networkOf,
  parseAddress,
  parseInterfaceAddress,
  parsePrefix,
  type Family,
  type Prefix,
} from '@imp/kit/base/ip.ts'
import type { RouterConfig } from '../../config/model.ts'
import { layer3Interfaces } from '../../interfaces/model.ts'
import { policyMarkMask, policyTable, type PolicyRoute } from '../../routing/model.ts'
import type { Rule } from './desired.ts'

/** Name of the nftables table, in the family `inet`. */
export const policyTableName = 'imp_pbr'

function connected(config: RouterConfig): Prefix[] {
  return layer3Interfaces(config).flatMap((each) => each.addresses.map((address) => networkOf(parseInterfaceAddress(address))))
}

/** Static routes that lead to networks behind our own interfaces, as opposed to those towards upstreams. */
function routedInside(config: RouterConfig): Prefix[] {
  const internal = layer3Interfaces(config).filter((each) => each.role === 'internal')
  const networks = internal.flatMap((each) => each.addresses.map((address) => networkOf(parseInterfaceAddress(address))))
  const inside = config.routes.filter(
    (route) =>
      internal.some((each) => each.name === route.interface) ||
      (route.via !== undefined && networks.some((network) => contains(network, parseAddress(route.via ?? '')))),
  )
  return inside.map((route) => parsePrefix(route.prefix)).filter((prefix) => prefix.length > 0)
}

/** Own networks of a family, without those that lie inside others: traffic to them never leaves by a policy route. */
function ownNetworks(config: RouterConfig, family: Family): string[] {
  const announced = (config.bgp?.announced ?? []).map((prefix) => parsePrefix(prefix))
  const all = [...connected(config), ...routedInside(config), ...announced].filter((prefix) => prefix.family === family)
  const unique = [...new Map(all.map((prefix) => [formatPrefix(prefix), prefix])).values()]
  return unique
    .filter((prefix) => !unique.some((other) => other !== prefix && contains(other, prefix)))
    .map(formatPrefix)
    .toSorted()
}

function familyOf(policy: PolicyRoute): Family {
  return parseAddress(policy.via).family
}

function braces(values: readonly string[]): string {
  return values.length === 1 ? (values[0] ?? '') : `{ ${values.join(', ')} }`
}

function selector(policy: PolicyRoute, links: ReadonlyMap<string, string>): string {
  const source = `${familyOf(policy) === 4 ? 'ip' : 'ip6'} saddr ${braces(policy.from)}`
  const incoming = policy.incoming === undefined ? undefined : links.get(policy.incoming)
  return incoming === undefined ? source : `iifname ${JSON.stringify(incoming)} ${source}`
}

/** The complete text for `nft -f -`, or undefined without policy routes. The first route that fits decides. */
export function renderPolicyTable(config: RouterConfig): string | undefined {
  if (config.policyRoutes.length === 0) return undefined
  const links = new Map(layer3Interfaces(config).map((each) => [each.name, each.link]))
  const own = ([4, 6] as const).flatMap((family) => {
    const networks = ownNetworks(config, family)
    return networks.length === 0 ? [] : [`\t\t${family === 4 ? 'ip' : 'ip6'} daddr ${braces(networks)} return`]
  })
  const keep = `0x${(~policyMarkMask >>> 0).toString(16)}`
  const marks = config.policyRoutes.map((policy, index) => {
    const { mark } = policyTable(index)
    return `\t\t${selector(policy, links)} meta mark set meta mark and ${keep} or 0x${mark.toString(16)} accept`
  })
  return [
    `table inet ${policyTableName}`,
    `delete table inet ${policyTableName}`,
    `table inet ${policyTableName} {`,
    '\tchain prerouting {',
    '\t\ttype filter hook prerouting priority mangle; policy accept;',
    '\t\tfib daddr type { local, broadcast, multicast } return',
    ...own,
    ...marks,
    '\t}',
    '}',
    '',
  ].join('\n')
}

/** One rule per policy route; its priority is the number of its table. The tables are filled by FRR's staticd. */
export function renderRules(config: RouterConfig): Rule[] {
  return config.policyRoutes.map((policy, index) => {
    const { table, mark } = policyTable(index)
    return { family: familyOf(policy), priority: table, mark, mask: policyMarkMask, table }
  })
}
