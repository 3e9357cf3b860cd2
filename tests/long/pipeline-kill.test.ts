/**
 * The power goes at every record of the journal: whatever a killed apply left behind, recovering brings exactly the old configuration
 * back, or the new one when it was complete.
 */
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { suite, test, type TestContext } from 'node:test'
import type { RouterConfig, RouterConfigInput } from '../../packages/imp/src/config/model.ts'
import { applyConfig } from '../../packages/imp/src/pipeline/apply.ts'
import { journalOf } from '../../packages/imp/src/pipeline/kinds.ts'
import { recoverConfig } from '../../packages/imp/src/pipeline/recover.ts'
import type { Target } from '../../packages/imp/src/pipeline/target.ts'
import { config, machine, obstacle, openBench, silent, snapshot, type Snapshot } from '../real/pipeline-fixture.ts'

const child = join(import.meta.dirname, 'pipeline-killed.ts')
const missing = await obstacle()

type Port = NonNullable<RouterConfigInput['interfaces']>[number]
const wan: Port = { name: 'wan', role: 'external', nic: { name: 'port0' }, addresses: ['192.0.2.1/30', '2001:db8:f::1/64'] }
const lan: Port = { name: 'lan', role: 'internal', nic: { name: 'port1' }, addresses: ['192.168.0.1/24', '2001:db8:a::1/64'] }
const bgp = {
  asn: 64500,
  routerId: '203.0.113.1',
  announced: ['203.0.113.0/24'],
  peers: [{ name: 'transit', address: '192.0.2.2', asn: 64496 }],
}

const old = config({
  hostname: 'old',
  interfaces: [wan, lan],
  loopbacks: [{ instance: 0, addresses: ['203.0.113.1/32'] }],
  bgp,
  nat: { mappings: [{ inside: '192.168.0.0/28', outside: '203.0.113.96/30' }] },
  policyRoutes: [{ name: 'guests', from: ['192.168.0.128/25'], via: '192.0.2.2' }],
})

/** Something of every kind comes, changes and goes. */
const next = config({
  hostname: 'new',
  interfaces: [
    { ...wan, mtu: 1400 },
    { ...lan, addresses: ['192.168.1.1/24', '2001:db8:a::1/64'], ospf: {} },
  ],
  bridges: [],
  loopbacks: [{ instance: 0, addresses: ['203.0.113.1/32', '203.0.113.2/32'] }],
  routes: [{ prefix: '198.51.100.0/24', via: '192.0.2.2' }],
  bgp: { ...bgp, announced: ['203.0.113.0/24', '2001:db8:a::/48'] },
  nat: { mappings: [{ inside: '192.168.1.0/28', outside: '203.0.113.96/30' }] },
  ospf: {},
})

/** Runs the child until it kills itself; whether it did, or came to its end because there is no such record. */
async function applyKilled(target: Target, file: string, record: number, moment: 'before' | 'after'): Promise<boolean> {
  const directory = dirname(target.runDirectory)
  const words = [child, target.namespace ?? '', directory, file, String(record), moment]
  try {
    await machine.run([process.execPath, '--disable-warning=ExperimentalWarning', ...words], {
      timeout: 60_000,
      env: { NODE_COMPILE_CACHE: join(directory, 'compiled') },
    })
    return false
  } catch (error) {
    if (error instanceof Error && error.message.endsWith('was killed by SIGKILL')) return true
    throw error
  }
}

interface Scenario {
  readonly target: Target
  readonly to: RouterConfig
}

/** Kills at every record in turn; after each, the target must be `before` or `after`, and is brought back to `before`. */
async function killEverywhere(t: TestContext, scenario: Scenario, back: () => Promise<void>): Promise<void> {
  const { target, to } = scenario
  const before = await snapshot(target)
  const file = join(dirname(target.runDirectory), 'wanted.json')
  await writeFile(file, JSON.stringify(to))
  await applyConfig(target, to, { report: silent })
  const records = (await journalOf(target).records()).length
  const after = await snapshot(target)
  await back()
  assert.deepEqual(await snapshot(target), before, 'the way back leads to where it began')
  const outcomes: string[] = []
  for (let record = 0; record < records; record += 1) {
    for (const moment of ['before', 'after'] as const) {
      assert.ok(await applyKilled(target, file, record, moment), `killed ${moment} record ${record}`)
      await recoverConfig(target, { report: silent })
      outcomes.push(await outcomeOf(target, before, after, `killed ${moment} record ${record} of ${records}`))
      if (outcomes.at(-1) === 'new') await back()
    }
  }
  t.diagnostic(`${records} records, each killed before and after: ${outcomes.filter((each) => each === 'old').length} times old, else new`)
  // Only a change whose last record is on the disk has happened.
  assert.deepEqual(new Set(outcomes.slice(0, -1)), new Set(['old']))
  assert.equal(outcomes.at(-1), 'new')
}

async function outcomeOf(target: Target, before: Snapshot, after: Snapshot, when: string): Promise<'old' | 'new'> {
  const now = await snapshot(target)
  if (now.running?.hostname === after.running?.hostname) {
    assert.deepEqual(now, after, when)
    return 'new'
  }
  assert.deepEqual(now, before, when)
  return 'old'
}

suite('an apply that is killed', { concurrency: 2, skip: missing ?? false }, () => {
  test('leaves the old configuration or the new one, and the next apply goes through', async (t) => {
    const bench = await openBench('kill')
    t.after(() => bench.close())
    const [target, far] = [await bench.target('router'), await bench.target('far')]
    await bench.cable(target, 'port0', far, 'east')
    await bench.cable(target, 'port1', far, 'west')
    await applyConfig(target, old, { report: silent })
    await killEverywhere(t, { target, to: next }, async () => {
      await applyConfig(target, old, { report: silent })
    })
    const file = join(dirname(target.runDirectory), 'wanted.json')
    assert.ok(await applyKilled(target, file, 6, 'after'))
    const applied = await applyConfig(target, next, { report: silent })
    assert.equal(applied.recovery.outcome, 'undone')
    assert.equal((await snapshot(target)).running?.hostname, 'new')
    assert.equal((await applyConfig(target, next, { report: silent })).changed, false)
  })

  test('leaves nothing behind when it was the first', async (t) => {
    const bench = await openBench('first')
    t.after(() => bench.close())
    const [target, far] = [await bench.target('router'), await bench.target('far')]
    await bench.cable(target, 'port0', far, 'east')
    const first = config({ hostname: 'first', interfaces: [wan], nat: { mappings: [{ inside: '10.0.0.0/30', outside: '192.0.2.1/32' }] } })
    const empty = await snapshot(target)
    await killEverywhere(t, { target, to: first }, async () => {
      await bench.close()
      await machine.files.makeDirectory(target.runDirectory)
      await machine.run(['ip', 'netns', 'add', target.namespace ?? ''])
      await machine.run(['ip', 'netns', 'add', far.namespace ?? ''])
      await bench.cable(target, 'port0', far, 'east')
      assert.deepEqual(await snapshot(target), empty)
      await writeFile(join(dirname(target.runDirectory), 'wanted.json'), JSON.stringify(first))
    })
  })
})
