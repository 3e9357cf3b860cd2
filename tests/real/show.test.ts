/** Looking at a router that works: real FRR on both sides, a client behind its NAT. */
import assert from 'node:assert/strict'
import { dirname, join } from 'node:path'
import { suite, test, type TestContext } from 'node:test'
import type { ImpContext } from '../../packages/imp/src/context.ts'
import { operations as natOperations } from '../../packages/imp/src/nat/ops.ts'
import { applyConfig } from '../../packages/imp/src/pipeline/apply.ts'
import type { Target } from '../../packages/imp/src/pipeline/target.ts'
import { operations as shellOperations } from '../../packages/imp/src/shell/ops.ts'
import { operations as lookOperations } from '../../packages/imp/src/show/ops.ts'
import { operations as routingOperations } from '../../packages/imp/src/show/routing/ops.ts'
import { until } from '../../packages/kit/src/host/until.ts'
import { invoke, type AnyOperation } from '../../packages/kit/src/op/operation.ts'
import { config, machine, obstacle, openBench, silent } from './pipeline-fixture.ts'
import { impContextOn } from '../../packages/imp/src/sample.ts'

const missing = await obstacle()

const fast = { network: 'point-to-point', helloInterval: 1, deadInterval: 4 } as const

const upstream = config({
  hostname: 'upstream',
  interfaces: [
    { name: 'customer', role: 'internal', addresses: ['192.0.2.2/30', '2001:db8:f::2/64'], ra: { send: false }, ospf: fast, ospf6: fast },
  ],
  loopbacks: [{ instance: 0, addresses: ['198.51.100.1/32'], ospf: {} }],
  ospf: {},
  ospf6: {},
  bgp: {
    asn: 64496,
    routerId: '192.0.2.2',
    announced: ['198.51.100.0/24'],
    peers: [
      {
        name: 'edge',
        address: '192.0.2.1',
        asn: 64500,
        connectRetry: 1,
        holdTime: 180,
        import: { accept: [{ prefix: '203.0.113.0/24' }] },
      },
    ],
  },
})

const edge = config({
  hostname: 'edge',
  interfaces: [
    { name: 'wan', role: 'external', nic: { name: 'port0' }, addresses: ['192.0.2.1/30', '2001:db8:f::1/64'], ospf: fast, ospf6: fast },
    { name: 'lan', role: 'internal', nic: { name: 'port1' }, addresses: ['192.168.0.1/24'] },
  ],
  loopbacks: [{ instance: 0, addresses: ['203.0.113.1/32'], ospf: {} }],
  routes: [{ prefix: '10.0.0.0/8', blackhole: true }],
  ospf: {},
  ospf6: {},
  bgp: {
    asn: 64500,
    routerId: '203.0.113.1',
    announced: ['203.0.113.0/24'],
    peers: [
      { name: 'upstream', address: '192.0.2.2', asn: 64496, connectRetry: 1, holdTime: 180, import: { acceptBogons: true } },
      { name: 'silent', address: '192.0.2.3', asn: 64497, connectRetry: 1, holdTime: 180 },
    ],
  },
  nat: { mappings: [{ inside: '192.168.0.0/28', outside: '203.0.113.96/30' }] },
})

type Ask = (line: string, input?: object) => Promise<Record<string, unknown>>

/** Invokes operations on one target; every answer is drawn too. */
function asking(target: Target): Ask {
  const directory = dirname(target.runDirectory)
  const directories = { runDirectory: join(directory, 'imp'), stateDirectory: join(directory, 'persistent') }
  const context = impContextOn(machine, directories)
  const { namespace = '', stateDirectory, runDirectory } = target
  const all: readonly AnyOperation<ImpContext>[] = [...lookOperations, ...routingOperations, ...shellOperations, ...natOperations]
  return async (line, input = {}) => {
    const operation = all.find((each) => each.path.join(' ') === line) ?? assert.fail(line)
    const answer = await invoke(operation, context, { namespace, stateDirectory, runDirectory, ...input })
    assert.ok(answer.answer === 'result')
    assert.notEqual(operation.view?.(answer.value, { width: 100, colour: false }), '')
    return answer.value as Record<string, unknown>
  }
}

interface Bench {
  readonly ask: Ask
  readonly client: Target
}

/** The router with its upstream, a silent peer and a client at 192.168.0.5. */
async function routerAtWork(t: TestContext): Promise<Bench> {
  const bench = await openBench('show')
  t.after(() => bench.close())
  const [router, peer, client] = [await bench.target('edge'), await bench.target('upstream'), await bench.target('client')]
  await bench.cable(router, 'port0', peer, 'customer')
  await bench.cable(router, 'port1', client, 'eth0')
  await client.host.run(['ip', 'address', 'add', '192.168.0.5/24', 'dev', 'eth0'])
  await client.host.run(['ip', 'route', 'add', 'default', 'via', '192.168.0.1'])
  await Promise.all([applyConfig(router, edge, { report: silent }), applyConfig(peer, upstream, { report: silent })])
  return { ask: asking(router), client }
}

