import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { Fault } from '@imp/kit/base/fault.ts'
import { inspect } from '@imp/kit/base/schema.ts'
import { RouterConfig } from '../config/model.ts'
import type { Imported } from './model.ts'
import { importInterfaces } from './reference-interfaces.ts'
import { importRoles } from './reference-roles.ts'

const golden = (name: string): string => join(import.meta.dirname, 'golden', name)

const converters = [
  { layout: 'roles', convert: importRoles },
  { layout: 'interfaces', convert: importInterfaces },
]

for (const { layout, convert } of converters) {
  test(`a whole document with ${layout} becomes ours, and the schema accepts it`, async (t) => {
    const imported = convert(JSON.parse(await readFile(golden(`${layout}.old.json`), 'utf8')), 'old.json')
    t.assert.fileSnapshot(imported.config, golden(`${layout}.new.json`))
    t.assert.fileSnapshot(imported.report, golden(`${layout}.report.json`))
    assert.deepEqual(inspect(RouterConfig, imported.config).findings, [])
  })
}

function mappingOf({ report }: Imported, from: string) {
  const found = report.filter((mapping) => mapping.from === from)
  assert.equal(found.length, 1, `one mapping of ${from}`)
  return found[0]
}

function schemaFindings({ config }: Imported): string[] {
  return inspect(RouterConfig, config).findings.map(({ path }) => path)
}

const lan = { iface: 'ens5', pci: null, ipv4: '192.0.2.1', ipv4_prefix: 24 }
const port = { name: 'lan', iface: 'ens5', ipv4: [{ address: '192.0.2.1', prefix: 24 }] }

test('the least that each layout can be', () => {
  assert.deepEqual(importRoles({ internal: [lan] }, 'old.json').config, {
    schema: 'imp.router',
    version: 1,
    hostname: 'appliance',
    dataplane: 'vpp',
    interfaces: [{ name: 'internal0', role: 'internal', nic: { name: 'ens5' }, addresses: ['192.0.2.1/24'] }],
  })
  assert.deepEqual(importInterfaces({ hostname: 'r1', interfaces: [port] }, 'old.json').config, {
    schema: 'imp.router',
    version: 1,
    hostname: 'r1',
    dataplane: 'vpp',
    interfaces: [{ name: 'lan', role: 'internal', nic: { name: 'ens5' }, addresses: ['192.0.2.1/24'] }],
  })
})

const networks = [
  { text: '192.0.2.0/25', becomes: '192.0.2.0/25', outcome: 'kept', refused: false },
  { text: '192.0.2.77/25', becomes: '192.0.2.0/25', outcome: 'changed', refused: false },
  { text: '192.0.2.77/255.255.255.128', becomes: '192.0.2.0/25', outcome: 'changed', refused: false },
  { text: '192.0.2.0', becomes: '192.0.2.0', outcome: 'changed', refused: true },
  { text: '192.0.2.0/255.0.255.0', becomes: '192.0.2.0/255.0.255.0', outcome: 'changed', refused: true },
  { text: '192.0.2.0/33', becomes: '192.0.2.0/33', outcome: 'changed', refused: true },
  { text: 'the office', becomes: 'the office', outcome: 'changed', refused: true },
  { text: '', becomes: '', outcome: 'changed', refused: true },
]

for (const { text, becomes, outcome, refused } of networks) {
  test(`the network ${JSON.stringify(text)} ends nothing: it is ${refused ? 'left to the check' : 'understood'}`, () => {
    const nat = { mappings: [{ source_network: text, nat_pool: '203.0.113.0/28' }] }
    const imported = importRoles({ internal: [lan], nat }, 'old.json')
    assert.equal(imported.config.nat?.mappings?.[0]?.inside, becomes)
    assert.equal(mappingOf(imported, 'nat.mappings[0].source_network')?.outcome, outcome)
    assert.deepEqual(schemaFindings(imported), refused ? ['nat.mappings[0].inside'] : [])
  })
}

