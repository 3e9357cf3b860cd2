/** Scheduled commits of a router in a namespace: done at their time by a process of their own, also when the first one was killed. */
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { historyOf } from '../../packages/imp/src/config/history.ts'
import type { Commit } from '../../packages/imp/src/commit/model.ts'
import { findRunning } from '../../packages/imp/src/pipeline/running.ts'
import type { Target } from '../../packages/imp/src/pipeline/target.ts'
import { sendSignal } from '../../packages/kit/src/host/process.ts'
import { findUnit } from '../../packages/kit/src/host/supervise.ts'
import { until } from '../../packages/kit/src/host/until.ts'
import { machine, obstacle, openBench } from '../real/pipeline-fixture.ts'

const missing = await obstacle()
const main = join(import.meta.dirname, '../../packages/imp/src/main.ts')
const document = {
  schema: 'imp.router',
  version: 1,
  hostname: 'edge',
  interfaces: [{ name: 'wan', role: 'external', addresses: ['192.0.2.1/30'] }],
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

function waiter(target: Target, number: number) {
  return findUnit(machine, join(target.stateDirectory, 'waiting'), `scheduled-${String(number).padStart(4, '0')}`)
}

/** The commit that came of it; its process has ended then. */
async function happened(target: Target, number: number): Promise<Commit> {
  const waiting = { timeout: 120_000, interval: 200, what: `commit ${number}` }
  const history = historyOf({ host: machine, directory: target.stateDirectory })
  const commit = await until(machine.clock, waiting, async () =>
    (await history.list()).find((each) => each.number === number && each.outcome !== 'pending'),
  )
  await until(machine.clock, waiting, async () => (await waiter(target, 1)) === undefined)
  return commit
}

async function descriptionOf(target: Target): Promise<string | undefined> {
  return (await findRunning(target))?.config.interfaces[0]?.description
}

test('a commit for later', { timeout: 300_000 }, async (t) => {
  if (missing !== undefined) return t.skip(missing)
  const bench = await openBench('schedule')
  t.after(() => bench.close())
  const [edge, far] = [await bench.target('edge'), await bench.target('far')]
  await bench.cable(edge, 'wan', far, 'customer')
  const file = join(edge.runDirectory, 'router.json')
  await writeFile(file, JSON.stringify(document))
  await imp(edge, 'config', 'load', file)
  await imp(edge, 'commit')

  await t.test('happens at its time, after a kill -9 and a recover', async () => {
    await imp(edge, 'set', 'interfaces.wan.description', 'at night')
    await imp(edge, 'commit', '--at', '+15s', '--comment', 'maintenance')
    const first = await waiter(edge, 1)
    assert.ok(first !== undefined && sendSignal(first.pid, 'SIGKILL'))
    await until(machine.clock, { timeout: 90_000, what: 'end' }, async () => (await waiter(edge, 1)) === undefined)
    assert.equal(await descriptionOf(edge), undefined)
    await imp(edge, 'recover')
    const commit = await happened(edge, 2)
    assert.deepEqual([commit.outcome, commit.comment, await descriptionOf(edge)], ['applied', 'maintenance', 'at night'])
    assert.ok(Date.parse(commit.when) >= Date.parse(commit.scheduled ?? ''))
    assert.deepEqual([(await imp(edge, 'diff'))['changes'], (await imp(edge, 'schedule', 'list'))['scheduled']], [[], []])
  })

  await t.test('can be cancelled, and its number taken by another', async () => {
    await imp(edge, 'set', 'interfaces.wan.description', 'never')
    await imp(edge, 'commit', '--at', '+1h')
    await imp(edge, 'schedule', 'cancel', '1')
    assert.equal(await waiter(edge, 1), undefined)
    await imp(edge, 'commit', '--at', '+12s')
    assert.ok((await waiter(edge, 1)) !== undefined)
  })

  await t.test('does not happen on what somebody else committed, and history says why', async () => {
    await imp(edge, 'set', 'interfaces.wan.description', 'by ben', '--candidate', 'ben')
    await imp(edge, 'commit', '--candidate', 'ben')
    const commit = await happened(edge, 4)
    assert.deepEqual([commit.outcome, await descriptionOf(edge)], ['failed', 'by ben'])
    assert.match(commit.reason ?? '', /not done; commit 2, which it was made from, was overtaken by commit 3/)
    // The candidate is still there to be brought up to date.
    assert.equal(((await imp(edge, 'diff'))['changes'] as unknown[]).length, 1)
  })
})