interface Session {
  readonly peer: string
  readonly state: string
  readonly received: number
}

async function sessions(ask: Ask): Promise<readonly Session[]> {
  return (await ask('show bgp'))['sessions'] as Session[]
}

suite('looking', { skip: missing ?? false }, () => {
  test('at a router that works', async (t) => {
    const { ask, client } = await routerAtWork(t)

    await t.test('BGP sessions and one peer by its name', async () => {
      const found = await until(machine.clock, { timeout: 60_000, interval: 200, what: 'BGP session' }, async () => {
        const all = await sessions(ask)
        return all.some(({ peer, received }) => peer === '192.0.2.2' && received === 1) && all
      })
      assert.deepEqual(
        found.map(({ peer, state }) => [peer, state === 'Established']),
        [
          ['192.0.2.2', true],
          ['192.0.2.3', false],
        ],
      )
      const { peer } = await ask('show bgp', { peer: 'upstream' })
      assert.partialDeepStrictEqual(peer, { peer: '192.0.2.2', asn: 64496, state: 'Established', holdTimeMs: 180_000 })
      await assert.rejects(ask('show bgp', { peer: 'nobody' }), { code: 'not-found', message: /no BGP peer is called "nobody"/ })
      await assert.rejects(ask('show bgp', { peer: '192.0.2.9' }), { code: 'not-found', message: /bgpd has no peer 192\.0\.2\.9/ })
    })

    await t.test('neighbours of both OSPFs', async () => {
      await until(machine.clock, { timeout: 60_000, interval: 200, what: 'OSPF neighbours' }, async () => {
        const { neighbours } = (await ask('show ospf')) as { neighbours: { version: number; state: string }[] }
        return [2, 3].every((version) => neighbours.some((each) => each.version === version && each.state.startsWith('Full')))
      })
    })

    await t.test('routes: all, of one address, of a prefix, inside a prefix, and none', async () => {
      const prefixes = async (input: object): Promise<string[]> =>
        ((await ask('show routes', input))['routes'] as { prefix: string; protocol: string; selected: boolean }[])
          .filter(({ selected }) => selected)
          .map(({ prefix, protocol }) => `${prefix} ${protocol}`)
      const ospf = '198.51.100.1/32 ospf'
      await until(machine.clock, { timeout: 60_000, interval: 200, what: 'route by OSPF' }, async () => (await prefixes({})).includes(ospf))
      const all = await prefixes({})
      for (const route of ['10.0.0.0/8 static', '198.51.100.0/24 bgp', '2001:db8:f::/64 connected']) assert.ok(all.includes(route), route)
      assert.deepEqual(await prefixes({ destination: '198.51.100.1' }), [ospf])
      assert.deepEqual(await prefixes({ destination: '198.51.100.0/24' }), ['198.51.100.0/24 bgp'])
      assert.deepEqual(await prefixes({ destination: '198.51.100.0/22', longer: true }), ['198.51.100.0/24 bgp', ospf])
      assert.deepEqual(await prefixes({ destination: '2001:db8:f::9' }), ['2001:db8:f::/64 connected'])
      for (const destination of ['172.16.0.1', '172.16.0.0/12', '2001:db8:77::/48']) assert.deepEqual(await prefixes({ destination }), [])
      await assert.rejects(ask('show routes', { destination: '198.51.100.1', longer: true }), { code: 'input', message: /needs a prefix/ })
    })

    await t.test('what the kernel forwards by', async () => {
      const entries = async (input: object): Promise<string[]> =>
        ((await ask('show fib', input))['entries'] as { prefix: string; type: string; protocol: string }[]).map(
          ({ prefix, type, protocol }) => `${prefix} ${type} ${protocol}`,
        )
      const all = await entries({})
      for (const entry of ['198.51.100.0/24 unicast bgp', '2001:db8:f::/64 unicast kernel']) assert.ok(all.includes(entry), entry)
      assert.deepEqual(await entries({ destination: '198.51.100.1' }), ['198.51.100.1/32 unicast ospf'])
      assert.deepEqual(await entries({ destination: '10.1.2.3' }), ['10.0.0.0/8 blackhole static'])
      assert.deepEqual(await entries({ destination: '192.0.2.0/30' }), ['192.0.2.0/30 unicast kernel'])
      for (const destination of ['172.16.0.1', '0.0.0.0/0', '2001:db9::1'])
        assert.deepEqual(await entries({ destination }), [], destination)
    })

    await t.test('interfaces, neighbours and counters after some traffic', async () => {
      await client.host.query(['ping', '-c', '2', '-i', '0.2', '-W', '5', '198.51.100.1'])
      const { interfaces } = await ask('show interfaces')
      const [wan] = (interfaces as { name: string; received: { packets: number } }[]).filter((each) => each.name === 'wan')
      assert.partialDeepStrictEqual(wan, { state: 'up', kind: 'veth', mtu: 1500 })
      assert.ok(wan !== undefined && wan.received.packets >= 2)
      const { neighbours } = (await ask('show neighbours')) as { neighbours: { address: string; interface: string }[] }
      assert.ok(neighbours.some((each) => each.address === '192.168.0.5' && each.interface === 'lan'))
      const { kernel, rules } = (await ask('show counters')) as { kernel: Record<string, number>; rules: unknown[] }
      assert.ok((kernel['IpForwDatagrams'] ?? 0) >= 2)
      assert.equal(rules.length, 1)
    })

    await t.test('flows of every host, and the lookup that agrees with each', async () => {
      const hosts = Array.from({ length: 9 }, (_, index) => `192.168.0.${index + 6}`)
      for (const host of hosts) await client.host.run(['ip', 'address', 'add', `${host}/24`, 'dev', 'eth0'])
      await Promise.all(hosts.map((host) => client.host.query(['ping', '-c', '1', '-W', '5', '-I', host, '198.51.100.1'])))
      for (const host of ['192.168.0.5', ...hosts]) {
        const { flows, tracked } = (await ask('show nat', { inside: host })) as { flows: { outside: string }[]; tracked: number }
        const [flow] = flows
        assert.ok(flow !== undefined && tracked >= 1, host)
        const found = await ask('nat lookup', { endpoint: flow.outside })
        const proof = { source: 'running', hostname: 'edge' }
        assert.partialDeepStrictEqual(found, { inside: host, outside: flow.outside.split(':')[0], proof })
        assert.deepEqual(await ask('nat lookup', { endpoint: host }), found)
      }
      assert.deepEqual((await ask('show nat', { inside: '192.168.0.15' }))['flows'], [])
    })
  })

  test('at what a command says in a shell', async (t) => {
    const bench = await openBench('show-shell')
    t.after(() => bench.close())
    const [router, empty] = [await bench.target('edge'), await bench.target('empty')]
    await applyConfig(router, config({ hostname: 'edge', interfaces: [], loopbacks: [{ instance: 0, addresses: ['203.0.113.1/32'] }] }), {
      report: silent,
    })
    const ask = asking(router)
    const route = await ask('shell routing', { words: ['show', 'ip', 'route', '203.0.113.1'] })
    assert.match(String(route['stdout']), /Routing entry for 203\.0\.113\.1\/32/)
    const address = await ask('shell dataplane', { words: ['ip', '-br', 'address', 'show', 'dev', 'lo'] })
    assert.match(String(address['stdout']), /203\.0\.113\.1\/32/)
    assert.equal((await ask('shell dataplane', { words: ['sh', '-c', 'echo x; exit 7'] }))['status'], 7)
    for (const line of ['shell routing', 'shell dataplane'])
      await assert.rejects(ask(line), { code: 'input', message: /needs a terminal/ }, line)
    await assert.rejects(asking(empty)('shell routing', { words: ['show', 'version'] }), { code: 'state', message: /zebra does not run/ })
    await assert.rejects(asking(await bench.target('absent', false))('shell dataplane', { words: ['true'] }), { code: 'not-found' })
  })

  test('at a namespace that is not there, and at one without a router', async (t) => {
    const bench = await openBench('show-none')
    t.after(() => bench.close())
    const [absent, empty] = [asking(await bench.target('absent', false)), asking(await bench.target('empty'))]
    for (const line of ['show interfaces', 'show bgp', 'show nat']) await assert.rejects(absent(line), { code: 'not-found' }, line)
    await assert.rejects(empty('show routes'), { code: 'state', message: /zebra does not run/ })
    await assert.rejects(empty('show bgp', { peer: '192.0.2.2' }), { code: 'state', message: /bgpd does not run/ })
    assert.deepEqual((await empty('show bgp'))['sessions'], [])
    assert.deepEqual((await empty('show ospf'))['neighbours'], [])
    assert.deepEqual((await empty('show neighbours'))['neighbours'], [])
    assert.deepEqual((await empty('show fib'))['entries'], [])
    assert.partialDeepStrictEqual(await empty('show nat'), { mappings: [], tracked: 0, untranslatable: 0 })
    assert.deepEqual((await empty('show counters'))['rules'], [])
  })
})
