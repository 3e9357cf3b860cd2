import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fakeClock, fakeHost } from '@imp/kit/host/fake.ts'
import type { Clock } from '@imp/kit/host/host.ts'
import type { Lookout } from './assertions/assertion.ts'
import type { NodeDefinition } from './definition.ts'
import { Assertion } from './model.ts'
import type { BgpPeerState, Parts } from './parts.ts'
import type { Places } from './places.ts'
import { verifyLab, type Verdict } from './verify.ts'

type Answers = Readonly<Record<string, string>>

/** The router of the lab takes nothing of 10.0.0.0/8. */
function refuses(_text: string, prefix: string): string | undefined {
  return prefix.startsWith('10.') ? 'is a bogon' : undefined
}

/** A lab of one node whose programs say what the table says; it changes when the clock does. */
function lookout(clock: Clock, answers: (now: number) => Answers, sessions: (now: number) => readonly BgpPeerState[] = () => []): Lookout {
  const node: NodeDefinition = {
    name: 'edge',
    kind: 'router',
    startup: '{}',
    realised: 'namespace',
    because: [],
    daemons: [],
    exec: [],
    files: [],
    directory: '/lab',
  }
  const place = () => {
    const host = fakeHost({ answers: answers(clock.monotonic()) })
    return { name: 'lab x/edge', machine: host, host, runDirectory: '/run/x', stateDirectory: '/run/x/state', local: host }
  }
  const places: Places = {
    lab: { name: 'x', file: '/lab/lab.yaml', nodes: [node], links: [], verify: [] },
    node: () => node,
    at: () => Promise.resolve(place()),
    close: () => Promise.resolve(),
  }
  const never = () => Promise.reject(new Error('not asked for'))
  const parts: Parts = {
    routers: { load: () => ({ findings: [] }), missing: never, commit: never, daemons: never, refuses },
    frr: {
      start: never,
      stop: never,
      running: () => Promise.resolve(['zebra']),
      sessions: () => Promise.resolve(sessions(clock.monotonic())),
    },
  }
  return { places, parts, signal: new AbortController().signal }
}

/** One verdict on one assertion that is written as in a topology. */
async function judge(
  assertion: unknown,
  answers: (now: number) => Answers,
  sessions?: (now: number) => readonly BgpPeerState[],
): Promise<Verdict> {
  const clock = fakeClock()
  const [verdict] = await verifyLab(clock, [Assertion.parse(assertion)], lookout(clock, answers, sessions), () => undefined)
  assert.ok(verdict !== undefined)
  return verdict
}

const bgpRoute = [
  { dst: '203.0.113.0/24', gateway: '192.0.2.1', dev: 'wan', protocol: 'bgp', flags: [] },
  { dst: '203.0.113.0/24', type: 'blackhole', protocol: 'static', flags: [] },
]
const viaLinkLocal = [{ dst: '198.51.100.0/24', via: { family: 'inet6', host: 'fe80::1' }, dev: 'wan', protocol: 'bgp' }]
const multipath = [{ dst: 'default', protocol: 'ospf', nexthops: [{ gateway: '192.0.2.1' }, { gateway: '192.0.2.5' }] }]
const addresses = [
  {
    ifname: 'eth1',
    operstate: 'UP',
    addr_info: [
      { local: 'fe80::1', prefixlen: 64, scope: 'link' },
      { local: '2001:db8:1::5', prefixlen: 64, scope: 'global' },
      { local: '2001:db8:2::5', prefixlen: 64, scope: 'global', tentative: true },
    ],
  },
]

function routeAnswers(prefix: string, family: 4 | 6, routes: unknown): Answers {
  return { [`ip -j -${family} route show exact ${prefix}`]: JSON.stringify(routes) }
}