test('null everywhere is as good as nothing', () => {
  const imported = importRoles(
    {
      hostname: null,
      management: null,
      external: null,
      internal: [{ ...lan, vpp_name: null, ipv6: null, ipv6_prefix: null, network: null, subinterfaces: null }],
      bgp: { enabled: null, asn: null, router_id: null, peer_ipv4: null, peer_ipv6: null, peer_asn: null },
      nat: { bgp_prefix: null, mappings: null, bypass_pairs: null },
      container: null,
      cpu: null,
      vlan_passthrough: null,
      loopbacks: null,
      bvi_domains: null,
    },
    'old.json',
  )
  assert.deepEqual(schemaFindings(imported), [])
  assert.deepEqual(
    imported.report.filter(({ outcome }) => outcome === 'dropped'),
    [],
  )
})

test('half an address is never completed by a guess', () => {
  const imported = importRoles(
    { internal: [{ iface: 'ens5', ipv4: '192.0.2.1', ipv4_prefix: null, ipv6: null, ipv6_prefix: 64 }] },
    'old.json',
  )
  assert.deepEqual(schemaFindings(imported), ['interfaces[0].addresses[0]'])
  assert.equal(mappingOf(imported, 'internal[0].ipv6_prefix')?.outcome, 'dropped')
})

test('BGP that is on without a number is not given one', () => {
  const roles = importRoles({ internal: [lan], bgp: { enabled: true, peer_ipv4: '192.0.2.2' } }, 'old.json')
  assert.deepEqual(schemaFindings(roles), ['bgp.asn', 'bgp.routerId', 'bgp.peers[0].asn'])
  const interfaces = importInterfaces({ interfaces: [port], bgp: { enabled: true, peers: [{ peer_ip: '192.0.2.2' }] } }, 'old.json')
  assert.deepEqual(schemaFindings(interfaces), ['bgp.asn', 'bgp.routerId', 'bgp.peers[0].asn'])
})

test('missing keys and wrong types are one fault that lists all of them by their place', () => {
  const document = { external: { pci: 'x' }, internal: [{ iface: 5 }], vlan_passthrough: [{ vlan_id: '7' }], bvi_domains: [{}] }
  assert.throws(
    () => importRoles(document, 'old.json'),
    (error) => {
      assert.ok(error instanceof Fault)
      assert.equal(error.code, 'input')
      assert.deepEqual(
        error.findings.map(({ path }) => path),
        [
          'external.iface',
          'internal[0].iface',
          'vlan_passthrough[0].vlan_id',
          'vlan_passthrough[0].internal_interface',
          'bvi_domains[0].bridge_id',
        ],
      )
      return true
    },
  )
})

test('a passthrough of the earlier layout in a document of the later one is refused by its place', () => {
  const document = { interfaces: [port], vlan_passthrough: [{ vlan_id: 7, internal_interface: 'lan' }] }
  assert.throws(
    () => importInterfaces(document, 'old.json'),
    (error) =>
      error instanceof Fault &&
      error.findings.map(({ path }) => path).join(' ') === 'vlan_passthrough[0].from_interface vlan_passthrough[0].to_interface',
  )
})

test('a passthrough keeps its tags; the end that nobody wrote down is the external port', () => {
  const vlan_passthrough = [
    { vlan_id: 7, internal_interface: 'internal0', vlan_type: 'dot1q', inner_vlan: null },
    { vlan_id: 8, internal_interface: 'ens5', vlan_type: 'dot1ad', inner_vlan: 9 },
    { vlan_id: 9, internal_interface: 'gone', vlan_type: null },
  ]
  const { config } = importRoles({ external: { iface: 'ens4' }, internal: [lan], vlan_passthrough }, 'old.json')
  assert.deepEqual(config.crossConnects, [
    { from: 'external', to: 'internal0', vlan: 7, protocol: 'dot1q' },
    { from: 'external', to: 'internal0', vlan: 8, protocol: 'dot1ad', innerVlan: 9 },
    { from: 'external', to: 'gone', vlan: 9 },
  ])
})

