/** Routers in namespaces, with real FRR on both sides of their sessions. */
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { suite, test, type TestContext } from 'node:test'
import type { RouterConfig, RouterConfigInput } from '../../packages/imp/src/config/model.ts'
import type { ImpContext } from '../../packages/imp/src/context.ts'
import { findDaemons, stopDaemons } from '../../packages/imp/src/frr/daemons.ts'
import { bgpSessions, observeFrr } from '../../packages/imp/src/frr/driver.ts'
import { applyConfig } from '../../packages/imp/src/pipeline/apply.ts'
import { operations } from '../../packages/imp/src/pipeline/ops.ts'
import { planConfig } from '../../packages/imp/src/pipeline/plan.ts'
import { frrPlace, type Target } from '../../packages/imp/src/pipeline/target.ts'
import { Fault } from '../../packages/kit/src/base/fault.ts'
import { until } from '../../packages/kit/src/host/until.ts'
import { invoke } from '../../packages/kit/src/op/operation.ts'
import { config, machine, obstacle, openBench, silent, snapshot, type Bench } from './pipeline-fixture.ts'
import { impContextOn } from '../../packages/imp/src/sample.ts'

const missing = await obstacle()

type Input = Omit<RouterConfigInput, 'schema' | 'version'>

const edgeInput: Input = {
  hostname: 'edge',
  interfaces: [
    { name: 'wan', role: 'external', nic: { name: 'port0' }, addresses: ['192.0.2.1/30', '2001:db8:f::1/64'] },
    { name: 'lan', role: 'internal', nic: { name: 'port1' }, addresses: ['192.168.0.1/24', '2001:db8:a::1/64'] },
  ],
  loopbacks: [{ instance: 0, addresses: ['203.0.113.1/32'] }],
  bgp: {
    asn: 64500,
    routerId: '203.0.113.1',
    announced: ['203.0.113.0/24', '2001:db8:a::/48'],
    peers: [
      { name: 'upstream', address: '192.0.2.2', asn: 64496, connectRetry: 1, holdTime: 180, import: { acceptBogons: true } },
      { name: 'upstream6', address: '2001:db8:f::2', asn: 64496, connectRetry: 1, holdTime: 180, import: { acceptBogons: true } },
    ],
  },
  nat: { mappings: [{ inside: '192.168.0.0/28', outside: '203.0.113.96/30' }] },
}

const upstream = config({
  hostname: 'upstream',
  interfaces: [{ name: 'customer', role: 'internal', addresses: ['192.0.2.2/30', '2001:db8:f::2/64'], ra: { send: false } }],
  bgp: {
    asn: 64496,
    routerId: '192.0.2.2',
    announced: ['198.51.100.0/24', '2001:db8:ffff::/48'],
    peers: [
      {
        name: 'edge',
        address: '192.0.2.1',
        asn: 64500,
        connectRetry: 1,
        holdTime: 180,
        import: { accept: [{ prefix: '203.0.113.0/24' }] },
      },
      {
        name: 'edge6',
        address: '2001:db8:f::1',
        asn: 64500,
        connectRetry: 1,
        holdTime: 180,
        import: { accept: [{ prefix: '2001:db8:a::/48' }] },
      },
    ],
  },
})

function edge(change: (input: Input) => Input = (same) => same): RouterConfig {
  return config(change(structuredClone(edgeInput)))
}

function described(description: string): RouterConfig {
  return edge((input) => {
    const [first, ...rest] = input.bgp?.peers ?? []
    if (input.bgp === undefined || first === undefined) return input
    return { ...input, bgp: { ...input.bgp, peers: [{ ...first, description }, ...rest] } }
  })
}

async function bench(t: TestContext, topic: string): Promise<Bench> {
  const opened = await openBench(topic)
  t.after(() => opened.close())
  return opened
}

async function pair(t: TestContext, topic: string): Promise<{ router: Target; peer: Target }> {
  const opened = await bench(t, topic)
  const [router, peer, clients] = [await opened.target('edge'), await opened.target('upstream'), await opened.target('lan')]
  await opened.cable(router, 'port0', peer, 'customer')
  await opened.cable(router, 'port1', clients, 'eth0')
  return { router, peer }
}

