/**
 * NAT64 of the Linux dataplane in two halves: tayga gives every IPv6 host an IPv4 address of its own and translates packets one to one
 * (RFC 7915), connection tracking then has them all share the pool. Together they do what RFC 6146 asks of a stateful NAT64. Pure.
 */
import { formatPrefix, parsePrefix } from '@imp/kit/base/ip.ts'
import type { RouterConfig } from '../../config/model.ts'
import { clientInterfaces, translatorLink, translatorNetwork, untranslatable } from '../../nat64/model.ts'

/** Name of the nftables table, in the family `inet`. */
export const nat64Table = 'imp_nat64'

/** Sources of the translator's own errors: the dummy address of RFC 7600, and a unique local one (RFC 4193) that stays on this site. */
const ownAddress4 = '192.0.0.8'
const ownAddress6 = 'fd69:6d70:6c6b:64::1'

/** tayga.conf(5) without `data-dir`, which depends on the place; undefined without NAT64. */
export function renderTranslator({ nat64 }: RouterConfig): string | undefined {
  if (nat64 === undefined) return undefined
  const lines = [
    `tun-device ${translatorLink}`,
    `ipv4-addr ${ownAddress4}`,
    `ipv6-addr ${ownAddress6}`,
    `prefix ${formatPrefix(parsePrefix(nat64.prefix, 6))}`,
    `dynamic-pool ${translatorNetwork}`,
  ]
  return lines.map((line) => `${line}\n`).join('')
}

function braces(values: readonly string[]): string {
  return values.length === 1 ? (values[0] ?? '') : `{ ${values.join(', ')} }`
}

/** An address alone is written without its length, as the kernel lists it. */
function poolText(pool: string): string {
  return formatPrefix(parsePrefix(pool, 4)).replace(/\/32$/, '')
}

function chain(name: string, hook: string, rules: readonly string[]): string[] {
  return [`\tchain ${name} {`, `\t\t${hook}`, ...rules.map((rule) => `\t\t${rule}`), '\t}']
}

/**
 * The complete text for `nft -f -`, or undefined without NAT64. Only hosts behind the interfaces that it is for reach the translator,
 * nobody reaches their hosts by its network, and what the well-known prefix must not stand for is refused before the translator drops
 * it in silence.
 */
export function renderNat64Table(config: RouterConfig): string | undefined {
  const { nat64 } = config
  if (nat64 === undefined) return undefined
  const links = clientInterfaces(config).map(({ link }) => JSON.stringify(link))
  const refused = untranslatable(nat64).map(formatPrefix)
  const offered = links.length === 0 ? '' : `iifname != ${braces(links)} `
  return [
    `table inet ${nat64Table}`,
    `delete table inet ${nat64Table}`,
    `table inet ${nat64Table} {`,
    ...chain('guard', 'type filter hook forward priority filter; policy accept;', [
      `oifname != "${translatorLink}" return`,
      'meta nfproto ipv4 ct state { established, related } return',
      'meta nfproto ipv4 counter drop comment "no session"',
      `${offered}counter drop comment "not for this interface"`,
      ...(refused.length === 0 ? [] : [`ip6 daddr ${braces(refused)} counter reject with icmpv6 addr-unreachable comment "not global"`]),
    ]),
    ...chain('translate', 'type nat hook postrouting priority srcnat; policy accept;', [
      `ip saddr ${translatorNetwork} snat ip to ${poolText(nat64.pool)} persistent`,
    ]),
    '}',
    '',
  ].join('\n')
}
