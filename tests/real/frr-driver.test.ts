/** The difference of configurations, sent to real FRR daemons: any configuration is reached from any other, line by line. */
import assert from 'node:assert/strict'
import { suite, test, type TestContext } from 'node:test'
import { boolean, constantFrom, nat, option, record, sample, subarray, tuple, uniqueArray, array, type Arbitrary } from 'fast-check'
import { findDaemons, startDaemons, stopDaemons, type FrrPlace } from '../../packages/imp/src/frr/daemons.ts'
import { difference, splitByDaemon } from '../../packages/imp/src/frr/difference.ts'
import { configureDaemon, observeFrr } from '../../packages/imp/src/frr/driver.ts'
import { daemonOrder } from '../../packages/imp/src/frr/grammar.ts'
import { maskLines } from '../../packages/imp/src/frr/secret-lines.ts'
import { formatConfiguration, parseConfiguration } from '../../packages/imp/src/frr/parse.ts'
import { vtyshSession } from '../../packages/imp/src/frr/vtysh.ts'
import { frrPlace } from '../../packages/imp/src/pipeline/target.ts'
import { identify } from '../../packages/kit/src/host/process.ts'
import { Fault } from '../../packages/kit/src/base/fault.ts'
import { machine, obstacle, openBench } from './pipeline-fixture.ts'

const missing = await obstacle()

function some<T>(value: Arbitrary<T>): Arbitrary<T | undefined> {
  return option(value, { nil: undefined })
}

function given(prefix: string, value: string | number | undefined): string[] {
  return value === undefined ? [] : [`${prefix} ${value}`]
}

function when(condition: boolean, line: string): string[] {
  return condition ? [line] : []
}

const prefixList = uniqueArray(
  constantFrom('permit 10.0.0.0/8', 'deny 10.0.0.0/8 le 24', 'permit 172.16.0.0/12 ge 16 le 24', 'permit any'),
  { maxLength: 4 },
).map((entries) => entries.map((entry, index) => `ip prefix-list own seq ${5 * (index + 1)} ${entry}`))

const routeMap = array(
  record({
    verdict: constantFrom('permit', 'deny'),
    list: boolean(),
    preference: some(constantFrom(200, 300)),
    community: some(constantFrom('64500:1', '64500:1 no-export')),
    prepend: some(constantFrom('64500', '64500 64500')),
  }),
  { maxLength: 3 },
).map((entries) =>
  entries.flatMap(({ verdict, list, preference, community, prepend }, index) => [
    `route-map policy ${verdict} ${10 * (index + 1)}`,
    ...when(list, ' match ip address prefix-list own'),
    ...given(' set local-preference', preference),
    ...given(' set community', community),
    ...given(' set as-path prepend', prepend),
    'exit',
  ]),
)

const peers = uniqueArray(
  record({
    address: constantFrom('192.0.2.2', '192.0.2.3', '2001:db8::2'),
    asn: constantFrom(64500, 64501),
    description: some(constantFrom('transit one', 'quoted "x" two')),
    bfd: boolean(),
    shutdown: boolean(),
    password: some(constantFrom('secret:one', 'secret:two')),
    security: boolean(),
    communities: boolean(),
    reflector: boolean(),
    multihop: some(constantFrom(3, 5)),
    timers: some(constantFrom('10 30', '5 20')),
    source: some(constantFrom('lan', '192.0.2.1')),
    maximum: some(constantFrom(10, 20)),
    policy: boolean(),
  }),
  { selector: (peer) => peer.address, maxLength: 3 },
)

