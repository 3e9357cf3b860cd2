/** The nftables rules of one bridge, whole: our tables are replaced in one transaction, nobody else's are touched. Pure. */
import type { BridgeSettings, Member } from './model.ts'

/** Adding before deleting makes the deletion succeed on the first run as well (nft(8), "atomic rule replacement"). */
function replaced(family: 'ip' | 'bridge', name: string, body: readonly string[]): string[] {
  return [`table ${family} ${name}`, `delete table ${family} ${name}`, `table ${family} ${name} {`, ...body, '}']
}

function forwardMap(members: readonly Member[]): string[] {
  const elements = members.flatMap(({ address, forwards }) => forwards.map(({ host, guest }) => `${host} : ${address} . ${guest}`))
  if (elements.length === 0) return []
  const destination = 'fib daddr type local dnat ip to tcp dport map @forwards'
  return [
    '  map forwards {',
    '    type inet_service : ipv4_addr . inet_service',
    `    elements = { ${elements.join(', ')} }`,
    '  }',
    '  chain arriving {',
    '    type nat hook prerouting priority dstnat',
    `    ${destination}`,
    '  }',
    // Connections that this computer opens itself never pass prerouting.
    '  chain own {',
    '    type nat hook output priority -100',
    `    ${destination}`,
    '  }',
  ]
}

function addressTable({ bridge, subnet, uplink }: BridgeSettings, members: readonly Member[]): string[] {
  const outside = uplink === undefined ? `oifname != "${bridge}"` : `oifname "${uplink}"`
  return [
    ...forwardMap(members),
    '  chain leaving {',
    '    type nat hook postrouting priority srcnat',
    `    ip saddr ${subnet} ${outside} masquerade`,
    // The loopback address must not leave; a guest that comes back to itself through a forward must see another address.
    `    ip saddr 127.0.0.0/8 oifname "${bridge}" masquerade`,
    `    ip saddr ${subnet} ip daddr ${subnet} ct status dnat masquerade`,
    '  }',
    '  chain passing {',
    '    type filter hook forward priority filter; policy accept',
    // Whatever answers there would take the guest for this computer.
    `    iifname "${bridge}" ip daddr 169.254.169.254 drop`,
    `    iifname "${bridge}" oifname != "${bridge}" ip saddr ${subnet} accept`,
    `    iifname "${bridge}" oifname != "${bridge}" drop`,
    `    oifname "${bridge}" ct state established,related accept`,
    `    oifname "${bridge}" ct status dnat accept`,
    `    oifname "${bridge}" iifname != "${bridge}" drop`,
    '  }',
  ]
}

/** A guest speaks for itself only: frames with another MAC or address do not get onto the bridge. */
function spoofing(members: readonly Member[]): string[] {
  const rules = members.flatMap(({ tap, mac, address }) => [
    `    iifname "${tap}" ether saddr != ${mac} drop`,
    `    iifname "${tap}" ip saddr != { 0.0.0.0, ${address} } drop`,
    `    iifname "${tap}" arp saddr ip != { 0.0.0.0, ${address} } drop`,
  ])
  return ['  chain arriving {', '    type filter hook prerouting priority -300; policy accept', ...rules, '  }']
}

/** Input for `nft -f`: the tables are named after the bridge. */
export function renderFirewall(settings: BridgeSettings, members: readonly Member[]): string {
  const sorted = members.toSorted((a, b) => (a.tap < b.tap ? -1 : 1))
  const lines = [
    ...replaced('ip', settings.bridge, addressTable(settings, sorted)),
    ...replaced('bridge', settings.bridge, spoofing(sorted)),
  ]
  return `${lines.join('\n')}\n`
}

/** Input for `nft -f` that takes both tables away, whether they are there or not. */
export function renderNoFirewall({ bridge }: BridgeSettings): string {
  const lines = (['ip', 'bridge'] as const).flatMap((family) => [`table ${family} ${bridge}`, `delete table ${family} ${bridge}`])
  return `${lines.join('\n')}\n`
}
