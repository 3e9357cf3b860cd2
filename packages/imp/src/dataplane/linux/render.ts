/** The configuration as state of the Linux kernel. Pure. */
import type { RouterConfig } from '../../config/model.ts'
import { natTable, renderNat } from '../../nat/render.ts'
import type { DesiredLink, DesiredLinux, DesiredTable } from './desired.ts'
import { layer2Names, renderLinks } from './links.ts'
import { nat64Table, renderNat64Table, renderTranslator } from './render-nat64.ts'
import { policyTableName, renderPolicyTable, renderRules } from './policy.ts'
import { withDigest } from './table.ts'

/** An interface name inside a sysctl key: sysctl(8) writes its dots as slashes. */
function keyName(link: string): string {
  return link.replaceAll('.', '/')
}

/**
 * Settings of the whole namespace. rp_filter takes the greater of `all` and the interface; any check of the way back drops what policy
 * routes and several upstreams make asymmetric, so it is off and stays off for links that come later. promote_secondaries keeps the
 * other addresses of a network when the first one goes. Any interface answers for any address, as everywhere on Linux, whatever forwarded
 * before. Bridged frames must not meet the rules for routed packets.
 * (kernel: Documentation/networking/ip-sysctl.rst)
 */
const general: Readonly<Record<string, string>> = {
  'net.ipv4.ip_forward': '1',
  'net.ipv6.conf.all.forwarding': '1',
  'net.ipv4.conf.all.rp_filter': '0',
  'net.ipv4.conf.default.rp_filter': '0',
  'net.ipv4.conf.all.arp_ignore': '0',
  'net.ipv4.conf.all.promote_secondaries': '1',
  'net.ipv6.conf.default.accept_ra': '0',
  'net.bridge.bridge-nf-call-iptables': '0',
  'net.bridge.bridge-nf-call-ip6tables': '0',
  'net.bridge.bridge-nf-call-arptables': '0',
}

/** A router takes no routes from advertisements of others; links that only pass frames speak no IPv6. */
function linkSysctls(link: DesiredLink, layer2: ReadonlySet<string>): [string, string][] {
  if (link.kind === 'loopback') return []
  const name = keyName(link.name)
  if (layer2.has(link.name)) return [[`net.ipv6.conf.${name}.disable_ipv6`, '1']]
  return [
    [`net.ipv6.conf.${name}.disable_ipv6`, '0'],
    [`net.ipv6.conf.${name}.accept_ra`, '0'],
    [`net.ipv4.conf.${name}.rp_filter`, '0'],
  ]
}

function renderTables(config: RouterConfig): DesiredTable[] {
  const nat = renderNat(config)
  const policy = renderPolicyTable(config)
  const nat64 = renderNat64Table(config)
  return [
    ...(nat === undefined ? [] : [withDigest({ family: 'ip', name: natTable, text: nat })]),
    ...(nat64 === undefined ? [] : [withDigest({ family: 'inet', name: nat64Table, text: nat64 })]),
    ...(policy === undefined ? [] : [withDigest({ family: 'inet', name: policyTableName, text: policy })]),
  ]
}

/** What the kernel shall have: links, addresses, settings, rules and tables. Routes are FRR's. */
export function renderLinux(config: RouterConfig): DesiredLinux {
  const links = renderLinks(config)
  const layer2 = layer2Names(config)
  const sysctls = { ...general, ...Object.fromEntries(links.flatMap((link) => linkSysctls(link, layer2))) }
  const translator = renderTranslator(config)
  return {
    links,
    sysctls,
    rules: renderRules(config),
    tables: renderTables(config),
    ...(translator === undefined ? {} : { translator }),
  }
}