const bgp = some(
  record({
    asn: constantFrom(64500, 64510),
    routerId: some(constantFrom('192.0.2.1', '10.0.0.1')),
    cluster: some(constantFrom('192.0.2.1', '10.0.0.1')),
    restart: boolean(),
    peers,
    networks: subarray(['192.0.2.0/24', '203.0.113.0/24']),
  }),
).map((router) => {
  if (router === undefined) return []
  const family = (six: boolean, networks: readonly string[]): string[] => {
    const members = router.peers.filter((peer) => peer.address.includes(':') === six)
    const lines = [
      ...networks.map((network) => `  network ${network}`),
      ...members.flatMap((peer) => [
        `  neighbor ${peer.address} activate`,
        ...when(peer.communities, `  no neighbor ${peer.address} send-community all`),
        ...when(peer.reflector && peer.asn === router.asn, `  neighbor ${peer.address} route-reflector-client`),
        ...given(`  neighbor ${peer.address} maximum-prefix`, peer.maximum),
        ...when(peer.policy, `  neighbor ${peer.address} route-map policy in`),
        ...when(peer.policy, `  neighbor ${peer.address} route-map policy out`),
      ]),
    ]
    return lines.length === 0 ? [] : [` address-family ipv${six ? 6 : 4} unicast`, ...lines, ' exit-address-family']
  }
  return [
    `router bgp ${router.asn}`,
    ...given(' bgp router-id', router.routerId),
    ' no bgp default ipv4-unicast',
    ...given(' bgp cluster-id', router.cluster),
    ...when(router.restart, ' bgp graceful-restart'),
    ...router.peers.flatMap((peer) => [
      ` neighbor ${peer.address} remote-as ${peer.asn}`,
      ...given(` neighbor ${peer.address} description`, peer.description),
      ...when(peer.bfd, ` neighbor ${peer.address} bfd`),
      ...when(peer.shutdown, ` neighbor ${peer.address} shutdown`),
      ...given(` neighbor ${peer.address} password`, peer.password),
      ...given(` neighbor ${peer.address} ebgp-multihop`, peer.asn === router.asn ? undefined : peer.multihop),
      ...when(peer.security && peer.multihop === undefined, ` neighbor ${peer.address} ttl-security hops 2`),
      ...given(` neighbor ${peer.address} timers`, peer.timers),
      ...given(` neighbor ${peer.address} update-source`, peer.source),
    ]),
    ...family(false, router.networks),
    ...family(true, []),
    'exit',
  ]
})

const lan = record({
  description: some(constantFrom('my lan', 'other')),
  area: some(nat(2)),
  cost: some(constantFrom(10, 20)),
  hello: some(constantFrom(1, 2)),
  passive: boolean(),
  key: some(constantFrom('1 md5 secret:one', '1 md5 secret:two', '2 md5 secret:one')),
  area6: some(nat(2)),
  advertise: boolean(),
  interval: some(constantFrom(10, 20)),
  lifetime: some(constantFrom(60, 90)),
  prefixes: subarray(['2001:db8::/64', '2001:db8:5::/64 100 50', '2001:db8:6::/64 off-link']),
  servers: subarray(['2001:db8::53', '2001:db8::54']),
}).map((each) => [
  'interface lan',
  ...given(' description', each.description),
  ...given(' ip ospf area', each.area),
  ...(each.key === undefined ? [] : [' ip ospf authentication message-digest', ` ip ospf message-digest-key ${each.key}`]),
  ...(each.area === undefined
    ? []
    : [...given(' ip ospf cost', each.cost), ...given(' ip ospf hello-interval', each.hello), ...when(each.passive, ' ip ospf passive')]),
  ...when(each.advertise, ' no ipv6 nd suppress-ra'),
  ...given(' ipv6 nd ra-interval', each.interval),
  ...(each.interval === undefined ? [] : given(' ipv6 nd ra-lifetime', each.lifetime)),
  ...each.prefixes.map((prefix) => ` ipv6 nd prefix ${prefix}`),
  ...each.servers.map((server) => ` ipv6 nd rdnss ${server}`),
  ...given(' ipv6 ospf6 area', each.area6),
  'exit',
])

const routers = some(tuple(some(constantFrom('192.0.2.1', '192.0.2.9')), boolean(), boolean())).map((router) => {
  if (router === undefined) return []
  const [routerId, originate, redistribute] = router
  return ['ospf', 'ospf6'].flatMap((word) => [
    `router ${word}`,
    ...given(` ${word} router-id`, routerId),
    ...when(redistribute, ' redistribute static'),
    ...when(originate, ' default-information originate'),
    'exit',
  ])
})

