/**
 * Over VPP as over Linux: whatever a killed apply leaves behind, recovering brings exactly the old configuration back, or the new one when
 * it was complete; and a VPP that dies in the middle of a change and comes back empty ends in the committed configuration.
 */
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { suite, test, type TestContext } from 'node:test'
import type { RouterConfig } from '../../packages/imp/src/config/model.ts'
import { noVpp, vppDataplane } from '../../packages/imp/src/dataplane/vpp/driver.ts'
import { startFakeVpp, type FakeVpp } from '../../packages/imp/src/dataplane/vpp/fake/server.ts'
import { applyConfig } from '../../packages/imp/src/pipeline/apply.ts'
import { journalOf } from '../../packages/imp/src/pipeline/kinds.ts'
import { recoverConfig } from '../../packages/imp/src/pipeline/recover.ts'
import { findRunning } from '../../packages/imp/src/pipeline/running.ts'
import { dataplanePlace, type Target } from '../../packages/imp/src/pipeline/target.ts'
import { config, machine, obstacle, openBench, silent } from '../real/pipeline-fixture.ts'
import { applyKilled } from './vpp-kill.ts'
import { vppTarget } from './vpp-fixture.ts'

const missing = await obstacle()

const old = config({
  hostname: 'old',
  dataplane: 'vpp',
  interfaces: [
    { name: 'wan', role: 'external', nic: { name: 'port0' }, addresses: ['192.0.2.1/30'] },
    {
      name: 'lan',
      role: 'internal',
      nic: { name: 'port1' },
      addresses: ['192.168.0.1/24', '2001:db8:a::1/64'],
    },
  ],
  nat: { mappings: [{ inside: '192.168.0.0/24', outside: '203.0.113.96/30' }] },
})
const [wan, lan] = old.interfaces
assert.ok(wan && lan)

/** Something of every kind comes, changes and goes. */
const next: RouterConfig = config({
  ...old,
  hostname: 'new',
  interfaces: [
    { ...wan, mtu: 1400 },
    { ...lan, addresses: ['192.168.1.1/24'] },
  ],
  loopbacks: [{ instance: 3, addresses: ['203.0.113.1/32'] }],
  bridges: [{ id: 7, members: [{ interface: 'lan', vlan: 7 }], addresses: ['10.7.0.1/24'] }],
  crossConnects: [{ from: 'wan', to: 'lan', vlan: 9 }],
  nat: {
    mappings: [{ inside: '192.168.1.0/24', outside: '203.0.113.96/30' }],
    bypass: [{ source: '10.7.0.0/24', destination: '192.0.2.0/30' }],
  },
})

interface Setting {
  readonly target: Target
  readonly core: FakeVpp
  readonly nat: FakeVpp
}

async function settingFor(t: TestContext, topic: string): Promise<Setting> {
  const bench = await openBench(topic)
  t.after(() => bench.close())
  const [plain, far] = [await bench.target('router'), await bench.target('far')]
  await bench.cable(plain, 'port0', far, 'east')
  await bench.cable(plain, 'port1', far, 'west')
  const target = vppTarget(plain.namespace ?? '', dirname(plain.runDirectory))
  const directory = target.vpp?.directory ?? ''
  await machine.files.makeDirectory(directory)
  const [core, nat] = [await startFakeVpp(join(directory, 'core-api.sock')), await startFakeVpp(join(directory, 'nat-api.sock'))]
  t.after(async () => {
    await core.close()
    await nat.close()
  })
  await applyConfig(target, old, { report: silent })
  return { target, core, nat }
}

/** What both processes have, and which configuration counts. */
async function snapshot(target: Target): Promise<{ readonly hostname: string | undefined; readonly vpp: unknown }> {
  const { core, beside } = await vppDataplane.observe(dataplanePlace(target), noVpp)
  // What was switched on for deterministic NAT stays on: VPP dies when it is switched off.
  return { hostname: (await findRunning(target))?.config.hostname, vpp: [core?.things, beside['nat']?.things] }
}

suite('an apply over VPP', { skip: missing ?? false }, () => {
  test('that is killed leaves the old configuration or the new one', async (t) => {
    const { target, core, nat } = await settingFor(t, 'vppkill')
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
      for (const moment of ['before', 'after'] as const) {
        assert.ok(await applyKilled(target, record, moment), `killed ${moment} record ${record}`)
        await judge(`killed ${moment} record ${record} of ${records}`)
      }
    }
    assert.equal(outcomes.at(-1), 'new')
    assert.deepEqual(new Set(outcomes.slice(0, -1)), new Set(['old']))
    for (let message = 0; await applyKilled(target, message, 'message'); message += 11) await judge(`killed at message ${message}`)
    await applyConfig(target, old, { report: silent })
    t.diagnostic(`${records} records and ${outcomes.length - 2 * records} messages at which it was killed`)
    assert.deepEqual([core.deaths, nat.deaths], [[], []])
  })

  test('during which VPP dies and comes back empty ends in the committed configuration', async (t) => {
    const { target, core } = await settingFor(t, 'vppdeath')
    const before = await snapshot(target)
    let failures = 0
    for (let messages = 20; ; messages += 40) {
      const deaths = core.deaths.length
      core.dieAfter(messages)
      const outcome = await applyConfig(target, next, { report: silent }).then(
        () => 'new',
        () => 'old',
      )
      core.dieAfter(Number.POSITIVE_INFINITY)
      if (outcome === 'old') failures += 1
      assert.equal((await findRunning(target))?.config.hostname, outcome)
      // The next apply finds what is missing, as the one at boot does.
      await applyConfig(target, old, { report: silent })
      assert.deepEqual(await snapshot(target), before, `death after ${messages} messages`)
      if (core.deaths.length === deaths) break
    }
    assert.ok(failures > 3, `${failures} changes failed`)
  })
})