test('identities that came from a protocol that is off are written down', () => {
  const off = { enabled: false, router_id: '203.0.113.9' }
  const { config } = importInterfaces({ interfaces: [port], bgp: off, ospf: { enabled: true }, ospf6: { enabled: true } }, 'old.json')
  assert.deepEqual([config.ospf, config.ospf6, config.bgp], [{ routerId: '203.0.113.9' }, {}, undefined])
  const kept = importInterfaces({ interfaces: [port], bgp: { ...off, enabled: true }, ospf: { enabled: true } }, 'old.json')
  assert.deepEqual(kept.config.ospf, {})
})

const roleCases = [
  { title: 'the next hop of a default route', fields: { routes: [{ destination: '0.0.0.0/0', via: '192.0.2.254' }] }, role: 'external' },
  {
    title: 'the interface of a default route',
    fields: { routes: [{ destination: '::/0', via: 'fe80::1', interface: 'ens5' }] },
    role: 'external',
  },
  {
    title: 'the next hop of another route',
    fields: { routes: [{ destination: '198.51.100.0/24', via: '192.0.2.254' }] },
    role: 'internal',
  },
  {
    title: 'a peer of another AS',
    fields: { bgp: { enabled: true, asn: 64500, peers: [{ peer_ip: '192.0.2.254', peer_asn: 64501 }] } },
    role: 'external',
  },
  {
    title: 'a peer of our own AS',
    fields: { bgp: { enabled: true, asn: 64500, peers: [{ peer_ip: '192.0.2.254', peer_asn: 64500 }] } },
    role: 'internal',
  },
  {
    title: 'a peer while BGP is off',
    fields: { bgp: { enabled: false, asn: 64500, peers: [{ peer_ip: '192.0.2.254', peer_asn: 64501 }] } },
    role: 'internal',
  },
  {
    title: 'a default route, on a port whose traffic is translated',
    fields: {
      routes: [{ destination: '0.0.0.0/0', via: '192.0.2.254' }],
      modules: [{ name: 'nat', enabled: true, config: { source_interfaces: ['lan'] } }],
    },
    role: 'internal',
  },
]

for (const { title, fields, role } of roleCases) {
  test(`a port with ${title} is ${role}`, () => {
    const imported = importInterfaces({ interfaces: [port], ...fields }, 'old.json')
    assert.equal(imported.config.interfaces?.[0]?.role, role)
    assert.deepEqual(mappingOf(imported, 'interfaces[0]')?.to, ['interfaces[0].role'])
  })
}

test('a VLAN towards the upstream is external on a port that is not', () => {
  const subinterfaces = [{ vlan_id: 30, ipv4: '198.51.100.2', ipv4_prefix: 30 }]
  const routes = [{ destination: '0.0.0.0/0', via: '198.51.100.1' }]
  const { config } = importInterfaces({ interfaces: [{ ...port, subinterfaces }], routes }, 'old.json')
  assert.deepEqual(
    config.interfaces?.map((each) => [each.role, each.subinterfaces?.[0]?.role]),
    [['internal', 'external']],
  )
})

test('references follow the names, by whichever name VPP, Linux or a person knows the thing', () => {
  const renamed = { ...port, name: 'the office', subinterfaces: [{ vlan_id: 30, ipv4: '198.51.100.2', ipv4_prefix: 30 }] }
  const words = ['the office', 'ens5', 'the office.30', 'the office-v30', 'loop4', 'lo4', 'home sweet home', 'bvi9', 'elsewhere']
  const { config } = importInterfaces(
    {
      interfaces: [renamed],
      loopbacks: [{ instance: 4, name: 'home sweet home', ipv4: '203.0.113.1', ipv4_prefix: 32 }],
      bvi_domains: [{ bridge_id: 9, name: 'br', members: [{ interface: 'the office', vlan_id: 40 }] }],
      routes: words.map((word) => ({ destination: '198.51.100.0/24', interface: word })),
    },
    'old.json',
  )
  assert.deepEqual(
    config.routes?.map((route) => route.interface),
    [
      'the-office',
      'the-office',
      'the-office.30',
      'the-office.30',
      'home-sweet-home',
      'home-sweet-home',
      'home-sweet-home',
      'br',
      'elsewhere',
    ],
  )
  assert.equal(config.bridges?.[0]?.members?.[0]?.interface, 'the-office')
})