const routes = tuple(
  subarray([
    'ip route 0.0.0.0/0 192.0.2.9',
    'ip route 10.1.0.0/16 blackhole 254',
    'ip route 0.0.0.0/0 192.0.2.6 table 1001',
    'ip route 0.0.0.0/0 192.0.2.7 table 1002',
    'ip route 10.9.0.0/16 lan 5',
    'ipv6 route ::/0 2001:db8::9',
    'ipv6 route 2001:db8:1::/48 fe80::1 lan',
  ]),
  some(constantFrom(' 20', ' 30', '')),
).map(([lines, distance]) => [...lines, ...given('ip route 10.0.0.0/8', distance === undefined ? undefined : `192.0.2.8${distance}`)])

const configurations = tuple(prefixList, routes, lan, bgp, routers, routeMap).map((parts) => parts.flat().join('\n'))

const secrets = new Map([
  ['one', 'correct.horse'],
  ['two', 'battery-staple'],
])

async function place(t: TestContext): Promise<FrrPlace> {
  const bench = await openBench('frr')
  t.after(() => bench.close())
  const [target, far] = [await bench.target('router'), await bench.target('far')]
  await bench.cable(target, 'lan', far, 'eth0')
  await target.host.run(['ip', '-batch', '-'], {
    input: 'link set lan up\naddress add 192.0.2.1/24 dev lan\naddress add 2001:db8::1/64 dev lan nodad\n',
  })
  return { ...frrPlace(target), secrets: () => Promise.resolve(secrets) }
}

async function reach(router: FrrPlace, text: string): Promise<void> {
  for (const [daemon, wanted] of splitByDaemon(parseConfiguration(text), daemonOrder)) await configureDaemon(router, daemon, wanted)
}

/** Found by chance and kept: what killed ospfd, then two that had nothing against it. */
const seeds = [1795379615937, 7, 11]

/** More seeds than those, comma separated: for a search that takes its time. */
const moreSeeds = (process.env['IMP_TEST_SEEDS'] ?? '').split(',').filter((each) => each !== '')

/** Fills memory that was freed (mallopt(3)): a daemon that uses it all the same crashes always, not once in a while. */
function withPoisonedMemory(router: FrrPlace): FrrPlace {
  const { host } = router
  return { ...router, host: { ...host, run: (argv, options) => host.run(argv, { ...options, env: { MALLOC_PERTURB_: '165' } }) } }
}

/** ospfd is started anew when its router goes (frr/driver.ts). */
async function otherDaemons(router: FrrPlace): Promise<unknown> {
  return [...(await findDaemons(router))].filter(([daemon]) => daemon !== 'ospfd')
}

async function walk(router: FrrPlace, seed: number, numRuns: number): Promise<void> {
  for (const [index, text] of sample(configurations, { numRuns, seed }).entries()) {
    try {
      await reach(router, text)
    } catch (error) {
      throw new Error(`configuration ${index} of seed ${seed}:\n${text}`, { cause: error })
    }
    const observed = await observeFrr(router)
    for (const [daemon, wanted] of splitByDaemon(parseConfiguration(text), daemonOrder)) {
      assert.deepEqual(difference(wanted, observed.get(daemon)?.configuration ?? []), [], daemon)
    }
  }
}

