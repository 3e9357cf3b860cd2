/** The nftables rules of one bridge, whole: our tables are replaced in one transaction, nobody else's are touched. Pure. */
import { parseAddress } from '@imp/kit/base/ip.ts'
import { portsOf, protocolOf, type BridgeSettings, type Destination, type EgressPolicy, type Member, type PortForward } from './model.ts'

/** Adding before deleting makes the deletion succeed on the first run as well (nft(8), "atomic rule replacement"). */
function replaced(family: 'inet' | 'bridge', name: string, body: readonly string[]): string[] {
  return [`table ${family} ${name}`, `delete table ${family} ${name}`, `table ${family} ${name} {`, ...body, '}']
}

interface ForwardMap {
  readonly name: string
  readonly family: 'ip' | 'ip6'
  readonly bound: boolean
  readonly elements: readonly string[]
}

/** Which members take part in a map, and by which of their addresses. */
function elementsOf(members: readonly Member[], family: ForwardMap['family'], bound: boolean): string[] {
  const isSix = (address: string): boolean => address.includes(':')
  const wanted = ({ address }: PortForward): boolean =>
    bound ? address !== undefined && isSix(address) === (family === 'ip6') : address === undefined
  return members.flatMap((member) => {
    const guest = family === 'ip' ? member.address : member.address6
    if (guest === undefined) return []
    return member.forwards.filter(wanted).flatMap((forward) =>
      portsOf(forward).map((port) => {
        const key = [...(bound ? [forward.address] : []), protocolOf(forward), port.host].join(' . ')
        return `${key} : ${guest} . ${port.guest}`
      }),
    )
  })
}

function forwardMaps(members: readonly Member[]): ForwardMap[] {
  const all = (['ip', 'ip6'] as const).flatMap((family) =>
    [true, false].map((bound) => ({
      name: `${bound ? 'bound' : 'forwards'}${family === 'ip6' ? '6' : ''}`,
      family,
      bound,
      elements: elementsOf(members, family, bound),
    })),
  )
  return all.filter(({ elements }) => elements.length > 0)
}

function declareMap({ name, family, bound, elements }: ForwardMap): string[] {
  const address = family === 'ip' ? 'ipv4_addr' : 'ipv6_addr'
  return [
    `  map ${name} {`,
    `    type ${bound ? `${address} . ` : ''}inet_proto . inet_service : ${address} . inet_service`,
    `    elements = { ${elements.join(', ')} }`,
    '  }',
  ]
}

/** Only what is addressed to this computer: the same port of another one is none of ours. */
function lookUp({ name, family, bound }: ForwardMap): string {
  const key = `${bound ? `${family} daddr . ` : ''}meta l4proto . th dport`
  return `    meta nfproto ${family === 'ip' ? 'ipv4' : 'ipv6'} fib daddr type local dnat ${family} to ${key} map @${name}`
}

function forwarding(members: readonly Member[]): string[] {
  const maps = forwardMaps(members)
  if (maps.length === 0) return []
  return [
    ...maps.flatMap(declareMap),
    '  chain arriving {',
    '    type nat hook prerouting priority dstnat',
    ...maps.map(lookUp),
    '  }',
    // Connections that this computer opens itself never pass prerouting.
    '  chain own {',
    '    type nat hook output priority -100',
    ...maps.map(lookUp),
    '  }',
  ]
}

function masquerading({ bridge, subnet, subnet6 }: BridgeSettings): string[] {
  // Whatever interface the route leads to: a default route that moves needs no new rule.
  const outside = `oifname != "${bridge}"`
  return [
    '  chain leaving {',
    '    type nat hook postrouting priority srcnat',
    `    ip saddr ${subnet} ${outside} masquerade`,
    // The loopback address must not leave; a guest that comes back to itself through a forward must see another address.
    `    ip saddr 127.0.0.0/8 oifname "${bridge}" masquerade`,
    `    ip saddr ${subnet} ip daddr ${subnet} ct status dnat masquerade`,
    ...(subnet6 === undefined
      ? []
      : [`    ip6 saddr ${subnet6} ${outside} masquerade`, `    ip6 saddr ${subnet6} ip6 daddr ${subnet6} ct status dnat masquerade`]),
    '  }',
  ]
}

function family(address: string): 'ip' | 'ip6' {
  return address.includes(':') ? 'ip6' : 'ip'
}

/** A rule that accepts one destination; `source` is a match, or empty. None where the source has the other family. */
function permit(source: string, destination: Destination): string[] {
  if (destination === 'dns') return [`    ${source}meta l4proto { tcp, udp } th dport 53 accept`]
  const { prefix, ports } = destination
  if (source !== '' && !source.startsWith(`${family(prefix)} `)) return []
  const range = ports === undefined ? '' : ports.first === ports.last ? `${ports.first}` : `${ports.first}-${ports.last}`
  return [`    ${source}${family(prefix)} daddr ${prefix} ${range === '' ? '' : `meta l4proto { tcp, udp } th dport ${range} `}accept`]
}

