import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { parsePrefix } from '@imp/kit/base/ip.ts'
import type { Happening } from './event.ts'
import { gatherRoutes, isInside, parseLinks, parseMonitorLine, type LinkStates } from './kernel.ts'

const links = JSON.stringify([
  { ifname: 'lo', flags: ['LOOPBACK', 'UP', 'LOWER_UP'] },
  { ifname: 'wan', flags: ['BROADCAST', 'MULTICAST', 'UP', 'LOWER_UP'] },
  { ifname: 'lan', flags: ['NO-CARRIER', 'BROADCAST', 'UP'] },
  { ifname: 'off', flags: ['BROADCAST'] },
])

const mac = String.raw`link/ether b2:39:58:8e:7b:29 brd ff:ff:ff:ff:ff:ff`

function brief(happening: Happening | undefined): string | undefined {
  if (happening === undefined) return undefined
  const { topic, subject, change, before = '', after = '', detail = '' } = happening
  return [topic, subject, change, before, after, detail].join('|')
}

suite('what ip monitor says', () => {
  test('links as they are', () => {
    assert.deepEqual(
      [...parseLinks(links)],
      [
        ['lo', 'up'],
        ['wan', 'up'],
        ['lan', 'no carrier'],
        ['off', 'down'],
      ],
    )
  })

  const lines: [line: string, expected: string | undefined][] = [
    [`[LINK]3: wan@if4: <BROADCAST,MULTICAST> mtu 1500 qdisc noop state DOWN group default \\    ${mac}`, 'interfaces|wan|down|up|down|'],
    [`[LINK]3: wan@if4: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default \\    ${mac}`, undefined],
    [
      `[LINK]3: wan@if4: <NO-CARRIER,BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 state LOWERLAYERDOWN group default \\    ${mac}`,
      'interfaces|wan|down|up|no carrier|',
    ],
    [`[LINK]5: lan: <BROADCAST,UP,LOWER_UP> mtu 1500 state UP group default \\    ${mac}`, 'interfaces|lan|up|no carrier|up|'],
    [`[LINK]9: new@NONE: <BROADCAST,MULTICAST> mtu 1500 state DOWN \\    ${mac}`, 'interfaces|new|added||down|'],
    [`[LINK]Deleted 3: wan@NONE: <BROADCAST,MULTICAST> mtu 1500 state DOWN \\    ${mac}`, 'interfaces|wan|removed|up||'],
    [`[LINK]Deleted 7: unknown: <BROADCAST> mtu 1500`, undefined],
    [
      String.raw`[ADDR]3: wan    inet 192.0.2.1/24 scope global wan\       valid_lft forever preferred_lft forever`,
      'interfaces|wan|address added||192.0.2.1/24|',
    ],
    [String.raw`[ADDR]3: wan    inet6 2001:db8::1/64 scope global tentative \       valid_lft forever`, undefined],
    [
      String.raw`[ADDR]Deleted 3: wan    inet6 2001:db8::1/64 scope global \       valid_lft forever`,
      'interfaces|wan|address removed||2001:db8::1/64|',
    ],
    [
      '[ROUTE]198.51.100.0/24 via 192.0.2.2 dev wan proto bgp metric 20 ',
      'routes|198.51.100.0/24|added|||via 192.0.2.2 dev wan proto bgp metric 20',
    ],
    ['[ROUTE]Deleted 198.51.100.1 nhid 7 via 192.0.2.2 dev wan ', 'routes|198.51.100.1/32|removed|||nhid 7 via 192.0.2.2 dev wan'],
    ['[ROUTE]default via 192.0.2.3 dev wan ', 'routes|0.0.0.0/0|added|||via 192.0.2.3 dev wan'],
    [
      '[ROUTE]default via 2001:db8::2 dev wan metric 1024 pref medium',
      'routes|::/0|added|||via 2001:db8::2 dev wan metric 1024 pref medium',
    ],
    ['[ROUTE]blackhole 10.0.0.0/8 ', 'routes|10.0.0.0/8|added|||blackhole'],
    ['[ROUTE]local 192.0.2.1 dev wan table local proto kernel scope host src 192.0.2.1 ', undefined],
    ['[ROUTE]multicast ff00::/8 dev wan table local proto kernel metric 256 pref medium', undefined],
    ['[NEIGH]192.0.2.2 dev wan lladdr 02:00:5e:00:53:01 REACHABLE', undefined],
    ['', undefined],
  ]
  for (const [line, expected] of lines)
    test(line.slice(0, 60), () => assert.equal(brief(parseMonitorLine(line, parseLinks(links))), expected))

  test('states are remembered from line to line', () => {
    const states: LinkStates = parseLinks(links)
    const down = '[LINK]3: wan: <BROADCAST> mtu 1500'
    assert.equal(parseMonitorLine(down, states)?.change, 'down')
    assert.equal(parseMonitorLine(down, states), undefined)
    assert.equal(parseMonitorLine('[LINK]3: wan: <UP,LOWER_UP> mtu 9000', states)?.change, 'up')
  })
})

suite('routes', () => {
  const route = (subject: string, change = 'added'): Happening => ({ topic: 'routes', subject, change })

  test('those inside a prefix', () => {
    const prefix = parsePrefix('198.51.100.0/24')
    assert.deepEqual(
      ['198.51.100.0/24', '198.51.100.7/32', '198.51.0.0/16', '2001:db8::/32', '0.0.0.0/0'].map((each) => isInside(route(each), prefix)),
      [true, true, false, false, false],
    )
  })

  test('few are told, many are counted', () => {
    const many = Array.from({ length: 12 }, (_, index) => route(`10.0.${index}.0/24`, index < 2 ? 'removed' : 'added'))
    assert.equal(gatherRoutes(many.slice(0, 10)).length, 10)
    assert.deepEqual(gatherRoutes(many).map(brief), ['routes|12 routes|changed|||10 added, 2 removed'])
  })
})