suite('FRR', { skip: missing ?? false }, () => {
  test('reaches any configuration from any other, in the same processes', async (t) => {
    const router = withPoisonedMemory(await place(t))
    await startDaemons(router, daemonOrder)
    const before = await otherDaemons(router)
    for (const seed of [...seeds, ...moreSeeds.map(Number)]) await walk(router, seed, 20)
    assert.deepEqual(await otherDaemons(router), before)
  })

  test('starts ospfd anew to take a router away that announced a default route', async (t) => {
    const router = withPoisonedMemory(await place(t))
    const started = await startDaemons(router, daemonOrder)
    const route = 'ip route 0.0.0.0/0 192.0.2.9\ninterface lan\n ip ospf area 0\nexit\n'
    await reach(router, `${route}router ospf\n default-information originate\nexit\n`)
    assert.deepEqual(await findDaemons(router), started)
    await reach(router, route)
    const now = await findDaemons(router)
    assert.notDeepEqual(now.get('ospfd'), started.get('ospfd'))
    await reach(router, `${route}router ospf\n redistribute static\nexit\n`)
    assert.deepEqual(await findDaemons(router), now)
  })

  test('names the line that a daemon refuses, over its socket and by vtysh', async (t) => {
    const router = await place(t)
    await startDaemons(router, ['zebra', 'staticd'])
    await assert.rejects(reach(router, 'ip route 10.0.0.0/8 192.0.2.9\nip route 10.1.0.0/16 not a next hop'), (error) => {
      assert.ok(error instanceof Fault)
      assert.equal(error.message, 'staticd refused "ip route 10.1.0.0/16 not a next hop": unknown command')
      return true
    })
    const refused = await vtyshSession(router, 'staticd').configure([
      'ip route 10.2.0.0/16 192.0.2.9',
      'ip route 10.1.0.0/16 not a next hop',
      'ip route 10.3.0.0/16 192.0.2.9',
    ])
    assert.equal(refused?.at, 1)
    assert.match(refused.status, /Unknown command/)
    // What carries a secret is typed instead: no file, no arguments.
    const typed = await vtyshSession(router, 'staticd').configure(
      ['ip route 10.4.0.0/16 192.0.2.9', 'ip route 10.1.0.0/16 not a next hop', 'ip route 10.5.0.0/16 192.0.2.9'],
      true,
    )
    assert.equal(typed?.at, 1)
    assert.match(typed.status, /Unknown command/)
    assert.equal(await vtyshSession(router, 'staticd').configure(['ip route 10.6.0.0/16 192.0.2.9'], true), undefined)
    const routes = (await observeFrr(router)).get('staticd')?.configuration.map(({ text }) => text) ?? []
    assert.ok(routes.includes('ip route 10.6.0.0/16 192.0.2.9'))
  })

  test('says the same to vtysh as over its socket', async (t) => {
    const router = await place(t)
    await startDaemons(router, ['zebra', 'staticd', 'bgpd'])
    const [text = ''] = sample(
      tuple(prefixList, bgp, routeMap)
        .map((parts) => parts.flat().join('\n'))
        .filter((each) => each.includes('password')),
      { numRuns: 1, seed: 7 },
    )
    const wanted = splitByDaemon(parseConfiguration(text), ['zebra', 'staticd', 'bgpd']).get('bgpd') ?? []
    await configureDaemon(router, 'bgpd', wanted)
    const said = parseConfiguration(await vtyshSession(router, 'bgpd').ask('show running-config'))
    assert.match(formatConfiguration(said), /password (correct\.horse|battery-staple)/)
    assert.deepEqual(difference(wanted, maskLines(said, secrets)), [])
  })

  test('is found by its processes, started once, and stopped', async (t) => {
    const router = await place(t)
    assert.equal((await findDaemons(router)).size, 0)
    const first = await startDaemons(router, ['zebra', 'staticd', 'bgpd'])
    assert.deepEqual([...first.keys()], ['zebra', 'staticd', 'bgpd'])
    assert.deepEqual(await startDaemons(router, ['bgpd', 'zebra']), first)
    const victim = first.get('bgpd') ?? assert.fail('no bgpd')
    await machine.run(['kill', '-KILL', String(victim.pid)])
    const second = await startDaemons(router, ['zebra', 'staticd', 'bgpd'])
    assert.deepEqual(second.get('zebra'), first.get('zebra'))
    assert.notDeepEqual(second.get('bgpd'), victim)
    // A pid file whose number has gone to another process.
    await machine.files.write(`${router.directory}/ospfd.pid`, `${process.pid}\n`)
    assert.equal((await findDaemons(router)).has('ospfd'), false)
    await stopDaemons(router)
    assert.equal((await findDaemons(router)).size, 0)
    await stopDaemons(router)
  })

  test('is not taken for that of a namespace that was deleted and made again', async (t) => {
    const router = await place(t)
    const old = await startDaemons(router, ['zebra'])
    await machine.run(['ip', 'netns', 'delete', router.namespace ?? ''])
    await machine.run(['ip', 'netns', 'add', router.namespace ?? ''])
    assert.equal((await findDaemons(router)).size, 0)
    const fresh = await startDaemons(router, ['zebra'])
    assert.notDeepEqual(fresh, old)
    assert.equal(await identify(old.get('zebra')?.pid ?? 0), undefined)
  })
})