async function established(target: Target, sessions: number): Promise<void> {
  await until(machine.clock, { timeout: 60_000, what: `${sessions} sessions of ${target.name}` }, async () => {
    const found = await bgpSessions(frrPlace(target))
    return found.length === sessions && found.every((session) => session.state === 'Established' && session.received > 0)
  })
}

/** Processes and sessions: what a change must leave alone. */
async function vitals(target: Target): Promise<unknown> {
  const sessions = (await bgpSessions(frrPlace(target))).map(({ peer, state, dropped }) => ({ peer, state, dropped }))
  return { daemons: [...(await findDaemons(frrPlace(target)))], sessions }
}

function contextFor(target: Target, dryRun = false): ImpContext {
  const directory = dirname(target.runDirectory)
  const directories = { runDirectory: join(directory, 'imp'), stateDirectory: join(directory, 'persistent') }
  return impContextOn(machine, { dryRun, ...directories })
}

function operationNamed(word: string) {
  return operations.find((each) => each.path[0] === word) ?? assert.fail(`no operation ${word}`)
}

suite('a router in a namespace', { concurrency: 2, skip: missing ?? false }, () => {
  test('speaks BGP, stays as it is on a second apply, and changes one line without touching a session', async (t) => {
    const { router, peer } = await pair(t, 'bgp')
    await applyConfig(peer, upstream, { report: silent })
    await applyConfig(router, edge(), { report: silent })
    await Promise.all([established(router, 2), established(peer, 2)])
    const route = await until(machine.clock, { timeout: 90_000, what: 'route of the upstream' }, async () => {
      const { stdout } = await router.host.query(['ip', 'route', 'show', '198.51.100.0/24'])
      return stdout !== '' && stdout
    })
    assert.match(route, /via 192\.0\.2\.2 dev wan proto bgp/)
    const before = await Promise.all([vitals(router), vitals(peer)])

    const again = await applyConfig(router, edge(), { report: silent })
    assert.equal(again.changed, false)
    assert.deepEqual(again.steps, [])

    const { steps } = await planConfig(router, described('Transit, ticket 4711'))
    assert.deepEqual(
      steps.map((step) => `${step.kind}: ${step.summary} (${step.disruption})`),
      [
        'frr: add router bgp 64500: neighbor 192.0.2.2 description Transit, ticket 4711 (none)',
        'verify: verify that the router is as configured (none)',
        'record: record edge as the running configuration (none)',
      ],
    )
    await applyConfig(router, described('Transit, ticket 4711'), { report: silent })
    await applyConfig(
      router,
      edge((input) => ({ ...input, routes: [{ prefix: '10.0.0.0/8', via: '192.168.0.2' }], ospf: {} })),
      { report: silent },
    )
    await applyConfig(router, edge(), { report: silent })
    assert.deepEqual(await Promise.all([vitals(router), vitals(peer)]), before)
  })

  test('announces a reset in the plan, and expects it', async (t) => {
    const { router, peer } = await pair(t, 'reset')
    await applyConfig(peer, upstream, { report: silent })
    await applyConfig(router, edge(), { report: silent })
    await established(router, 2)
    const changed = edge((input) => {
      const [first, ...rest] = input.bgp?.peers ?? []
      if (input.bgp === undefined || first === undefined) return input
      return { ...input, bgp: { ...input.bgp, peers: [{ ...first, multihop: 2 }, ...rest] } }
    })
    const { changes } = await planConfig(router, changed)
    assert.deepEqual(
      changes.map((step) => [step.summary, step.disruption]),
      [['add router bgp 64500: neighbor 192.0.2.2 ebgp-multihop 2 (resets the BGP session with 192.0.2.2)', 'restart']],
    )
    const sixth = async () => (await bgpSessions(frrPlace(router))).find((session) => session.peer === '2001:db8:f::2')?.dropped
    const dropped = await sixth()
    await applyConfig(router, changed, { report: silent })
    await established(router, 2)
    assert.equal(await sixth(), dropped)
  })

  test('comes back as it was when a line is refused in the middle of a change', async (t) => {
    const { router, peer } = await pair(t, 'refused')
    await applyConfig(peer, upstream, { report: silent })
    await applyConfig(router, edge(), { report: silent })
    await established(router, 2)
    const before = await snapshot(router)
    const alive = await vitals(router)
    // The check of a configuration would refuse this interface; what it may overlook one day, FRR refuses in the middle.
    const broken = edge((input) => ({
      ...input,
      loopbacks: [{ instance: 0, addresses: ['203.0.113.1/32', '203.0.113.2/32'] }],
      routes: [{ prefix: '10.0.0.0/8', via: '192.168.0.2', interface: 'not a link' }],
    }))
    await assert.rejects(applyConfig(router, broken, { report: silent }), (error) => {
      assert.ok(error instanceof Fault)
      assert.match(error.message, /staticd refused "ip route 10\.0\.0\.0\/8 192\.168\.0\.2 not a link"/)
      return true
    })
    assert.deepEqual(await snapshot(router), before)
    assert.deepEqual(await vitals(router), alive)
  })

  test('comes back as it was when verification fails', async (t) => {
    const { router, peer } = await pair(t, 'verify')
    await applyConfig(peer, upstream, { report: silent })
    await applyConfig(router, edge(), { report: silent })
    await established(router, 2)
    const before = await snapshot(router)
    const changed = described('will not last')
    // Somebody pulls the cable while the change is being made.
    const cut = applyConfig(router, changed, {
      report: (event) => {
        if (event.event === 'step' && event.state === 'done' && event.title.includes('description'))
          pulled = peer.host.run(['ip', 'link', 'set', 'dev', 'customer', 'down'])
      },
    })
    let pulled: Promise<unknown> | undefined
    await assert.rejects(cut, (error) => {
      assert.ok(error instanceof Fault)
      assert.match(error.message, /verification failed, the change is taken back/)
      assert.ok(error.findings.some((finding) => finding.path === 'wan' && /no carrier/.test(finding.message)))
      return true
    })
    await pulled
    await peer.host.run(['ip', 'link', 'set', 'dev', 'customer', 'up'])
    assert.deepEqual(await snapshot(router), before)
  })

  test('notices what was changed by hand, and mends it', async (t) => {
    const { router } = await pair(t, 'drift')
    const target = { namespace: router.namespace, stateDirectory: router.stateDirectory, runDirectory: router.runDirectory }
    await applyConfig(router, edge(), { report: silent })
    const before = await snapshot(router)
    const drift = async () =>
      invoke(operationNamed('drift'), contextFor(router), target) as Promise<{ value: { steps: { summary: string }[] } }>
    assert.deepEqual((await drift()).value.steps, [])
    const damages: readonly (readonly [what: string, damage: () => Promise<unknown>, summary: RegExp])[] = [
      ['an address', () => router.host.run(['ip', 'address', 'delete', '192.168.0.1/24', 'dev', 'lan']), /add 192\.168\.0\.1\/24 to lan/],
      ['a link', () => router.host.run(['ip', 'link', 'set', 'dev', 'lan', 'mtu', '1400']), /MTU 1500 on lan/],
      ['forwarding', () => router.host.run(['sysctl', '-w', 'net.ipv4.ip_forward=0']), /net\.ipv4\.ip_forward=1/],
      [
        'an element of the NAT map',
        () => router.host.run(['nft', 'delete', 'element', 'ip', 'imp_nat', 'det', '{ 192.168.0.1 }']),
        /replace nftables table imp_nat/,
      ],
      ['the NAT table', () => router.host.run(['nft', 'delete', 'table', 'ip', 'imp_nat']), /load nftables table imp_nat/],
      [
        'a line of FRR',
        () =>
          router.host.run([
            'vtysh',
            '--vty_socket',
            frrPlace(router).directory,
            '-c',
            'configure terminal',
            '-c',
            'router bgp 64500',
            '-c',
            'neighbor 192.0.2.2 shutdown',
          ]),
        /remove router bgp 64500: neighbor 192\.0\.2\.2 shutdown/,
      ],
      ['a daemon', () => stopDaemons(frrPlace(router), ['bgpd']), /start bgpd/],
    ]
    for (const [what, damage, summary] of damages) {
      await damage()
      const { steps } = (await drift()).value
      assert.ok(
        steps.some((step) => summary.test(step.summary)),
        `${what}: ${steps.map((step) => step.summary).join('; ')}`,
      )
      assert.equal((await applyConfig(router, edge(), { report: silent })).changed, true)
      assert.deepEqual(await snapshot(router), before, `${what} is mended`)
    }
  })

  test('leaves what others made alone, and takes away what it made', async (t) => {
    const { router } = await pair(t, 'foreign')
    await router.host.run(['ip', 'address', 'add', '10.99.0.1/24', 'dev', 'port1'])
    await router.host.run(['nft', 'add', 'table', 'inet', 'theirs'])
    await applyConfig(
      router,
      edge((input) => ({ ...input, policyRoutes: [{ name: 'second', from: ['192.168.0.128/25'], via: '192.0.2.2' }] })),
      { report: silent },
    )
    const { stdout } = await router.host.query(['ip', 'route', 'get', '198.51.100.1', 'from', '192.168.0.200', 'iif', 'lan', 'mark', '1'])
    assert.match(stdout, /via 192\.0\.2\.2 dev wan table 1001/)
    await applyConfig(
      router,
      config({ hostname: 'small', interfaces: [{ name: 'lan', role: 'internal', nic: { name: 'port1' }, addresses: ['192.168.7.1/24'] }] }),
      { report: silent },
    )
    const after = await snapshot(router)
    assert.deepEqual(
      after.links.map((link) => [link.name, link.up, link.addresses]),
      [
        ['lo', true, []],
        ['port0', false, []],
        ['lan', true, ['10.99.0.1/24', '192.168.7.1/24']],
      ],
    )
    assert.deepEqual(
      after.nft.map((table) => table.split('\n')[0]),
      ['table inet theirs {'],
    )
    assert.doesNotMatch(after.rules, /fwmark/)
    assert.deepEqual(Object.keys(after.frr).toSorted(), ['staticd', 'zebra'])
  })

  test('brings cards into a namespace that it makes, and gives them back when the change fails', async (t) => {
    const opened = await bench(t, 'bring')
    const [router, far] = [{ ...(await opened.target('made', false)), bringsPorts: true }, await opened.target('far')]
    const card = `impcard${process.pid}`.slice(0, 15)
    await machine.run(['ip', 'link', 'add', card, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', far.namespace ?? ''])
    await far.host.run(['ip', 'link', 'set', 'dev', 'eth0', 'up'])
    const only = (routes: Input['routes']): RouterConfig =>
      config({
        hostname: 'made',
        interfaces: [{ name: 'wan', role: 'external', nic: { name: card }, addresses: ['192.0.2.1/30'] }],
        routes: routes ?? [],
      })
    await assert.rejects(applyConfig(router, only([{ prefix: '10.0.0.0/8', via: '192.0.2.2', interface: 'no such' }]), { report: silent }))
    assert.equal(await machine.files.stat(`/run/netns/${router.namespace ?? ''}`), undefined)
    assert.ok((await machine.query(['ip', '-o', 'link', 'show'])).stdout.includes(`${card}@`), 'the card is back under its name')
    await applyConfig(router, only([]), { report: silent })
    assert.match((await router.host.query(['ip', '-o', 'address', 'show', 'dev', 'wan'])).stdout, /192\.0\.2\.1\/30/)
    assert.equal((await applyConfig(router, only([]), { report: silent })).changed, false)
  })

  test('plans without touching anything', async (t) => {
    const { router } = await pair(t, 'plan')
    const file = join(dirname(router.runDirectory), 'router.json')
    await writeFile(file, JSON.stringify(edgeInput.hostname === undefined ? {} : { schema: 'imp.router', version: 1, ...edgeInput }))
    const where = { namespace: router.namespace, stateDirectory: router.stateDirectory, runDirectory: router.runDirectory }
    const before = await snapshot(router)
    const planned = await invoke(operationNamed('plan'), contextFor(router), { file, ...where })
    const dry = await invoke(operationNamed('apply'), contextFor(router, true), { file, ...where })
    assert.equal(planned.answer, 'result')
    assert.equal(dry.answer, 'plan')
    assert.ok(dry.steps.length > 5)
    assert.deepEqual(await snapshot(router), before)
    assert.equal((await observeFrr(frrPlace(router))).size, 0)
    const real = await invoke(operationNamed('apply'), contextFor(router), { file, ...where })
    assert.equal(real.answer, 'result')
    const status = (await invoke(operationNamed('status'), contextFor(router), where)) as {
      value: { hostname: string; daemons: { daemon: string }[] }
    }
    assert.equal(status.value.hostname, 'edge')
    assert.deepEqual(
      status.value.daemons.map((each) => each.daemon),
      ['zebra', 'staticd', 'bgpd'],
    )
  })
})
