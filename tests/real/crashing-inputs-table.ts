/** The inputs of crashing-inputs.test.ts: what is in them, and where what must be found. */

const wan = { name: 'wan', role: 'external', addresses: ['198.51.100.2/30'] }
const lan = { name: 'lan', role: 'internal', addresses: ['192.168.0.1/24'] }
export const sound = {
  schema: 'imp.router',
  version: 1,
  hostname: 'edge1',
  interfaces: [wan, lan],
  routes: [{ prefix: '0.0.0.0/0', via: '198.51.100.1' }],
}
const mapping = { inside: '192.168.0.0/24', outside: '203.0.113.0/30' }
const bgp = {
  asn: 64500,
  routerId: '198.51.100.2',
  announced: ['203.0.113.0/24'],
  peers: [{ name: 'upstream', address: '198.51.100.1', asn: 64496 }],
}
const bridge = { id: 100, members: [{ interface: 'lan', vlan: 40 }] }

export interface Case {
  readonly title: string
  /** What is different from a sound document, or the whole text of the file. */
  readonly changes: object | string
  readonly path: string
  readonly message: RegExp
}

export const cases: readonly Case[] = [
  {
    title: 'a network without a length',
    changes: { nat: { mappings: [{ ...mapping, inside: '192.168.0.0' }] } },
    path: 'nat.mappings[0].inside',
    message: /not a network prefix/,
  },
  {
    title: 'a dotted mask',
    changes: { nat: { mappings: [{ ...mapping, outside: '203.0.113.0/255.255.255.252' }] } },
    path: 'nat.mappings[0].outside',
    message: /not a network prefix/,
  },
  {
    title: 'a network with host bits',
    changes: { routes: [{ prefix: '192.0.2.1/24', via: '198.51.100.1' }] },
    path: 'routes[0].prefix',
    message: /the network is 192\.0\.2\.0\/24/,
  },
  {
    title: 'an address that is a network',
    changes: { interfaces: [wan, { ...lan, addresses: ['192.168.0.0/24'] }] },
    path: 'interfaces[1].addresses[0]',
    message: /the network .* itself/,
  },
  {
    title: 'an address of length 0',
    changes: { interfaces: [wan, { ...lan, addresses: ['192.168.0.1/0'] }] },
    path: 'interfaces[1].addresses[0]',
    message: /length is 0/,
  },
  {
    title: 'a container network that is too small',
    changes: { container: { network: '10.1.1.0/29' } },
    path: 'container.network',
    message: /too few/,
  },
  {
    title: 'a gateway that nobody reaches',
    changes: { routes: [{ prefix: '0.0.0.0/0', via: '203.0.113.1' }] },
    path: 'routes[0].via',
    message: /no connected network/,
  },
  {
    title: 'a management gateway elsewhere',
    changes: { management: { nic: { name: 'eno1' }, mode: 'static', addresses: ['192.0.2.10/25'], gateways: ['192.0.2.200'] } },
    path: 'management.gateways[0]',
    message: /no network of the management port/,
  },
  {
    title: 'overlapping networks',
    changes: { interfaces: [wan, lan, { name: 'lan2', role: 'internal', addresses: ['192.168.0.129/25'] }] },
    path: 'interfaces[2].addresses[0]',
    message: /overlaps/,
  },
  {
    title: 'an address twice',
    changes: { interfaces: [wan, lan, { name: 'lan2', role: 'internal', addresses: ['192.168.0.1/24'] }] },
    path: 'interfaces[2].addresses[0]',
    message: /has already/,
  },
  {
    title: 'a card twice',
    changes: { interfaces: [wan, lan, { name: 'lan2', role: 'internal', nic: { name: 'lan' } }] },
    path: 'interfaces[2].nic',
    message: /takes already/,
  },
  {
    title: 'a PCI address of virtio',
    changes: { interfaces: [{ ...wan, nic: { pci: 'virtio2' } }, lan] },
    path: 'interfaces[0].nic.pci',
    message: /PCI address/,
  },
  {
    title: 'a name that Linux cannot have',
    changes: { interfaces: [wan, { ...lan, name: 'customers-of-the-north' }] },
    path: 'interfaces[1].name',
    message: /longer than 15/,
  },
  {
    title: 'a name that is too long with its VLAN',
    changes: { interfaces: [wan, { ...lan, name: 'customers-north', subinterfaces: [{ vlan: 40, addresses: ['10.0.0.1/24'] }] }] },
    path: 'interfaces[1].subinterfaces[0]',
    message: /Linux allows 15/,
  },
  {
    title: 'a command in a name',
    changes: { interfaces: [{ ...wan, name: 'wan\nshutdown' }, lan] },
    path: 'interfaces[0].name',
    message: /letters, digits/,
  },
  {
    title: 'a blank in a name',
    changes: { loopbacks: [{ instance: 0, name: 'router id', addresses: ['203.0.113.1/32'] }] },
    path: 'loopbacks[0].name',
    message: /letters, digits/,
  },
  {
    title: 'a command in a description',
    changes: { bgp: { ...bgp, peers: [{ ...bgp.peers[0], description: 'up\n neighbor 192.0.2.9 remote-as 1' }] } },
    path: 'bgp.peers[0].description',
    message: /one line/,
  },
  { title: 'a command in a host name', changes: { hostname: 'edge\nend' }, path: 'hostname', message: /DNS labels/ },
  {
    title: 'a VLAN that is an interface and bridged',
    changes: { interfaces: [wan, { ...lan, subinterfaces: [{ vlan: 40, addresses: ['10.0.0.1/24'] }] }], bridges: [bridge] },
    path: 'bridges[0].members[0]',
    message: /takes already/,
  },
  {
    title: 'a VLAN that is bridged and passed through',
    changes: { bridges: [bridge], crossConnects: [{ from: 'wan', to: 'lan', vlan: 40 }] },
    path: 'crossConnects[0].to',
    message: /takes already/,
  },
  {
    title: 'a bridged port that is routed',
    changes: { bridges: [{ id: 100, members: [{ interface: 'lan' }] }] },
    path: 'bridges[0].members[0]',
    message: /routed port/,
  },
  {
    title: 'a bridge number twice',
    changes: { bridges: [bridge, { id: 100, name: 'other', members: [{ interface: 'lan', vlan: 41 }] }] },
    path: 'bridges[1].id',
    message: /has already/,
  },
  {
    title: 'a bridge and a loopback of one name',
    changes: { bridges: [{ ...bridge, name: 'lo7' }], loopbacks: [{ instance: 7, addresses: ['203.0.113.1/32'] }] },
    path: 'bridges[0]',
    message: /has already/,
  },
  {
    title: 'a member that is nowhere',
    changes: { bridges: [{ id: 100, members: [{ interface: 'lna' }] }] },
    path: 'bridges[0].members[0].interface',
    message: /not the name of a port/,
  },
  {
    title: 'a passthrough to nowhere',
    changes: { crossConnects: [{ from: 'wan', to: 'gone', vlan: 7 }] },
    path: 'crossConnects[0].to',
    message: /not the name of a port/,
  },
  {
    title: 'a route by an interface that is nowhere',
    changes: { routes: [{ prefix: '0.0.0.0/0', interface: 'gone' }] },
    path: 'routes[0].interface',
    message: /not the name of an interface/,
  },
  {
    title: 'VLAN 4095',
    changes: { interfaces: [wan, { ...lan, subinterfaces: [{ vlan: 4095 }] }] },
    path: 'interfaces[1].subinterfaces[0].vlan',
    message: /4094/,
  },
  {
    title: 'an inner VLAN out of range',
    changes: { crossConnects: [{ from: 'wan', to: 'lan', vlan: 7, protocol: 'dot1ad', innerVlan: 0 }] },
    path: 'crossConnects[0].innerVlan',
    message: />=1/,
  },
  {
    title: 'pools that overlap',
    changes: { bgp, nat: { mappings: [mapping, { inside: '10.0.0.0/24', outside: '203.0.113.0/31' }] } },
    path: 'nat.mappings[1].outside',
    message: /overlaps/,
  },
  {
    title: 'a pool larger than its inside',
    changes: {
      bgp,
      nat: {
        mappings: [
          { inside: '192.168.0.0/24', outside: '203.0.113.0/24' },
          { inside: '10.0.0.0/30', outside: '203.0.114.0/24' },
        ],
      },
    },
    path: 'nat.mappings[1].outside',
    message: /larger than the inside/,
  },
  {
    title: 'a pool that is not announced',
    changes: { bgp, nat: { mappings: [{ ...mapping, outside: '198.18.0.0/30' }] } },
    path: 'nat.mappings[0].outside',
    message: /no announced prefix/,
  },
  {
    title: 'a network translated twice',
    changes: { bgp, nat: { mappings: [mapping, { ...mapping, outside: '203.0.113.4/30' }] } },
    path: 'nat.mappings[1].inside',
    message: /overlaps/,
  },
  { title: 'an AS number that is none', changes: { bgp: { ...bgp, asn: 4294967295 } }, path: 'bgp.asn', message: /4294967294/ },
  {
    title: 'a peer that is not there',
    changes: { bgp: { ...bgp, peers: [{ name: 'upstream', address: '203.0.113.9', asn: 64496 }] } },
    path: 'bgp.peers[0].address',
    message: /no connected network/,
  },
  {
    title: 'an unknown key',
    changes: { interfaces: [{ ...wan, adresses: [] }, lan] },
    path: 'interfaces[0].adresses',
    message: /unknown key/,
  },
  { title: 'an unknown key at the top', changes: { vlan_passthrough: [] }, path: 'vlan_passthrough', message: /unknown key/ },
  { title: 'a list where an object belongs', changes: { bgp: [] }, path: 'bgp', message: /expected object/ },
  { title: 'null', changes: { interfaces: null }, path: 'interfaces', message: /expected array/ },
  { title: 'a newer version', changes: { version: 2 }, path: 'version', message: /newer/ },
  {
    title: 'the layout with roles',
    changes: JSON.stringify({ hostname: 'edge1', external: { iface: 'ens4' }, internal: [] }),
    path: 'schema',
    message: /imp\.router/,
  },
  { title: 'an empty file', changes: '', path: '', message: /not JSON/ },
  { title: 'half a file', changes: JSON.stringify(sound).slice(0, 80), path: '', message: /not JSON/ },
  { title: 'a number', changes: '7', path: '', message: /expected object/ },
  {
    title: 'a prototype',
    changes: `${JSON.stringify(sound).slice(0, -1)},"__proto__":{"hostname":"x"}}`,
    path: '__proto__',
    message: /unknown key/,
  },
  { title: 'lists in lists without end', changes: `${'['.repeat(5000)}${']'.repeat(5000)}`, path: '', message: /nested/ },
]

