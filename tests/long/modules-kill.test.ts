/**
 * A change of a module that is killed: whatever it leaves behind, recovering brings exactly the old configuration back, or the new one when
 * it was complete, in the core and in the process of the module alike.
 */
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { suite, test, type TestContext } from 'node:test'
import type { RouterConfig } from '../../packages/imp/src/config/model.ts'
import { vppDataplane } from '../../packages/imp/src/dataplane/vpp/driver.ts'
import { startFakeVpp, type FakeVpp } from '../../packages/imp/src/dataplane/vpp/fake/server.ts'
import { applyConfig } from '../../packages/imp/src/pipeline/apply.ts'
import { journalOf } from '../../packages/imp/src/pipeline/kinds.ts'
import { recoverConfig } from '../../packages/imp/src/pipeline/recover.ts'
import { renderRouter } from '../../packages/imp/src/pipeline/render.ts'
import { findRunning } from '../../packages/imp/src/pipeline/running.ts'
import { dataplanePlace, type Target } from '../../packages/imp/src/pipeline/target.ts'
import { config, machine, obstacle, openBench, silent } from '../real/pipeline-fixture.ts'
import { applyKilled } from './vpp-kill.ts'
import { restartSocket, vppTarget } from './vpp-fixture.ts'

const missing = await obstacle()

const definition = `
name: relay
topology:
  connections: [{ name: internal }, { name: external, create_lcp: true }]
config_schema:
  pool: { type: string, format: ipv4_cidr, required: true }
abf: { match: source }
routing: { advertise: [{ config_field: pool, via_connection: external }] }
vpp_commands: |
  {% set inside = module.connections | first %}
  {% set outside = module.connections | last %}
  ip route add 0.0.0.0/0 via {{ outside.core_ip }} {{ outside.interface }}
  ip route add {{ config.pool }} via {{ inside.core_ip }} {{ inside.interface }}
`

const plain = config({
  hostname: 'plain',
  dataplane: 'vpp',
  interfaces: [
    { name: 'wan', role: 'external', nic: { name: 'port0' }, addresses: ['192.0.2.1/30'] },
    { name: 'lan', role: 'internal', nic: { name: 'port1' }, addresses: ['192.168.0.1/24'] },
  ],
})

function withPool(hostname: string, pool: string): RouterConfig {
  return { ...plain, hostname, modules: [{ name: 'relay', enabled: true, config: { pool } }] }
}

const old = withPool('old', '203.0.113.0/28')
const next = withPool('new', '203.0.113.16/28')

interface Setting {
  readonly target: Target
  readonly relay: FakeVpp
}

async function settingFor(t: TestContext, topic: string): Promise<Setting> {
  const bench = await openBench(topic)
  t.after(() => bench.close())
  const [here, far] = [await bench.target('router'), await bench.target('far')]
  await bench.cable(here, 'port0', far, 'east')
  await bench.cable(here, 'port1', far, 'west')
  const target = vppTarget(here.namespace ?? '', dirname(here.runDirectory))
  const directory = target.vpp?.directory ?? ''
  await machine.files.makeDirectory(directory)
  await machine.files.makeDirectory(join(target.stateDirectory, 'modules'))
  await machine.files.write(join(target.stateDirectory, 'modules', 'relay.yaml'), definition)
  const core = await startFakeVpp(join(directory, 'core-api.sock'))
  const relay = await startFakeVpp(join(directory, 'relay-api.sock'))
  const restarts = createServer((connection) => {
    connection.on('error', () => connection.destroy())
    void relay.restart().then(() => connection.end())
  })
  restarts.listen(restartSocket(target, 'relay'))
  await once(restarts, 'listening')
  t.after(async () => {
    restarts.close()
    await core.close()
    await relay.close()
  })
  return { target, relay }
}

/** What both processes have, and which configuration counts. */
async function snapshot(target: Target): Promise<{ readonly hostname: string | undefined; readonly vpp: unknown }> {
  const running = await findRunning(target)
  const desired = renderRouter(running?.config ?? plain, running?.overrides).vpp
  assert.ok(desired)
  const { core, beside } = await vppDataplane.observe(dataplanePlace(target), desired)
  return { hostname: running?.config.hostname, vpp: [core?.things, beside['relay']?.things] }
}

suite('a change of a module', { skip: missing ?? false }, () => {
  test('that is killed leaves the old configuration or the new one', async (t) => {
    const { target } = await settingFor(t, 'modulekill')
    await applyConfig(target, old, { report: silent })
    const before = await snapshot(target)
    await writeFile(join(dirname(target.runDirectory), 'wanted.json'), JSON.stringify(next))
    await applyConfig(target, next, { report: silent })
    const records = (await journalOf(target).records()).length
    const after = await snapshot(target)
    await applyConfig(target, old, { report: silent })
    assert.deepEqual(await snapshot(target), before, 'the way back leads to where it began')
    const outcomes: string[] = []
    const judge = async (when: string): Promise<void> => {
      await recoverConfig(target, { report: silent })
      const now = await snapshot(target)
      outcomes.push(now.hostname ?? '')
      assert.deepEqual(now, now.hostname === 'new' ? after : before, when)
      if (now.hostname === 'new') await applyConfig(target, old, { report: silent })
    }
    for (let record = 0; record < records; record += 1) {
      assert.ok(await applyKilled(target, record, 'after'), `killed after record ${record}`)
      await judge(`killed after record ${record} of ${records}`)
    }
    assert.equal(outcomes.at(-1), 'new')
    for (let message = 0; await applyKilled(target, message, 'message'); message += 19) await judge(`killed at message ${message}`)
    t.diagnostic(`${records} records and ${outcomes.length - records} messages at which it was killed`)
  })

  test('that its process refuses is taken back, and a module that goes leaves nothing in the core', async (t) => {
    const { target, relay } = await settingFor(t, 'modulerefused')
    await applyConfig(target, plain, { report: silent })
    const before = await snapshot(target)
    const file = join(target.stateDirectory, 'modules', 'relay.yaml')
    await machine.files.write(file, `${definition}  scrub everything\n`)
    await assert.rejects(
      applyConfig(target, old, { report: silent }),
      (error: Error & { detail?: string; findings?: readonly unknown[] }) => {
        assert.match(`${error.message} ${JSON.stringify(error.findings)}`, /modules\[0\][^]*scrub everything/)
        return true
      },
    )
    assert.deepEqual(await snapshot(target), before)
    await machine.files.write(file, definition)
    await applyConfig(target, old, { report: silent })
    assert.match(JSON.stringify(await snapshot(target)), /imp:relay:internal:4/)
    // The definition that is in force counts until the next change, whatever the file says by then.
    await machine.files.write(file, 'name: [')
    await relay.restart()
    await applyConfig(target, plain, { report: silent })
    assert.deepEqual(await snapshot(target), before)
  })
})
