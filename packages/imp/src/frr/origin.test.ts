import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { changed, changedPeer } from '../config/sample.ts'
import { originsOf, partOf } from './origin.ts'
import { parseConfiguration, type Line } from './parse.ts'
import { renderFrr } from './render.ts'

const accept = [{ prefix: '5.0.0.0/8' }]
const config = changed({
  ...changedPeer({ import: { accept, reject: accept }, export: { announced: ['203.0.113.0/24'] } }),
  ospf: { announced: ['10.9.0.0/16'] },
})
const origins = originsOf(config)

function originOf(path: readonly string[], line: string): string | undefined {
  return origins.get(partOf(path, line))
}

suite('origins of lines', () => {
  const cases: readonly (readonly [path: readonly string[], line: string, origin: string])[] = [
    [['router bgp 64500'], 'neighbor 198.51.100.1 timers 3 9', 'bgp.peers[transit]'],
    [['router bgp 64500', 'address-family ipv4 unicast'], 'no neighbor 198.51.100.1 send-community all', 'bgp.peers[transit]'],
    [['router bgp 64500', 'address-family ipv4 unicast'], 'network 203.0.113.0/24', 'bgp.announced[203.0.113.0/24]'],
    [['router bgp 64500'], 'bgp router-id 203.0.113.1', 'bgp'],
    [[], 'router bgp 64500', 'bgp'],
    [['route-map transit-in permit 10'], 'set local-preference 5', 'bgp.peers[transit].import'],
    [[], 'ip prefix-list transit-reject seq 5 permit 5.0.0.0/8', 'bgp.peers[transit].import.reject'],
    [[], 'ip route 10.9.0.0/16 192.168.0.2', 'routes[10.9.0.0/16]'],
    [[], 'ip route 0.0.0.0/0 198.51.100.1 table 1001', 'policyRoutes[forty]'],
    [['interface lan'], 'ip ospf area 0', 'interfaces[1]'],
    [['router ospf'], 'ospf router-id 203.0.113.1', 'ospf'],
    [[], 'ip prefix-list announced-ospf seq 5 permit 10.9.0.0/16', 'ospf.announced'],
  ]
  for (const [path, line, origin] of cases) test(`${line} comes from ${origin}`, () => assert.equal(originOf(path, line), origin))

  test('every rendered line has one, but for lists that all peers share', () => {
    const homeless = (lines: readonly Line[], path: readonly string[] = []): string[] =>
      lines.flatMap(({ text, children }) => [...(originOf(path, text) === undefined ? [text] : []), ...homeless(children, [...path, text])])
    const left = homeless(parseConfiguration(renderFrr(config).text)).filter(
      (line) => !/^(ip|ipv6) prefix-list (bogons|default)[46] /.test(line),
    )
    assert.deepEqual(left, [])
  })
})
