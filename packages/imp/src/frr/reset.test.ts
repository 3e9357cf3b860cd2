import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { difference } from './difference.ts'
import { parseConfiguration } from './parse.ts'
import { resetsOf, resetText } from './reset.ts'

const router = `router bgp 64500
 bgp router-id 192.0.2.1
 neighbor 192.0.2.2 remote-as 64496
 neighbor 192.0.2.2 bfd
 neighbor 192.0.2.3 remote-as 64497
 address-family ipv4 unicast
  neighbor 192.0.2.2 activate
  neighbor 192.0.2.3 activate
 exit-address-family
exit
interface lan
 ip ospf area 0
exit
router ospf
 ospf router-id 192.0.2.1
exit
`

suite('resets', () => {
  const cases: readonly (readonly [name: string, from: string | RegExp, to: string, text: string])[] = [
    ['a description', / neighbor 192.0.2.2 bfd/, ' neighbor 192.0.2.2 bfd\n neighbor 192.0.2.2 description transit', ''],
    ['timers', / neighbor 192.0.2.2 bfd/, ' neighbor 192.0.2.2 bfd\n neighbor 192.0.2.2 timers 3 9', ''],
    ['a route-map', / {2}neighbor 192.0.2.2 activate/, '  neighbor 192.0.2.2 activate\n  neighbor 192.0.2.2 route-map in in', ''],
    [
      'another neighbor',
      / neighbor 192.0.2.3 remote-as 64497/,
      ' neighbor 192.0.2.3 remote-as 64497\n neighbor 192.0.2.4 remote-as 64498',
      '',
    ],
    ['BFD off', / neighbor 192.0.2.2 bfd\n/, '', 'resets the BGP session with 192.0.2.2'],
    ['another AS of the peer', /64497/, '64499', 'resets the BGP session with 192.0.2.3'],
    [
      'multihop on',
      / neighbor 192.0.2.2 bfd/,
      ' neighbor 192.0.2.2 bfd\n neighbor 192.0.2.2 ebgp-multihop 2',
      'resets the BGP session with 192.0.2.2',
    ],
    ['a peer gone', / neighbor 192.0.2.3 remote-as 64497\n/, '', 'resets the BGP session with 192.0.2.3'],
    ['an address family off', / {2}neighbor 192.0.2.3 activate\n/, '', 'resets the BGP session with 192.0.2.3'],
    ['the router id', /bgp router-id 192.0.2.1/, 'bgp router-id 192.0.2.9', 'resets all BGP sessions'],
    ['the own AS', /router bgp 64500/, 'router bgp 64501', 'resets all BGP sessions'],
    ['a hello interval', / ip ospf area 0/, ' ip ospf area 0\n ip ospf hello-interval 1', 'resets OSPF adjacencies on lan'],
    ['OSPF router id', /ospf router-id 192.0.2.1/, 'ospf router-id 192.0.2.9', 'resets all OSPF adjacencies'],
    ['a cost', / ip ospf area 0/, ' ip ospf area 0\n ip ospf cost 20', ''],
  ]
  for (const [name, from, to, text] of cases) {
    test(`${name}: ${text === '' ? 'none' : text}`, () => {
      const have = parseConfiguration(router)
      const want = parseConfiguration(router.replace(from, to))
      const changes = difference(want, have)
      assert.notEqual(changes.length, 0)
      assert.equal(resetText(resetsOf(changes, have)), text)
    })
  }

  test('a new router resets nobody', () => {
    assert.equal(resetText(resetsOf(difference(parseConfiguration(router), []), [])), '')
  })
})
