/** Parsers on what the programs really printed: FRR 8.4.4, iproute2 6.1, nftables 1.0.6 and conntrack 1.4.7 of Debian 12. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { Fault } from '@imp/kit/base/fault.ts'
import { parsePeer, parseSessions, viewPeer, viewSessions } from './bgp.ts'
import { parseFlows, parseStatistics } from './conntrack.ts'
import { parseNstat, viewCounters } from './counters.ts'
import { longest, parseFib, viewFib } from './fib.ts'
import { parseInterfaces, viewInterfaces } from './interfaces.ts'
import { viewNat } from './nat.ts'
import { parseNeighbours, viewNeighbours } from './neighbours.ts'
import { parseOspf, parseOspf6, viewOspf } from './ospf.ts'
import { parseRoutes, viewRoutes } from './routes.ts'
import { parseRuleCounters } from './rules.ts'

function captured(name: string): string {
  return readFileSync(join(import.meta.dirname, 'captured', name), 'utf8')
}

/** JSON without blanks, so that tests can change what stands in it. */
function compact(name: string): string {
  return JSON.stringify(JSON.parse(captured(name)))
}

suite('what the kernel tells', () => {
  test('interfaces with their counters', () => {
    const interfaces = parseInterfaces(captured('address.json'))
    assert.deepEqual(
      interfaces.map((each) => each.name),
      ['lo', 'wan', 'lan'],
    )
    assert.deepEqual(interfaces[1], {
      name: 'wan',
      state: 'up',
      kind: 'veth',
      mac: '36:2a:e9:62:43:78',
      mtu: 1500,
      addresses: ['192.0.2.1/30', '2001:db8:f::1/64', 'fe80::342a:e9ff:fe62:4378/64'],
      received: { bytes: 9450, packets: 92, errors: 0, dropped: 0 },
      sent: { bytes: 9307, packets: 93, errors: 0, dropped: 0 },
    })
    const lines = viewInterfaces(interfaces).split('\n')
    assert.match(lines[4] ?? '', /^wan +up +1500 +9\.2 KiB +9\.1 KiB +0\/0 +192\.0\.2\.1\/30$/)
    assert.match(lines[5] ?? '', /^ +2001:db8:f::1\/64$/)
  })

  test('what is down by configuration is told from what has no carrier', () => {
    const both = compact('address.json').replace('"UP","LOWER_UP"]', '"UP"]').replace('"MULTICAST","UP","LOWER_UP"]', '"MULTICAST"]')
    assert.deepEqual(
      parseInterfaces(both).map((each) => each.state),
      ['no carrier', 'down', 'up'],
    )
  })

  test('neighbours', () => {
    const neighbours = parseNeighbours(captured('neigh.json'))
    assert.deepEqual(neighbours[0], {
      address: '192.0.2.2',
      interface: 'wan',
      mac: 'fe:19:a2:21:f5:ad',
      states: ['REACHABLE'],
      router: false,
    })
    const [silent] = parseNeighbours('[{"dst":"192.0.2.9","dev":"wan","state":["FAILED"],"router":null}]')
    assert.deepEqual(silent, { address: '192.0.2.9', interface: 'wan', states: ['FAILED'], router: true })
    assert.match(viewNeighbours(silent === undefined ? [] : [silent]), /192\.0\.2\.9 +wan +nobody answers +failed router/)
    assert.deepEqual(parseNeighbours(''), [])
  })

  test('entries of the forwarding table, those of several hops and of none', () => {
    const entries = parseFib(captured('fib4.json'), 4)
    const bgp = entries.find((entry) => entry.protocol === 'bgp')
    const hops = [{ address: '192.0.2.2', interface: 'wan', weight: 1 }]
    assert.deepEqual(bgp, { prefix: '198.51.100.0/24', type: 'unicast', protocol: 'bgp', metric: 20, hops })
    assert.equal(entries.find((entry) => entry.protocol === 'ospf')?.prefix, '198.51.100.1/32')
    const [everything, blackhole, inside, sixth] = parseFib(captured('fib-match.json'), 4)
    assert.deepEqual([everything?.prefix, everything?.hops.length, blackhole?.hops.length], ['0.0.0.0/0', 2, 0])
    assert.equal(sixth?.hops[0]?.address, 'fe80::1')
    const covering = [everything, blackhole, inside].filter((entry) => entry !== undefined)
    assert.deepEqual(longest(covering), [inside])
    assert.deepEqual([parseFib('', 6), longest([])], [[], []])
    assert.match(
      viewFib(covering),
      /^0\.0\.0\.0\/0 +boot +0 +via 192\.0\.2\.2 dev va, via 198\.51\.100\.2 dev vb\n10\.0\.0\.0\/8 +boot +0 +blackhole$/m,
    )
  })

  test('counters of rules and of IP', () => {
    const rules = parseRuleCounters(captured('nft.json'))
    assert.deepEqual(rules, [{ family: 'ip', table: 'imp_nat', chain: 'guard', comment: 'not translatable', packets: 0, bytes: 0 }])
    const kernel = parseNstat(captured('nstat.json'))
    assert.equal(kernel['IpForwDatagrams'], 4)
    assert.match(viewCounters({ kernel, rules }), /IpForwDatagrams +4\n[^]*ip imp_nat guard: not translatable +0 packets, 0 bytes$/)
  })

  test('flows, translated or not', () => {
    const flows = parseFlows(captured('flows.txt'))
    assert.equal(flows.length, 6)
    assert.deepEqual(flows[1], {
      protocol: 'tcp',
      state: 'ESTABLISHED',
      inside: '192.0.2.1:58118',
      destination: '192.0.2.2:179',
      outside: '192.0.2.1:58118',
      answered: true,
    })
    const echo = {
      protocol: 'icmp',
      inside: '192.168.0.5:22787',
      destination: '198.51.100.1',
      outside: '203.0.113.97:22787',
      answered: true,
    }
    assert.deepEqual(flows[2], echo)
    assert.equal(flows[5]?.answered, false)
    assert.throws(() => parseFlows('conntrack v1.4.7: no flows'), { code: 'exec' })
  })

  test('statistics of connection tracking are the sum of all processors', () => {
    const statistics = parseStatistics(captured('statistics.txt').replace(/insert_failed=0/g, 'insert_failed=3'))
    assert.equal(statistics['insert_failed'], 6)
    assert.equal(statistics['cpu'], undefined)
  })

  test('the numbers of NAT', () => {
    const mappings = [{ inside: '192.168.0.0/28', outside: '203.0.113.96/30' }]
    const numbers = { mappings, tracked: 7, maximum: 65536, insertFailed: 2, untranslatable: 1 }
    assert.match(
      viewNat({ ...numbers, flows: [] }),
      /192\.168\.0\.0\/28 -> 203\.0\.113\.96\/30\n7 flows tracked, at most 65536\n2 flows dropped[^]*no flows$/,
    )
    assert.match(viewNat({ ...numbers, mappings: [] }), /^no NAT is configured\n/)
  })
})

