import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { RouterConfig } from '../../config/model.ts'
import { changed, lan, ports, wan, type Changes } from '../../config/sample.ts'
import { checkVpp } from './check.ts'
import { goldenConfig, goldenNames } from './sample.ts'

type Row = readonly [what: string, changes: Changes, path: string, message: RegExp]

const overVpp = (changes: Changes): RouterConfig => changed({ ...changes, dataplane: 'vpp' })
const lan6 = { ...lan, addresses: ['2001:db8:10::1/64'] }
const endless = { prefix: '2001:db8:10::/64', validLifetime: 4_294_967_295 }

const rows: readonly Row[] = [
  ['a name that VPP gives', ports(wan, { ...lan, name: 'loop7' }), 'interfaces[1].name', /name that VPP gives by itself/],
  [
    'a lifetime under the interval',
    ports(wan, { ...lan6, ra: { maximumInterval: 600, lifetime: 600 } }),
    'interfaces[1]',
    /ends before the next/,
  ],
  [
    'intervals too near',
    ports(wan, { ...lan6, ra: { maximumInterval: 30, minimumInterval: 29 } }),
    'interfaces[1]',
    /shortest interval of 29 s/,
  ],
  ['one endless lifetime', ports(wan, { ...lan6, ra: { prefixes: [endless] } }), 'interfaces[1]', /one endless lifetime/],
  ['advertisements without IPv6', ports(wan, { ...lan, ra: { send: true } }), 'interfaces[1]', /without an IPv6 address/],
  ['a network inside another', ports(wan, { ...lan, addresses: ['192.168.0.1/24', '192.168.0.9/25'] }), 'interfaces[1]', /overlaps/],
  [
    'two twins of one name',
    ports(wan, { ...lan, subinterfaces: [{ vlan: 5, name: 'wan' }] }),
    'interfaces[1].subinterfaces[0]',
    /is that of wan as well/,
  ],
  [
    'a twin with a long name',
    ports(wan, { ...lan, name: 'customers-west', subinterfaces: [{ vlan: 100 }] }),
    'interfaces[1].subinterfaces[0]',
    /cannot name a Linux interface/,
  ],
  [
    'addresses on a port of a bridge',
    { ...ports(wan, lan), bridges: [{ id: 1, members: [{ interface: 'lan' }] }] },
    'interfaces[1]',
    /useless, since it is bridged/,
  ],
  [
    'an outside larger than the inside',
    { ...ports(wan, lan), nat: { mappings: [{ inside: '10.0.0.0/30', outside: '203.0.113.0/24' }] } },
    'nat.mappings[0]',
    /of which VPP dies/,
  ],
  [
    'a pool with an address of the router itself',
    { ...ports(wan, lan), nat: { mappings: [{ inside: '192.168.0.0/24', outside: '198.51.100.0/30' }] } },
    'nat.mappings[0].outside',
    /has the address of wan, whose packets VPP keeps for itself/,
  ],
  [
    'a pool with the address of a loopback',
    {
      ...ports(wan, lan),
      loopbacks: [{ instance: 1, addresses: ['203.0.113.9/32'] }],
      nat: { mappings: [{ inside: '192.168.0.0/24', outside: '203.0.113.8/30' }] },
    },
    'nat.mappings[0].outside',
    /has the address of lo1/,
  ],
  [
    'overlapping mappings',
    {
      ...ports(wan, lan),
      nat: {
        mappings: [
          { inside: '10.0.0.0/24', outside: '203.0.113.0/30' },
          { inside: '10.0.0.0/25', outside: '203.0.113.4/30' },
        ],
      },
    },
    'nat.mappings[1]',
    /overlaps 10\.0\.0\.0\/24/,
  ],
  [
    'a ratio that leaves no port',
    { ...ports(wan, lan), nat: { mappings: [{ inside: '10.0.0.0/8', outside: '203.0.113.0/32' }] } },
    'nat.mappings[0]',
    /leaves no port/,
  ],
  [
    'a next hop that is on no interface',
    { ...ports(wan, lan), policyRoutes: [{ name: 'p', from: ['192.168.0.0/24'], via: '192.0.2.77' }] },
    'dataplane',
    /in no network of an interface/,
  ],
]

const doubts: readonly Row[] = [
  [
    'name servers in advertisements',
    ports(wan, { ...lan6, ra: { rdnss: ['2001:db8::53'] } }),
    'interfaces[1].ra.rdnss',
    /not in the advertisements/,
  ],
  [
    'domains in advertisements',
    ports(wan, { ...lan6, ra: { dnssl: ['example.org'] } }),
    'interfaces[1].ra.dnssl',
    /not in the advertisements/,
  ],
  ['an MTU in advertisements', ports(wan, { ...lan6, ra: { mtu: 1400 } }), 'interfaces[1].ra.mtu', /not in the advertisements/],
  [
    'a preference in advertisements',
    ports(wan, { ...lan6, ra: { preference: 'high' } }),
    'interfaces[1].ra.preference',
    /not in the advertisements/,
  ],
  [
    'more ports than a host has sessions',
    { ...ports(wan, lan), nat: { mappings: [{ inside: '10.0.0.0/24', outside: '203.0.113.0/28' }] } },
    'nat.mappings[0].outside',
    /leaves 4032 ports to each host, which has 1000 sessions at most/,
  ],
  [
    'service tags on a card that VPP may have through Linux',
    ports(wan, { ...lan, subinterfaces: [{ vlan: 5, innerVlan: 7, protocol: 'dot1ad' }] }),
    'interfaces[1].subinterfaces[0].protocol',
    /seen by VPP as dot1q where the card of lan is not on the PCI bus/,
  ],
  [
    'a cross-connect of service tags',
    { ...ports(wan, lan), crossConnects: [{ from: 'wan', to: 'lan', vlan: 5, protocol: 'dot1ad' }] },
    'crossConnects[0].protocol',
    /where the card of wan and of lan is not on the PCI bus/,
  ],
]

suite('what VPP cannot have', () => {
  for (const [what, changes, path, message] of rows) {
    test(`refuses ${what}`, () => {
      const findings = checkVpp(overVpp(changes))
      const found = findings.find((finding) => finding.path === path && message.test(finding.message))
      assert.ok(found, JSON.stringify(findings))
      assert.equal(found.severity, 'error')
      assert.ok((found.hint ?? '') !== '')
    })
  }

  for (const [what, changes, path, message] of doubts) {
    test(`warns of ${what}`, () => {
      const findings = checkVpp(overVpp(changes))
      const found = findings.find((finding) => finding.path === path && message.test(finding.message))
      assert.ok(found, JSON.stringify(findings))
      assert.equal(found.severity, 'warning')
      assert.ok((found.hint ?? '') !== '')
    })
  }

  test('takes service tags on cards that are named by their PCI address, which DPDK drives', () => {
    const card = { ...lan, nic: { pci: '0000:03:00.0' }, subinterfaces: [{ vlan: 5, protocol: 'dot1ad' as const }] }
    assert.deepEqual(checkVpp(overVpp(ports(wan, card))), [])
  })

  test('finds nothing wrong with the configurations that it is to carry, nor with those of other dataplanes', () => {
    for (const name of goldenNames) {
      const findings = checkVpp(goldenConfig(name, 'vpp')).filter(({ severity }) => severity === 'error')
      assert.deepEqual(findings, [], name)
    }
    assert.deepEqual(checkVpp(changed({ nat: { mappings: [{ inside: '10.0.0.0/30', outside: '203.0.113.0/24' }] } })), [])
  })
})
