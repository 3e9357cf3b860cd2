/**
 * Links as commands: one `ip -batch` text for all of a kind, so that a hundred links take one process. Pure. Names always follow `name`
 * or `dev`: where iproute2 may also read a keyword, it takes `a` for `address`.
 */
import type { End, LinkDefinition, NodeDefinition, Wiring } from './definition.ts'
import { linkKey, linksOf } from './definition.ts'
import { bridgeName, namespaceOf, relayNamespaceOf, tapName } from './names.ts'

/** Lines for `ip -batch -`, by the namespace in which they are to be run; the key `''` is this machine's own. */
export type Batches = ReadonlyMap<string, readonly string[]>

/** The two sides of a relay's namespace: the far end of a node's link, and the device through which the relay reads and writes it. */
export const relaySides = [
  { link: 'end0', device: 'tap0' },
  { link: 'end1', device: 'tap1' },
] as const

function pair(own: string, ownNamespace: string, peer: string, peerNamespace: string): string {
  return `link add name ${own} netns ${ownNamespace} type veth peer name ${peer} netns ${peerNamespace}`
}

function addLink(lab: string, link: LinkDefinition): string[] {
  const [a, b] = link.ends
  if (!link.relayed) return [pair(a.interface, namespaceOf(lab, a.node), b.interface, namespaceOf(lab, b.node))]
  const relay = relayNamespaceOf(lab, link)
  return link.ends.map((end, side) => pair(end.interface, namespaceOf(lab, end.node), relaySides[side]?.link ?? '', relay))
}

/** Card of a guest: its end of the link and the TAP of the engine on a bridge that forwards everything it can. */
function joinTap(end: End, index: number): string[] {
  const [bridge, tap] = [bridgeName(index), tapName(index)]
  return [
    `link add name ${bridge} type bridge stp_state 0 forward_delay 0 mcast_snooping 0`,
    `tuntap add dev ${tap} mode tap`,
    `link set dev ${tap} master ${bridge}`,
    `link set dev ${end.interface} master ${bridge}`,
    ...[bridge, tap, end.interface].map((name) => `link set dev ${name} up`),
  ]
}

function relayLines(): string[] {
  return relaySides.flatMap(({ link, device }) => [
    `link set dev ${link} up`,
    `link add link ${link} name ${device} type macvtap mode passthru`,
    // Multicast reaches a macvtap only for groups that somebody joined on it, and nobody does: neighbour discovery needs all of them.
    `link set dev ${device} allmulticast on up`,
  ])
}

function nodeLines(lab: Wiring, node: Wiring['nodes'][number], wanted: ReadonlySet<string>): string[] {
  return linksOf(lab, node.name).flatMap(({ link, own }, index) => {
    if (!wanted.has(linkKey(link))) return []
    return node.realised === 'guest' ? joinTap(own, index + 1) : [`link set dev ${own.interface} up`]
  })
}

/** What makes these links of the lab: first the pairs, then in each namespace what brings its ends up. */
export function wireBatches(lab: Wiring, links: readonly LinkDefinition[]): { pairs: readonly string[]; inside: Batches } {
  const wanted = new Set(links.map(linkKey))
  const inside = new Map<string, readonly string[]>()
  for (const node of lab.nodes) {
    const lines = nodeLines(lab, node, wanted)
    if (lines.length > 0) inside.set(namespaceOf(lab.name, node.name), lines)
  }
  for (const link of links) if (link.relayed) inside.set(relayNamespaceOf(lab.name, link), relayLines())
  return { pairs: links.flatMap((link) => addLink(lab.name, link)), inside }
}

/** Settings of the kernel in a new namespace, for sysctl(8). */
export function namespaceSettings(realised: NodeDefinition['realised'] | 'relay'): string[] {
  // Bridged frames are none of the firewall's business; where the kernel has no such setting, there is nothing to turn off.
  const bridged = ['iptables', 'ip6tables', 'arptables'].map((each) => `net.bridge.bridge-nf-call-${each}=0`)
  // Links of a lab have no duplicates to detect, and nobody wants to wait a second for each address to become usable (RFC 4862 5.4).
  if (realised === 'namespace') return [...bridged, 'net.ipv6.conf.all.accept_dad=0', 'net.ipv6.conf.default.accept_dad=0']
  // These namespaces only carry frames for others: they must not speak on the link themselves.
  return [...bridged, 'net.ipv6.conf.all.disable_ipv6=1', 'net.ipv6.conf.default.disable_ipv6=1']
}
