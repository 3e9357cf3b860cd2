/** What the health of a router is judged by, at a real one: routes, translation, and the connection of the person who commits. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { test } from 'node:test'
import type { Probe } from '../../packages/imp/src/commit/health.ts'
import { applyConfig } from '../../packages/imp/src/pipeline/apply.ts'
import { managementProbes } from '../../packages/imp/src/pipeline/probe-management.ts'
import { routerAt } from '../../packages/imp/src/pipeline/router.ts'
import { until } from '../../packages/kit/src/host/until.ts'
import { config, machine, obstacle, openBench, silent } from './pipeline-fixture.ts'

const missing = await obstacle()
const edge = config({
  hostname: 'edge',
  interfaces: [
    { name: 'wan', role: 'external', addresses: ['192.0.2.1/30'] },
    { name: 'lan', role: 'internal', addresses: ['192.168.0.1/24'] },
  ],
  routes: [
    { prefix: '0.0.0.0/0', via: '192.0.2.2' },
    { prefix: '10.0.0.0/8', via: '192.168.0.99' },
  ],
  nat: { mappings: [{ inside: '192.168.0.0/28', outside: '203.0.113.96/30' }] },
})

function stateOf(probes: readonly Probe[], name: string): string | undefined {
  const found = probes.find((probe) => probe.name === name)
  return found === undefined ? undefined : `${found.healthy ? 'well' : 'unwell'}: ${found.seen}`
}

test('the health of a router', { timeout: 120_000 }, async (t) => {
  if (missing !== undefined) return t.skip(missing)
  const bench = await openBench('health')
  t.after(() => bench.close())
  const [router, far] = [await bench.target('edge'), await bench.target('far')]
  await bench.cable(router, 'wan', far, 'customer')
  await bench.cable(router, 'lan', far, 'clients')
  await far.host.run(['ip', 'address', 'add', '192.0.2.2/30', 'dev', 'customer'])
  await applyConfig(router, edge, { report: silent })
  const look = async (): Promise<readonly Probe[]> => (await routerAt(router, silent).look(edge)).probes

  await t.test('sees routes, gateways and what the outside is shown', async () => {
    const waiting = { timeout: 90_000, what: 'routes' }
    const probes = await until(machine.clock, waiting, async () => {
      const seen = await look()
      return seen.every(({ healthy }) => healthy) ? seen : undefined
    })
    assert.deepEqual(
      ['gateway of 0.0.0.0/0', 'way to gateway of 0.0.0.0/0', 'route to 10.0.0.0/8', 'translation of 192.168.0.0/28'].map((name) =>
        stateOf(probes, name),
      ),
      ['well: 192.0.2.2 answers', 'well: loses nothing', 'well: is there', 'well: shows 203.0.113.96'],
    )
  })

  await t.test('sees that nothing is translated any more', async () => {
    await router.host.run(['nft', 'delete', 'table', 'ip', 'imp_nat'])
    assert.equal(stateOf(await look(), 'translation of 192.168.0.0/28'), 'unwell: lets nothing out translated')
    await applyConfig(router, edge, { report: silent })
    assert.equal(stateOf(await look(), 'translation of 192.168.0.0/28'), 'well: shows 203.0.113.96')
  })

  await t.test('sees a gateway and a route go', async () => {
    await far.host.run(['ip', 'address', 'del', '192.0.2.2/30', 'dev', 'customer'])
    await router.host.run(['ip', 'link', 'set', 'dev', 'lan', 'down'])
    const probes = await until(machine.clock, { timeout: 90_000, what: 'loss of the route' }, async () => {
      const seen = await look()
      return stateOf(seen, 'route to 10.0.0.0/8')?.startsWith('unwell') === true ? seen : undefined
    })
    assert.equal(stateOf(probes, 'gateway of 0.0.0.0/0'), 'unwell: 192.0.2.2 does not answer ping')
    assert.equal(stateOf(probes, 'way to gateway of 0.0.0.0/0'), undefined)
  })
})

test('the connection of the person who commits', { timeout: 60_000 }, async (t) => {
  if (missing !== undefined) return t.skip(missing)
  const server = createServer().listen(0, '127.0.0.1')
  t.after(() => server.close())
  await once(server, 'listening')
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object')
  const socket = connect(address.port, '127.0.0.1')
  await once(socket, 'connect')
  const client = { address: '127.0.0.1', port: socket.localPort ?? 0, ownAddress: '127.0.0.1', ownPort: address.port }
  const here = { name: 'here', machine, host: machine, runDirectory: '/nowhere', stateDirectory: '/nowhere', local: machine }
  const seen = async (): Promise<string | undefined> => stateOf(await managementProbes(here, edge, client), 'ssh session from 127.0.0.1')
  assert.equal(await seen(), 'well: goes by lo')
  socket.destroy()
  await until(machine.clock, { timeout: 90_000, what: 'end of the connection' }, async () => (await seen()) === 'unwell: is closed')
  const lost = await managementProbes(here, edge, { ...client, ownAddress: '198.51.100.77' })
  assert.match(stateOf(lost, 'ssh session from 127.0.0.1') ?? '', /^unwell/)
})