const table: { what: string; assertion: unknown; answers: Answers; holds: boolean; seen: string }[] = [
  {
    what: 'a route of the protocol and next hop',
    assertion: { route: { node: 'edge', prefix: '203.0.113.0/24', protocol: 'bgp', via: '192.0.2.1', deadline: '1s' } },
    answers: routeAnswers('203.0.113.0/24', 4, bgpRoute),
    holds: true,
    seen: 'proto bgp via 192.0.2.1 dev wan; blackhole proto static',
  },
  {
    what: 'a route of another next hop',
    assertion: { route: { node: 'edge', prefix: '203.0.113.0/24', via: '192.0.2.9', deadline: '1s' } },
    answers: routeAnswers('203.0.113.0/24', 4, bgpRoute),
    holds: false,
    seen: 'proto bgp via 192.0.2.1 dev wan; blackhole proto static',
  },
  {
    what: 'a session of a daemon that does not run',
    assertion: { session: { node: 'edge', peer: '192.0.2.1', deadline: '1s' } },
    answers: {},
    holds: false,
    seen: 'bgpd does not run',
  },
  {
    what: 'no route, since the router takes none such',
    assertion: { route: { node: 'edge', prefix: '10.1.0.0/16', protocol: 'bgp', deadline: '1s' } },
    answers: routeAnswers('10.1.0.0/16', 4, []),
    holds: false,
    seen: 'no route: is a bogon',
  },
  {
    what: 'a next hop of the other family (RFC 8950)',
    assertion: { route: { node: 'edge', prefix: '198.51.100.0/24', via: 'fe80::1', deadline: '1s' } },
    answers: routeAnswers('198.51.100.0/24', 4, viaLinkLocal),
    holds: true,
    seen: 'proto bgp via fe80::1 dev wan',
  },
  {
    what: 'one of several next hops',
    assertion: { route: { node: 'edge', prefix: '0.0.0.0/0', via: '192.0.2.5', deadline: '1s' } },
    answers: routeAnswers('0.0.0.0/0', 4, multipath),
    holds: true,
    seen: 'proto ospf via 192.0.2.1 via 192.0.2.5',
  },
  {
    what: 'no route, as wanted',
    assertion: { 'no-route': { node: 'edge', prefix: '2001:db8::/32', deadline: '1s' } },
    answers: { 'ip -j -6 route show exact 2001:db8::/32': '' },
    holds: true,
    seen: 'no route',
  },
  {
    what: 'all routes of a protocol, with host and default routes in their short forms',
    assertion: { routes: { node: 'edge', protocol: 'bgp', exactly: ['0.0.0.0/0', '192.0.2.7/32', '2001:db8::/32'], deadline: '1s' } },
    answers: {
      'ip -j -4 route show proto bgp': JSON.stringify([{ dst: 'default' }, { dst: '192.0.2.7' }]),
      'ip -j -6 route show proto bgp': JSON.stringify([{ dst: '2001:db8::/32' }]),
    },
    holds: true,
    seen: 'exactly these',
  },
  {
    what: 'a route too many and one too few',
    assertion: { routes: { node: 'edge', protocol: 'bgp', exactly: ['203.0.113.0/24'], deadline: '1s' } },
    answers: {
      'ip -j -4 route show proto bgp': JSON.stringify([{ dst: '100.64.0.0/10' }]),
      'ip -j -6 route show proto bgp': '[]',
    },
    holds: false,
    seen: 'missing 203.0.113.0/24; not expected 100.64.0.0/10',
  },
  {
    what: 'an address of a prefix',
    assertion: { address: { node: 'edge', interface: 'eth1', within: '2001:db8:1::/64', deadline: '1s' } },
    answers: { 'ip -j address show': JSON.stringify(addresses) },
    holds: true,
    seen: '2001:db8:1::5/64',
  },
  {
    what: 'an address that is tentative still',
    assertion: { address: { node: 'edge', within: '2001:db8:2::/64', deadline: '1s' } },
    answers: { 'ip -j address show': JSON.stringify(addresses) },
    holds: false,
    seen: '2001:db8:1::5/64',
  },
  {
    what: 'an answer to every echo request',
    assertion: { reach: { from: 'edge', to: '192.0.2.1', count: 2, deadline: '1s' } },
    answers: {
      'ping -n -c 2 -i 0.2 -W 1 192.0.2.1':
        '2 packets transmitted, 2 received, 0% packet loss, time 201ms\nrtt min/avg/max/mdev = 0.04/0.05/0.06/0.01 ms',
    },
    holds: true,
    seen: '2 of 2 answers, 0.05 ms',
  },
  {
    what: 'an answer to one of two',
    assertion: { reach: { from: 'edge', to: '192.0.2.1', count: 2, deadline: '1s' } },
    answers: { 'ping -n -c 2 -i 0.2 -W 1 192.0.2.1': '2 packets transmitted, 1 received, 50% packet loss, time 201ms' },
    holds: false,
    seen: '1 of 2 answers',
  },
  {
    what: 'a router that says why',
    assertion: { 'no-reach': { from: 'edge', to: '192.0.2.1', deadline: '1s' } },
    answers: {
      'ping -n -c 3 -i 0.2 -W 1 192.0.2.1':
        'From 198.51.100.1 icmp_seq=1 Destination Net Unreachable\n\n3 packets transmitted, 0 received, +3 errors, 100% packet loss',
    },
    holds: true,
    seen: 'From 198.51.100.1 icmp_seq=1 Destination Net Unreachable',
  },
]