suite('what FRR tells', () => {
  test('routes: those that forward and those that another protocol beat', () => {
    const routes = parseRoutes(captured('route4.json'))
    const [blackhole] = routes
    assert.deepEqual(blackhole, {
      prefix: '10.0.0.0/8',
      protocol: 'static',
      distance: 1,
      metric: 0,
      selected: true,
      installed: true,
      uptime: '00:00:16',
      hops: [{ blackhole: true, active: true }],
    })
    const link = routes.filter((route) => route.prefix === '192.0.2.0/30')
    assert.deepEqual(
      link.map(({ protocol, selected }) => [protocol, selected]),
      [
        ['ospf', false],
        ['connected', true],
      ],
    )
    const drawn = viewRoutes(routes)
    assert.match(drawn, /^\* +10\.0\.0\.0\/8 +static +1\/0 +00:00:16 +blackhole$/m)
    assert.match(drawn, /^\* +198\.51\.100\.0\/24 +bgp +20\/0 +\S+ +via 192\.0\.2\.2 dev wan$/m)
  })

  test('the route of an address, and none', () => {
    const [route] = parseRoutes(captured('route4-one.json'))
    assert.deepEqual([route?.prefix, route?.protocol], ['198.51.100.1/32', 'ospf'])
    assert.deepEqual(parseRoutes(captured('route4-none.json')), [])
    assert.equal(viewRoutes([]), 'no route')
    const [six] = parseRoutes(captured('route6.json')).filter((each) => each.protocol === 'bgp')
    assert.equal(six?.hops[0]?.address, 'fe80::fc19:a2ff:fe21:f5ad')
  })

  test('a selected route that the kernel does not have is marked', () => {
    const drawn = viewRoutes(parseRoutes(compact('route4-one.json').replace('"installed":true', '"installed":false')))
    assert.match(drawn, /^! +198\.51\.100\.1\/32[^]*selected, but not in the kernel$/m)
  })

  test('BGP sessions, one for each peer and family', () => {
    const sessions = parseSessions(captured('bgp.json'))
    assert.deepEqual(
      sessions.map(({ peer, family, state, received, sent }) => [peer, family, state, received, sent]),
      [
        ['192.0.2.2', 'ipv4Unicast', 'Established', 1, 1],
        ['192.0.2.3', 'ipv4Unicast', 'Active', 0, 0],
        ['2001:db8:f::2', 'ipv6Unicast', 'Established', 1, 1],
      ],
    )
    assert.match(viewSessions(sessions), /^192\.0\.2\.3 +ipv4Unicast +64497 +Active +never/m)
    assert.deepEqual(parseSessions('{}'), [])
    assert.equal(viewSessions([]), 'no BGP sessions')
  })

  test('a BGP peer in detail', () => {
    const peer = parsePeer(captured('bgp-peer.json'), '192.0.2.2')
    assert.deepEqual([peer.state, peer.local, peer.remote, peer.holdTimeMs], ['Established', '192.0.2.1:58118', '192.0.2.2:179', 180_000])
    const policies = { importPolicy: 'upstream-in', exportPolicy: 'upstream-out' }
    assert.deepEqual(peer.families, [{ family: 'ipv4Unicast', accepted: 1, sent: 1, ...policies }])
    assert.match(viewPeer(peer), /from 192\.0\.2\.1:58118 to 192\.0\.2\.2:179, we are AS 64500/)
    const gone = parsePeer(captured('bgp-peer-gone.json'), '192.0.2.3')
    assert.deepEqual([gone.state, gone.local, gone.uptimeMs], ['Active', undefined, 0])
    assert.throws(
      () => parsePeer(captured('bgp-peer-none.json'), '192.0.2.9'),
      (error) => error instanceof Fault && error.code === 'not-found' && /no peer 192\.0\.2\.9/.test(error.message),
    )
  })

  test('neighbours of both OSPFs', () => {
    const neighbours = [...parseOspf(captured('ospf.json')), ...parseOspf6(captured('ospf6.json'))]
    assert.deepEqual(neighbours, [
      { version: 2, routerId: '192.0.2.2', interface: 'wan', address: '192.0.2.2', state: 'Full/-', since: '14.257s' },
      { version: 3, routerId: '192.0.2.2', interface: 'wan', state: 'Full', since: '00:00:12' },
    ])
    assert.match(viewOspf(neighbours), /^v3 +192\.0\.2\.2 +wan +Full +00:00:12$/m)
    assert.deepEqual([...parseOspf('{}'), ...parseOspf6('{}')], [])
  })

  test('what is not the answer that was expected is refused with its place', () => {
    assert.throws(
      () => parseRoutes('{"10.0.0.0/8":[{"prefix":5}]}'),
      (error) => error instanceof Fault && error.findings.some((finding) => finding.path === '["10.0.0.0/8"][0].prefix'),
    )
  })
})
