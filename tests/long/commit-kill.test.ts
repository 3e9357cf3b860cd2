/**
 * The power goes at every record that a commit writes: after `imp recover` the router has the old configuration or the new one, the
 * history says which, and the candidate is as it was. And a reboot: what nobody confirmed is taken back although all of it is gone.
 */
import assert from 'node:assert/strict'
import { rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { suite, test, type TestContext } from 'node:test'
import { headOf } from '../../packages/imp/src/commit/model.ts'
import { historyOf } from '../../packages/imp/src/config/history.ts'
import { RouterConfig, type RouterConfigInput } from '../../packages/imp/src/config/model.ts'
import { stopDaemons } from '../../packages/imp/src/frr/daemons.ts'
import { frrPlace, type Target } from '../../packages/imp/src/pipeline/target.ts'
import { sendSignal } from '../../packages/kit/src/host/process.ts'
import { findUnit } from '../../packages/kit/src/host/supervise.ts'
import { until } from '../../packages/kit/src/host/until.ts'
import { machine, obstacle, openBench, snapshot, type Bench, type Snapshot } from '../real/pipeline-fixture.ts'

const missing = await obstacle()
const child = join(import.meta.dirname, 'commit-killed.ts')
const main = join(import.meta.dirname, '../../packages/imp/src/main.ts')

const old: RouterConfigInput = {
  schema: 'imp.router',
  version: 1,
  hostname: 'old',
  interfaces: [
    { name: 'wan', role: 'external', addresses: ['192.0.2.1/30'] },
    { name: 'lan', role: 'internal', addresses: ['192.168.0.1/24'] },
  ],
  bgp: { asn: 64500, routerId: '192.0.2.1', announced: ['203.0.113.0/24'], peers: [{ name: 'transit', address: '192.0.2.2', asn: 64496 }] },
  nat: { mappings: [{ inside: '192.168.0.0/28', outside: '203.0.113.96/30' }] },
}
/** Links, settings of FRR and the translation change. */
const next: RouterConfigInput = {
  ...old,
  hostname: 'new',
  interfaces: [
    { name: 'wan', role: 'external', addresses: ['192.0.2.1/30'], mtu: 1400 },
    { name: 'lan', role: 'internal', addresses: ['192.168.0.1/24', '192.168.1.1/24'] },
  ],
  routes: [{ prefix: '198.51.100.0/24', via: '192.0.2.2' }],
  nat: { mappings: [{ inside: '192.168.1.0/28', outside: '203.0.113.96/30' }] },
}

async function imp(target: Target, ...words: string[]): Promise<Record<string, unknown>> {
  const where = [
    `--namespace=${target.namespace ?? ''}`,
    `--state-directory=${target.stateDirectory}`,
    `--run-directory=${target.runDirectory}`,
  ]
  const argv = [process.execPath, '--disable-warning=ExperimentalWarning', main, ...words, ...where, '--json'] as const
  return JSON.parse((await machine.run(argv, { timeout: 120_000 })).stdout) as Record<string, unknown>
}

/** Runs the child; undefined when it died by its own hand, else what it printed. */
async function commitKilled(target: Target, file: string, ...words: string[]): Promise<string | undefined> {
  const directory = dirname(target.runDirectory)
  const argv = [
    process.execPath,
    '--disable-warning=ExperimentalWarning',
    child,
    target.namespace ?? '',
    directory,
    file,
    ...words,
  ] as const
  try {
    return (await machine.run(argv, { timeout: 60_000, env: { NODE_COMPILE_CACHE: join(directory, 'compiled') } })).stdout
  } catch (error) {
    if (error instanceof Error && error.message.endsWith('was killed by SIGKILL')) return undefined
    throw error
  }
}

async function written(target: Target, name: string, document: RouterConfigInput): Promise<string> {
  const file = join(dirname(target.runDirectory), `${name}.json`)
  await writeFile(file, JSON.stringify(document))
  return file
}

/** What runs is what the history says is in force; nothing is left open. */
async function assertHistory(target: Target, now: Snapshot, when: string): Promise<void> {
  const history = historyOf({ host: machine, directory: target.stateDirectory })
  const all = await history.list()
  assert.ok(
    all.every(({ outcome }) => outcome !== 'pending' && outcome !== 'awaiting'),
    when,
  )
  assert.deepEqual(now.running, RouterConfig.parse(await history.document(headOf(all)?.number ?? 0)), when)
}

async function outcomeOf(target: Target, before: Snapshot, after: Snapshot, when: string): Promise<'old' | 'new'> {
  const now = await snapshot(target)
  await assertHistory(target, now, when)
  const outcome = now.running?.hostname === 'new' ? 'new' : 'old'
  assert.deepEqual(now, outcome === 'new' ? after : before, when)
  return outcome
}

async function cabled(bench: Bench, target: Target, far: Target): Promise<void> {
  await bench.cable(target, 'wan', far, 'east')
  await bench.cable(target, 'lan', far, 'west')
}

async function begun(t: TestContext, topic: string): Promise<{ bench: Bench; target: Target; far: Target; before: Snapshot }> {
  const bench = await openBench(topic)
  t.after(() => bench.close())
  const [target, far] = [await bench.target('router'), await bench.target('far')]
  await cabled(bench, target, far)
  await commitKilled(target, await written(target, 'old', old))
  return { bench, target, far, before: await snapshot(target) }
}

suite('a commit', { concurrency: 1, skip: missing ?? false }, () => {
  test('that is killed at any of its records is the old configuration or the new one', async (t) => {
    const { target, before } = await begun(t, 'commitkill')
    const [wanted, back] = [await written(target, 'next', next), await written(target, 'back', old)]
    const records = Number(await commitKilled(target, wanted))
    const after = await snapshot(target)
    await commitKilled(target, back)
    assert.deepEqual(await snapshot(target), before, 'the way back leads to where it began')
    await imp(target, 'set', 'hostname', 'candidate')
    const candidate = await imp(target, 'diff')
    const outcomes: string[] = []
    for (let record = 0; record < records; record += 1) {
      for (const moment of ['before', 'after']) {
        const when = `killed ${moment} record ${record} of ${records}`
        assert.equal(await commitKilled(target, wanted, String(record), moment), undefined, when)
        await imp(target, 'recover')
        outcomes.push(await outcomeOf(target, before, after, when))
        assert.deepEqual(await imp(target, 'diff'), candidate, when)
        if (outcomes.at(-1) === 'new') await commitKilled(target, back)
      }
    }
    t.diagnostic(
      `${records} records, each killed before and after: ${outcomes.filter((each) => each === 'old').length} times old, else new`,
    )
    // Only a commit whose verdict is on the disk has happened.
    assert.deepEqual(new Set(outcomes.slice(0, -1)), new Set(['old']))
    assert.equal(outcomes.at(-1), 'new')
  })

  test('that nobody confirmed is taken back after a reboot', async (t) => {
    const { bench, target, far, before } = await begun(t, 'commitboot')
    await imp(target, 'config', 'load', await written(target, 'next', next))
    const { commit } = (await imp(target, 'commit', '--confirm', '20s')) as { commit: { number: number; deadline: string } }
    const guard = await findUnit(machine, join(target.stateDirectory, 'confirm'), `commit-${String(commit.number).padStart(4, '0')}`)
    assert.ok(guard !== undefined && sendSignal(guard.pid, 'SIGKILL'))
    // Daemons, namespaces and everything below /run are gone; the cards come back.
    await stopDaemons(frrPlace(target))
    for (const each of [target, far]) await machine.run(['ip', 'netns', 'delete', each.namespace ?? ''])
    await rm(target.runDirectory, { recursive: true })
    for (const each of [target, far]) await machine.run(['ip', 'netns', 'add', each.namespace ?? ''])
    await cabled(bench, target, far)
    const over = (): Promise<boolean> => Promise.resolve(Date.now() > Date.parse(commit.deadline))
    await until(machine.clock, { timeout: 60_000, interval: 100, what: 'deadline' }, over)
    const { commits } = (await imp(target, 'recover')) as { commits: { number: number; outcome: string; takenBackAt?: string }[] }
    assert.deepEqual(
      commits.map(({ number, outcome, takenBackAt }) => [number, outcome, typeof takenBackAt]),
      [[commit.number, 'rolled-back', 'string']],
    )
    const now = await snapshot(target)
    await assertHistory(target, now, 'after the reboot')
    assert.deepEqual(now, before)
  })
})
