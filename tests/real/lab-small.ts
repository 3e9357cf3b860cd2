/** A small lab: two FRR routers with BGP between them, a client behind one, a server behind the other. */

function router(asn: number, other: number, own: string, peer: string, lan: string): string {
  return `frr defaults traditional
ip forwarding
interface wan
 ip address ${own}/30
exit
interface lan
 ip address ${lan}.1/24
exit
router bgp ${asn}
 no bgp ebgp-requires-policy
 neighbor ${peer} remote-as ${other}
 neighbor ${peer} timers 1 3
 neighbor ${peer} timers connect 1
 address-family ipv4 unicast
  network ${lan}.0/24
 exit-address-family
exit
`
}

const topology = `name: placeholder
topology:
  nodes:
    west: {kind: frr, startup-config: west.conf}
    east: {kind: frr, startup-config: east.conf}
    client:
      kind: host
      exec:
        - ip address add 198.51.100.10/24 dev eth1
        - ip route add default via 198.51.100.1
    server:
      kind: host
      exec:
        - ip address add 203.0.113.10/24 dev eth1
        - ip route add default via 203.0.113.1
        - {command: sleep infinity, background: true}
  links:
    - endpoints: ["client:eth1", "west:lan"]
    - endpoints: ["west:wan", "east:wan"]
    - endpoints: ["east:lan", "server:eth1"]
verify:
  - session: {node: west, peer: 192.0.2.2}
  - route: {node: west, prefix: 203.0.113.0/24, protocol: bgp, via: 192.0.2.2}
  - routes: {node: east, protocol: bgp, exactly: [198.51.100.0/24]}
  - reach: {from: client, to: 203.0.113.10}
  - no-reach: {from: client, to: 203.0.113.77}
  - seen-as: {from: client, to: 203.0.113.10, address: 198.51.100.10}
  - seen-as: {from: client, to: 203.0.113.10, protocol: udp, address: 198.51.100.10}
`

export const small = {
  'lab.yaml': topology,
  'west.conf': router(64500, 64496, '192.0.2.1', '192.0.2.2', '198.51.100'),
  'east.conf': router(64496, 64500, '192.0.2.2', '192.0.2.1', '203.0.113'),
}

/** With a relay, where the kernel has no netem: a process and a namespace more that might stay behind. */
export const smallWithDelay = {
  ...small,
  'lab.yaml': topology.replace('- endpoints: ["west:wan", "east:wan"]', '- {endpoints: ["west:wan", "east:wan"], delay: 2ms}'),
}