function verdicts(source: string, { policy, allow }: EgressPolicy): string[] {
  const allowed = policy === 'allow-list' ? allow.flatMap((each) => permit(source, each)) : []
  return [...allowed, `    ${source}${policy === 'internet' ? 'accept' : 'drop'}`]
}

const everything: EgressPolicy = { policy: 'internet', allow: [] }

/** What leaves the bridge: answers, then what the policy of the machine says, then that of the network. */
function egress({ subnet, subnet6, egress: policy = everything }: BridgeSettings, members: readonly Member[]): string[] {
  const own = members.flatMap(({ address, address6, egress: its }) =>
    its === undefined
      ? []
      : [...verdicts(`ip saddr ${address} `, its), ...(address6 === undefined ? [] : verdicts(`ip6 saddr ${address6} `, its))],
  )
  return [
    '  chain egress {',
    '    ct state established,related accept',
    `    meta nfproto ipv4 ip saddr != ${subnet} drop`,
    subnet6 === undefined ? '    meta nfproto ipv6 drop' : `    meta nfproto ipv6 ip6 saddr != ${subnet6} drop`,
    ...own,
    ...verdicts('', policy),
    '  }',
  ]
}

function passing({ bridge, isolated = false }: BridgeSettings): string[] {
  return [
    '  chain passing {',
    '    type filter hook forward priority filter; policy accept',
    // Whatever answers there would take the guest for this computer.
    `    iifname "${bridge}" ip daddr 169.254.169.254 drop`,
    `    iifname "${bridge}" oifname != "${bridge}" jump egress`,
    `    oifname "${bridge}" ct state established,related accept`,
    `    oifname "${bridge}" ct status dnat accept`,
    // Through this computer is no way around the isolation of ports.
    `    oifname "${bridge}" ${isolated ? '' : `iifname != "${bridge}" `}drop`,
    '  }',
  ]
}

function addressTable(settings: BridgeSettings, members: readonly Member[]): string[] {
  return [...forwarding(members), ...masquerading(settings), ...egress(settings, members), ...passing(settings)]
}

/** 32 hexadecimal digits, as a raw payload expression is compared with. */
function digits(address6: string): string {
  return `0x${parseAddress(address6, 6).value.toString(16).padStart(32, '0')}`
}

/** Neighbour advertisements for addresses of others (RFC 4861 4.4: the target is at offset 8 of the message). */
function advertisements(tap: string, address6: string | undefined): string {
  const other = address6 === undefined ? '' : ` @th,64,128 != ${digits(address6)}`
  return `    iifname "${tap}" icmpv6 type nd-neighbor-advert @th,64,16 != 0xfe80${other} drop`
}

/** A guest speaks for itself only: frames with another MAC or address do not get onto the bridge, nor does it pose as router or DHCP server. */
function spoofing(members: readonly Member[]): string[] {
  const rules = members.flatMap(({ tap, mac, address, address6 }) => [
    `    iifname "${tap}" ether saddr != ${mac} drop`,
    `    iifname "${tap}" ip saddr != { 0.0.0.0, ${address} } drop`,
    `    iifname "${tap}" arp saddr ip != { 0.0.0.0, ${address} } drop`,
    `    iifname "${tap}" ip6 saddr != { ::, fe80::/10${address6 === undefined ? '' : `, ${address6}`} } drop`,
    `    iifname "${tap}" icmpv6 type { nd-router-advert, nd-redirect } drop`,
    advertisements(tap, address6),
    `    iifname "${tap}" udp sport { 67, 547 } drop`,
  ])
  // Of what a port reflects, only what is meant for the guest itself: it must not hear its own broadcasts.
  const reflected = members.map(({ tap, mac }) => `    iifname "${tap}" oifname "${tap}" ether daddr != ${mac} drop`)
  const chain = (name: string, hook: string, lines: readonly string[]): string[] => [
    `  chain ${name} {`,
    `    type filter hook ${hook}; policy accept`,
    ...lines,
    '  }',
  ]
  return [...chain('arriving', 'prerouting priority -300', rules), ...chain('reflected', 'forward priority -200', reflected)]
}

/** Input for `nft -f`: the tables are named after the bridge. */
export function renderFirewall(settings: BridgeSettings, members: readonly Member[]): string {
  const sorted = members.toSorted((a, b) => (a.tap < b.tap ? -1 : 1))
  const lines = [
    ...replaced('inet', settings.bridge, addressTable(settings, sorted)),
    ...replaced('bridge', settings.bridge, spoofing(sorted)),
  ]
  return `${lines.join('\n')}\n`
}

/** Input for `nft -f` that takes both tables away, whether they are there or not. */
export function renderNoFirewall({ bridge }: BridgeSettings): string {
  const lines = (['inet', 'bridge'] as const).flatMap((each) => [`table ${each} ${bridge}`, `delete table ${each} ${bridge}`])
  return `${lines.join('\n')}\n`
}