for (const { what, assertion, answers, holds, seen } of table) {
  test(`sees ${what}`, async () => {
    const verdict = await judge(assertion, () => answers)
    assert.deepEqual({ holds: verdict.holds, seen: verdict.seen }, { holds, seen })
  })
}

const peers = [{ peer: '2001:db8:0::1', state: 'Established', dropped: 0 }]

test('a session is found however its address is written', async () => {
  const established = await judge(
    { session: { node: 'edge', peer: '2001:db8::1', deadline: '1s' } },
    () => ({}),
    () => peers,
  )
  assert.deepEqual([established.holds, established.seen], [true, 'established'])
  const down = await judge(
    { session: { node: 'edge', peer: '2001:db8::1', state: 'down', deadline: '1s' } },
    () => ({}),
    () => peers,
  )
  assert.deepEqual([down.holds, down.seen], [false, 'established'])
  const absent = await judge(
    { session: { node: 'edge', peer: '2001:db8::2', deadline: '1s' } },
    () => ({}),
    () => peers,
  )
  assert.deepEqual([absent.holds, absent.seen], [false, 'no such peer'])
})

test('what does not hold is looked at again until it does', async () => {
  const verdict = await judge(
    { session: { node: 'edge', peer: '2001:db8::1' } },
    () => ({}),
    (now) => (now < 3000 ? [] : peers),
  )
  assert.equal(verdict.holds, true)
  assert.equal(verdict.milliseconds, 3000)
})

test('a look that fails is no verdict until the deadline, and then says why', async () => {
  const verdict = await judge({ 'no-route': { node: 'edge', prefix: '192.0.2.0/24', deadline: '2s' } }, () => ({}))
  assert.equal(verdict.holds, false)
  assert.match(verdict.seen, /no answer to: ip -j -4 route show exact/)
  assert.ok(verdict.milliseconds >= 2000)
})

test('verdicts come in the order of the assertions; absence is looked at when all else has been waited for', async () => {
  const clock = fakeClock()
  const looked: string[] = []
  const assertions = [{ 'no-route': { node: 'edge', prefix: '192.0.2.0/24' } }, { session: { node: 'edge', peer: '2001:db8::1' } }].map(
    (each) => Assertion.parse(each),
  )
  const answers = (now: number): Answers => {
    looked.push(`route at ${now}`)
    return { 'ip -j -4 route show exact 192.0.2.0/24': '[]' }
  }
  const progress: number[] = []
  const eyes = lookout(clock, answers, (now) => (now < 1000 ? [] : peers))
  const verdicts = await verifyLab(clock, assertions, eyes, (done) => void progress.push(done))
  assert.deepEqual(
    verdicts.map((verdict) => [verdict.kind, verdict.holds]),
    [
      ['no-route', true],
      ['session', true],
    ],
  )
  assert.equal(looked.at(-1), 'route at 1000')
  assert.deepEqual(progress, [1, 2])
})
