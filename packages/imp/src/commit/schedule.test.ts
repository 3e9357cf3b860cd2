import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { fakeClock } from '@imp/kit/host/fake.ts'
import { localHost } from '@imp/kit/host/local.ts'
import type { RouterConfigInput } from '../config/model.ts'
import { commitLocked, type Commits } from './commit.ts'
import { fakeRouter, type FakeRouter } from './fake-router.ts'
import { awaitTime, carryOut, scheduleIn, type Scheduled } from './schedule.ts'
import { bench, directory, health, hostnames, named, outcomes, request, started, useDirectory } from './sample.ts'

const at = new Date(started.getTime() + 3_600_000).toISOString()
const fields = (document: RouterConfigInput): Omit<Scheduled, 'number'> => ({
  at,
  who: 'anna',
  window: 5000,
  base: 1,
  candidate: 'anna',
  document,
})

/** A router with one commit, and a second one that is scheduled. */
async function prepared(hostname = 'two'): Promise<{ commits: Commits; router: FakeRouter; schedule: ReturnType<typeof scheduleIn> }> {
  const router = fakeRouter(health)
  const commits = bench(router, fakeClock(started))
  await commitLocked(commits, request('one'))
  const schedule = scheduleIn(localHost(), directory)
  assert.equal((await schedule.add(fields(named(hostname)))).number, 1)
  return { commits, router, schedule }
}

async function due(commits: Commits, schedule: ReturnType<typeof scheduleIn>): Promise<Scheduled> {
  const scheduled = await awaitTime(commits, schedule, 1)
  assert.ok(scheduled !== undefined)
  return scheduled
}

suite('a scheduled commit', () => {
  useDirectory()

  test('happens at its time and not before, and leaves the schedule', async () => {
    const { commits, router, schedule } = await prepared()
    const scheduled = await due(commits, schedule)
    assert.equal(commits.clock.now().toISOString(), at)
    const { commit } = await carryOut(commits, schedule, scheduled)
    assert.deepEqual([commit?.number, commit?.outcome, commit?.scheduled, commit?.who], [2, 'applied', at, 'anna'])
    assert.deepEqual([hostnames(router), await schedule.list()], [['one', 'two'], []])
  })

  test('that was cancelled does not happen', async () => {
    const { commits, schedule } = await prepared()
    await schedule.remove(1)
    assert.equal(await awaitTime(commits, schedule, 1), undefined)
    await assert.rejects(schedule.remove(1), { code: 'not-found' })
  })

  test('on a base that was overtaken does not happen, and history says why', async () => {
    const { commits, router, schedule } = await prepared()
    const scheduled = await due(commits, schedule)
    await commitLocked(commits, request('other'))
    await assert.rejects(carryOut(commits, schedule, scheduled), { code: 'conflict' })
    assert.deepEqual([hostnames(router).at(-1), await outcomes(commits)], ['other', ['1 applied', '2 applied', '3 failed']])
    const { reason, scheduled: time } = await commits.history.get(3)
    assert.deepEqual([reason, time], ['not done; commit 1, which it was made from, was overtaken by commit 2 of anna', at])
    assert.deepEqual(await schedule.list(), [])
  })

  test('for whose time nobody was there does not happen later', async () => {
    const { commits, router, schedule } = await prepared()
    const scheduled = await due(commits, schedule)
    await commits.clock.sleep(600_000)
    await assert.rejects(carryOut(commits, schedule, scheduled), { code: 'state', message: /nobody was there/ })
    assert.deepEqual([hostnames(router), await outcomes(commits)], [['one'], ['1 applied', '2 failed']])
  })

  test('that does harm is taken back and recorded once', async () => {
    const { commits, router, schedule } = await prepared('bad')
    await assert.rejects(carryOut(commits, schedule, await due(commits, schedule)), { code: 'failed' })
    assert.deepEqual([hostnames(router).at(-1), await outcomes(commits)], ['one', ['1 applied', '2 rolled-back']])
  })
})
