import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { RouterConfig, type RouterConfigInput } from '../config/model.ts'
import { gatewaysOf, judge, probesOf, type Health, type Observation } from './health.ts'
import { countLearnt, installedRoutes } from './look.ts'

function config(changes: Partial<RouterConfigInput> = {}): RouterConfig {
  return RouterConfig.parse({
    schema: 'imp.router',
    version: 1,
    hostname: 'edge1',
    interfaces: [
      { name: 'wan', role: 'external' },
      { name: 'spare', role: 'internal', enabled: false },
    ],
    routes: [
      { prefix: '0.0.0.0/0', via: '192.0.2.1' },
      { prefix: '0.0.0.0/0', via: '192.0.2.5' },
      { prefix: '10.0.0.0/8', via: '192.0.2.9' },
      { prefix: '::/0', via: 'fe80::1', interface: 'wan' },
    ],
    bgp: { asn: 64500, routerId: '192.0.2.2', peers: [{ name: 'transit', address: '192.0.2.1', asn: 64496 }] },
    ...changes,
  })
}

const well: Observation = {
  links: ['wan'],
  daemons: ['zebra', 'bgpd'],
  sessions: new Map([['192.0.2.1', 'Established']]),
  answering: ['gateway of 0.0.0.0/0', 'gateway 2 of 0.0.0.0/0', 'gateway of ::/0'],
  lossless: ['gateway of 0.0.0.0/0', 'gateway 2 of 0.0.0.0/0', 'gateway of ::/0'],
  installed: ['0.0.0.0/0', '10.0.0.0/8', '::/0'],
  learnt: 100,
}

function health(observation: Partial<Observation>, of = config()): Health {
  const seen = { ...well, ...observation }
  return { probes: probesOf(of, ['zebra', 'bgpd'], seen), learnt: seen.learnt }
}

function verdict(before: Health, after: Health): string[] {
  return judge(before, after).map(({ severity, path, message }) => `${severity} ${path}: ${message}`)
}

suite('what static routes are installed', () => {
  test('is read from zebra, by destination', () => {
    const text = '{"0.0.0.0/0":[{"installed":true},{}],"10.0.0.0/8":[{"selected":true}]}'
    assert.deepEqual(installedRoutes(text), ['0.0.0.0/0'])
    assert.deepEqual(installedRoutes('{}'), [])
  })
})

suite('health', () => {
  test('gateways are those of the default routes', () =>
    assert.deepEqual(
      gatewaysOf(config()).map(({ address }) => address),
      ['192.0.2.1', '192.0.2.5', 'fe80::1'],
    ))
  test('what stays well says nothing', () => assert.deepEqual(verdict(health({}), health({})), []))

  const losses: readonly { what: string; seen: Partial<Observation>; says: RegExp }[] = [
    { what: 'a link', seen: { links: [] }, says: /^error interfaces\.wan: interface wan has no carrier or is down/ },
    { what: 'a gateway', seen: { answering: well.answering.slice(1) }, says: /^error routes\[0\]: gateway of .* does not answer ping/ },
    { what: 'a session', seen: { sessions: new Map() }, says: /^error bgp\.peers\.transit: BGP session transit is not there/ },
    { what: 'a daemon', seen: { daemons: ['zebra'] }, says: /^error : daemon bgpd does not run/ },
    { what: 'most routes', seen: { learnt: 49 }, says: /^error : learnt routes fell from 100 to 49/ },
  ]
  for (const { what, seen, says } of losses) {
    test(`losing ${what} is an error`, () => {
      const found = verdict(health({}), health(seen))
      assert.equal(found.length, 1)
      assert.match(found[0] ?? '', says)
    })
  }
  for (const { what, seen } of losses.slice(0, 4)) {
    test(`without ${what} before it is a warning`, () =>
      assert.deepEqual(
        judge(health(seen), health(seen)).map(({ severity }) => severity),
        ['warning'],
      ))
  }

  test('what the configuration has no more was taken out on purpose', () => {
    const without = config({ bgp: { asn: 64500, routerId: '192.0.2.2' } })
    assert.deepEqual(verdict(health({}), health({ sessions: new Map(), learnt: 0 }, without)), [])
  })

  test('a neighbour of OSPF must come back where OSPF still is spoken', () => {
    const [one, two] = [
      { name: 'OSPFv2 neighbour 192.0.2.9 on lan', interface: 'lan' },
      { name: 'OSPFv3 neighbour 192.0.2.8 on dmz', interface: 'dmz' },
    ]
    const before: Health = { ...health({}), neighbours: [one, two], ospfInterfaces: ['lan', 'dmz'] }
    assert.deepEqual(verdict(before, { ...health({}), neighbours: [two, one], ospfInterfaces: ['lan', 'dmz'] }), [])
    assert.deepEqual(verdict(before, { ...health({}), neighbours: [], ospfInterfaces: ['lan'] }), [
      'error interfaces.lan.ospf: OSPFv2 neighbour 192.0.2.9 on lan is gone and was there before the change',
    ])
  })

  test('what is new only warns', () => {
    const more = config({
      interfaces: [
        { name: 'wan', role: 'external' },
        { name: 'lan', role: 'internal' },
      ],
    })
    assert.deepEqual(verdict(health({}), health({}, more)), ['warning interfaces.lan: interface lan has no carrier or is down and is new'])
  })

  test('a peer that moves to another address is the same session', () => {
    const moved = config({ bgp: { asn: 64500, routerId: '192.0.2.2', peers: [{ name: 'transit', address: '192.0.2.77', asn: 64496 }] } })
    assert.match(verdict(health({}), health({}, moved)).join(), /error bgp\.peers\.transit: BGP session transit is not there/)
  })
})

test('learnt routes are those of routing protocols in the forwarding table', () => {
  const routes = [
    { fib: 3, rib: 3, type: 'connected' },
    { fib: 7, rib: 9, type: 'ebgp' },
    { fib: 2, rib: 2, type: 'ospf' },
  ]
  assert.equal(countLearnt(JSON.stringify({ routes, routesTotal: 14 })), 9)
  assert.equal(countLearnt('{}'), 0)
})
