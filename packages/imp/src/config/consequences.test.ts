import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { loadRouterConfig } from './load.ts'

const wan = { name: 'wan', role: 'external', addresses: ['198.51.100.2/30'] }
const lan = { name: 'lan', role: 'internal', addresses: ['192.168.0.1/24'] }
const peer = { name: 'upstream', address: '198.51.100.1', asn: 64496 }
const bgp = { asn: 64500, routerId: '198.51.100.2', announced: ['203.0.113.0/24'], peers: [peer] }
const sound = { schema: 'imp.router', version: 1, hostname: 'edge1', interfaces: [wan, lan], bgp }

function pathsOf(changes: object): string[] {
  return loadRouterConfig(JSON.stringify({ ...sound, ...changes }), 'router.json').findings.map(({ path }) => path)
}

const cases: readonly { readonly title: string; readonly changes: object; readonly paths: readonly string[] }[] = [
  { title: 'nothing', changes: {}, paths: [] },
  {
    title: 'a conflict elsewhere, beside a broken field',
    changes: { interfaces: [{ ...wan, mtu: 9 }, lan, { ...lan, nic: { name: 'ens7' }, addresses: [] }] },
    paths: ['interfaces[0].mtu', 'interfaces[2].name'],
  },
  {
    title: 'a conflict whose places are counted as they were written',
    changes: { interfaces: [{ name: '!', role: 'internal' }, wan, lan, { ...lan, nic: { name: 'ens7' } }] },
    paths: ['interfaces[0].name', 'interfaces[3].name', 'interfaces[3].addresses[0]'],
  },
  {
    title: 'a lack elsewhere, beside a broken field that has nothing to do with it',
    changes: { interfaces: [wan, { ...lan, mtu: 'large' }], routes: [{ prefix: '0.0.0.0/0', via: '192.0.2.1' }], bgp: undefined },
    paths: ['interfaces[1].mtu', 'routes[0].via'],
  },
  {
    title: 'no next hop behind an address that is broken',
    changes: { interfaces: [{ ...wan, addresses: ['198.51.100.2'] }, lan], routes: [{ prefix: '0.0.0.0/0', via: '198.51.100.1' }] },
    paths: ['interfaces[0].addresses[0]'],
  },
  {
    title: 'no name of an interface that is broken, nor of its VLANs',
    changes: {
      interfaces: [{ ...wan, role: 'upstream' }, lan],
      routes: [{ prefix: '192.0.2.0/24', interface: 'wan.30' }],
      crossConnects: [{ from: 'wan', to: 'lan', vlan: 7 }],
    },
    paths: ['interfaces[0].role'],
  },
  {
    title: 'a name that nothing had, beside an interface that is broken',
    changes: { interfaces: [{ ...wan, role: 'upstream' }, lan], crossConnects: [{ from: 'wan', to: 'lna', vlan: 7 }] },
    paths: ['interfaces[0].role', 'crossConnects[0].to'],
  },
  {
    title: 'no pool outside announced prefixes of which one is broken',
    changes: {
      bgp: { ...bgp, announced: ['203.0.113.9/24'] },
      nat: { mappings: [{ inside: '192.168.0.0/24', outside: '203.0.113.0/30' }] },
    },
    paths: ['bgp.announced[0]'],
  },
  {
    title: 'no network without a mapping where a mapping is broken',
    changes: {
      nat: {
        mappings: [
          { inside: '192.168.0.0/33', outside: '203.0.113.0/30' },
          { inside: '10.0.0.0/24', outside: '203.0.113.4/30' },
        ],
      },
    },
    paths: ['nat.mappings[0].inside'],
  },
  {
    title: 'nothing about settings beside one that has its default now',
    changes: { management: { nic: { name: 'eno1' }, mode: 'statik', addresses: ['192.0.2.10/24'], gateways: ['192.0.2.1'] } },
    paths: ['management.mode'],
  },
  {
    title: 'no OSPF that is off because it is broken',
    changes: { ospf: { routerId: 'one' }, interfaces: [wan, { ...lan, ospf: {} }] },
    paths: ['ospf.routerId'],
  },
  {
    title: 'conflicts, without a name of the router',
    changes: { hostname: undefined, bridges: [{ id: 1, members: [{ interface: 'lan' }] }] },
    paths: ['hostname', 'bridges[0].members[0]'],
  },
]

suite('rules across fields of a document with broken parts find', () => {
  for (const { title, changes, paths } of cases) {
    test(title, () => assert.deepEqual(pathsOf(changes), paths))
  }
})

test('messages name places as they were written', () => {
  const { findings } = loadRouterConfig(
    JSON.stringify({ ...sound, interfaces: [{ name: '!' }, wan, lan, { ...lan, addresses: [], nic: { name: 'ens7' } }] }),
    'router.json',
  )
  assert.equal(findings.at(-1)?.message, 'is a name that interfaces[2].name has already')
})
