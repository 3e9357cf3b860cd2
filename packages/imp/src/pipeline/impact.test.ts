import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { changed, changedPeer, type Changes } from '../config/sample.ts'
import { impactOf, impactText } from './impact.ts'

const before = changed({})
const none = { bgpPeers: [], ospfInterfaces: [] } as const
const impact = (changes: Changes, resets: Parameters<typeof impactOf>[2] = none) => impactOf(before, changed(changes), resets)
const nat = before.nat ?? { mappings: [], bypass: [] }

suite('whom a change touches', () => {
  test('nobody when nothing changes', () => {
    assert.equal(impactText(impact({})), 'touches 0 BGP peers, 0 interfaces, 0 subscribers')
  })

  test('peers: the one that changes, or all when the router itself does', () => {
    const [transit, transit6] = before.bgp?.peers ?? []
    assert.ok(before.bgp !== undefined && transit !== undefined && transit6 !== undefined)
    const described = { bgp: { ...before.bgp, peers: [{ ...transit, description: 'x' }, transit6] } }
    assert.deepEqual(impact(described).peers, ['transit'])
    assert.deepEqual(impact({ bgp: { ...before.bgp, announced: ['203.0.113.0/24'] } }).peers, ['transit', 'transit6'])
    assert.deepEqual(impact(changedPeer({})).peers, ['transit6'])
    const reset = impact(described, { bgpPeers: ['198.51.100.1'], ospfInterfaces: [] })
    assert.deepEqual(reset.resets, ['transit'])
    assert.equal(impactText(reset), 'touches 1 BGP peer (1 resets), 0 interfaces, 0 subscribers')
  })

  test('interfaces: those that come, go or change, wherever they stand in the file', () => {
    assert.deepEqual(impact({ interfaces: before.interfaces.toReversed() }).interfaces, [])
    const [wan, lan, dmz] = before.interfaces
    assert.ok(wan !== undefined && lan !== undefined && dmz !== undefined)
    assert.deepEqual(impact({ interfaces: [wan, { ...lan, mtu: 9000 }, dmz] }).interfaces, ['lan', 'lan.40'])
    assert.deepEqual(impact({ interfaces: [wan, lan] }).interfaces.toSorted(), ['dmz', 'dmz.7.9'])
  })

  test('subscribers: those whose translation or way out changes, each once', () => {
    // 192.168.0.0/17 to 16 addresses, 10.234.116.0/24 to 4.
    const [large, small] = nat.mappings
    assert.ok(large !== undefined && small !== undefined)
    assert.equal(impact({ nat: { ...nat, mappings: [large] } }).subscribers, 256)
    assert.equal(impact({ nat: { ...nat, mappings: [large, { ...small, outside: '203.0.113.132/30' }] } }).subscribers, 256)
    assert.equal(impact({ nat: { ...nat, bypass: [] } }).subscribers, 256, 'those whose bypass goes')
    assert.equal(impact({ policyRoutes: [] }).subscribers, 256, '192.168.40.0/24')
    assert.equal(impact({ policyRoutes: [], nat: { ...nat, mappings: [small] } }).subscribers, 32_768, 'none twice')
    const [first, ...others] = before.routes
    assert.ok(first !== undefined)
    assert.equal(impact({ routes: [{ ...first, via: '198.51.100.3' }, ...others] }).subscribers, 32_768 + 256)
  })

  test('everybody when it is the first configuration', () => {
    const first = impactOf(undefined, before, none)
    assert.deepEqual([first.peers, first.subscribers], [['transit', 'transit6'], 32_768 + 256])
  })
})
