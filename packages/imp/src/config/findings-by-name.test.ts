import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { findingsByName } from './findings-by-name.ts'
import { getAt, parsePath } from './paths.ts'

const document = {
  schema: 'imp.router' as const,
  version: 1 as const,
  hostname: 'edge1',
  interfaces: [
    { name: 'wan', role: 'external' as const, addresses: ['192.0.2.2/30'] },
    { name: 'lan', role: 'internal' as const, subinterfaces: [{ vlan: 40 }] },
  ],
  routes: [
    { prefix: '::/0', via: 'fe80::1' },
    { prefix: '::/0', via: 'fe80::2' },
  ],
}

const paths: readonly (readonly [string, string])[] = [
  ['interfaces[0].mtu', 'interfaces.wan.mtu'],
  ['interfaces[0].addresses[0]', 'interfaces.wan.addresses[0]'],
  ['interfaces[1].subinterfaces[0].vlan', 'interfaces.lan.subinterfaces["40"].vlan'],
  // No key tells these two apart, and of this one there is none.
  ['routes[1].via', 'routes[1].via'],
  ['interfaces[7].mtu', 'interfaces[7].mtu'],
  ['bgp.peers[0].asn', 'bgp.peers[0].asn'],
  ['hostname', 'hostname'],
  ['', ''],
  ['overrides/frr/transit.conf:3', 'overrides/frr/transit.conf:3'],
]

suite('findings by name', () => {
  for (const [path, named] of paths) {
    test(path, () => {
      const finding = { path, severity: 'error', message: 'x', hint: 'y' } as const
      assert.deepEqual(findingsByName(document, [finding]), [{ ...finding, path: named }])
    })
  }

  test('are words for set, delete and edit', () => {
    assert.equal(getAt(document, parsePath('interfaces.lan.subinterfaces["40"].vlan')), 40)
    assert.equal(getAt(document, parsePath('interfaces.wan.addresses[0]')), '192.0.2.2/30')
  })
})