const port = { iface: 'ens5', ipv4: '192.168.0.1', ipv4_prefix: 24 }
const named = { name: 'lan', iface: 'ens5', ipv4: [{ address: '192.168.0.1', prefix: 24 }] }
const nat = { bgp_prefix: '203.0.113.0/29', mappings: [{ source_network: '192.168.0.0/24', nat_pool: '203.0.113.0/30' }] }

export const oldCases: readonly (readonly [title: string, document: unknown, path: string])[] = [
  [
    'a network without a length',
    { internal: [port], nat: { ...nat, mappings: [{ source_network: '192.168.0.0', nat_pool: '203.0.113.0/30' }] } },
    'nat.mappings[0].inside',
  ],
  [
    'an empty prefix of the pools',
    {
      internal: [port],
      external: { iface: 'ens4' },
      nat: { ...nat, bgp_prefix: '' },
      bgp: { enabled: true, asn: 64500, router_id: '192.168.0.1', peer_asn: 1, peer_ipv4: '192.168.0.2' },
    },
    'nat.mappings[0].outside',
  ],
  [
    'a passthrough of the other layout',
    { interfaces: [named], vlan_passthrough: [{ vlan_id: 7, internal_interface: 'lan' }] },
    'vlan_passthrough[0].from_interface',
  ],
  ['a passthrough to nowhere', { internal: [port], vlan_passthrough: [{ vlan_id: 7, internal_interface: 'gone' }] }, 'crossConnects[0].to'],
  [
    'one VLAN for three',
    {
      interfaces: [{ ...named, subinterfaces: [{ vlan_id: 7, ipv4: '10.0.0.1', ipv4_prefix: 24 }] }],
      bvi_domains: [{ bridge_id: 1, name: 'a', members: [{ interface: 'lan', vlan_id: 7 }], ipv4: '10.1.0.1', ipv4_prefix: 24 }],
    },
    'bridges[0].members[0]',
  ],
  [
    'a small container network',
    { internal: [port], container: { network: '10.1.1.0/29', gateway: '10.1.1.2', prefix: 29 } },
    'container.network',
  ],
  ['the layouts mixed', { external: { iface: 'ens4' }, interfaces: [named] }, ''],
  ['a list', [], ''],
  ['our own layout', sound, ''],
]
