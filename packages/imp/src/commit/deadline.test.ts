import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Fault } from '@imp/kit/base/fault.ts'
import { fakeClock } from '@imp/kit/host/fake.ts'
import { RouterConfig } from '../config/model.ts'
import { commitLocked, confirmLocked, isPast, settle, withCommits, withdrawLocked } from './commit.ts'
import { awaitConfirmation } from './deadline.ts'
import { fakeRouter } from './fake-router.ts'
import { abandoned, armed, bench, fail, health, hostnames, named, outcomes, request, started, useDirectory } from './sample.ts'

suite('confirmation', () => {
  useDirectory()

  test('keeps a commit; the guard was there before the first change', async () => {
    const router = fakeRouter(health)
    const commits = bench(router)
    await commitLocked(commits, request('one'))
    const apply = router.apply.bind(router)
    let before: number[] = []
    router.apply = (config) => {
      before = [...armed]
      return apply(config)
    }
    const { commit } = await commitLocked(commits, request('two', { confirm: 60_000 }))
    assert.deepEqual([commit?.outcome, before], ['awaiting', [2]])
    assert.equal((await fail(commits, request('three'))).code, 'state')
    assert.deepEqual([(await confirmLocked(commits)).outcome, await outcomes(commits)], ['applied', ['1 applied', '2 applied']])
    await assert.rejects(confirmLocked(commits), { code: 'state' })
  })

  test('that cannot be guarded keeps the commit from beginning', async () => {
    const router = fakeRouter(health)
    const commits = bench(router)
    const guard = { ...commits.guard, arm: () => Promise.reject(new Fault('exec', 'no room for a process')) }
    assert.equal((await fail({ ...commits, guard }, request('one', { confirm: 60_000 }))).code, 'exec')
    assert.deepEqual([hostnames(router), await outcomes(commits)], [[], ['1 failed']])
  })

  test('that nobody gives undoes the commit, whoever looks first', async () => {
    const router = fakeRouter(health)
    const clock = fakeClock(started)
    const commits = bench(router, clock)
    await commitLocked(commits, request('one'))
    await commitLocked(commits, request('two', { confirm: 60_000 }))
    await settle(commits)
    assert.deepEqual(await outcomes(commits), ['1 applied', '2 awaiting'])
    await clock.sleep(61_000)
    await settle(commits)
    assert.deepEqual(
      [hostnames(router), await outcomes(commits)],
      [
        ['one', 'two', 'one'],
        ['1 applied', '2 rolled-back'],
      ],
    )
    assert.match((await commits.history.get(2)).reason ?? '', /nobody confirmed it until 2026-11-22T12:0/)
  })

  test('is guarded again after a reboot', async () => {
    const commits = bench(fakeRouter(health))
    await commitLocked(commits, request('one', { confirm: 60_000 }))
    await settle(commits)
    assert.deepEqual(armed, [1, 1])
  })

  test('the guard waits for the deadline and takes the commit back', async () => {
    const router = fakeRouter(health)
    const commits = bench(router)
    await commitLocked(commits, request('one'))
    await commitLocked(commits, request('two', { confirm: 60_000 }))
    assert.equal((await awaitConfirmation(commits, 2)).outcome, 'rolled-back')
    assert.ok(commits.clock.now().getTime() >= started.getTime() + 60_000)
    assert.deepEqual(hostnames(router), ['one', 'two', 'one'])
  })

  for (const [title, jump] of [
    ['forward, as at the first answer of a time server,', 56 * 365 * 86_400_000],
    ['back', -86_400_000],
  ] as const)
    test(`a clock that is set ${title} changes nothing about the time to confirm`, async () => {
      const router = fakeRouter(health)
      const clock = fakeClock(started)
      let set = 0
      const skewed = { ...clock, now: () => new Date(clock.now().getTime() + set) }
      const commits = bench(router, skewed)
      // The guard lives from before the change until after its verdict.
      commits.guard.runs = () => Promise.resolve(true)
      await commitLocked(commits, request('one'))
      await commitLocked(commits, request('two', { confirm: 60_000 }))
      const since = clock.monotonic()
      const sleep = clock.sleep.bind(clock)
      skewed.sleep = async (...words) => {
        await sleep(...words)
        if (clock.monotonic() - since > 10_000) set = jump
        // Another command looks meanwhile.
        await withCommits(commits, () => settle(commits))
      }
      assert.equal((await awaitConfirmation(commits, 2)).outcome, 'rolled-back')
      const waited = clock.monotonic() - since
      assert.ok(waited >= 60_000 && waited < 62_000, `${waited} ms`)
    })

  test('after a reboot with a clock that is far behind the guard waits as long as was agreed', async () => {
    const clock = fakeClock(started)
    const commits = bench(fakeRouter(health), clock)
    await commitLocked(commits, request('one'))
    await commitLocked(commits, request('two', { confirm: 60_000 }))
    const rebooted = fakeClock(new Date(0))
    assert.equal((await awaitConfirmation({ ...commits, clock: rebooted }, 2)).outcome, 'rolled-back')
    assert.ok(rebooted.monotonic() < 120_000, `${rebooted.monotonic()} ms`)
  })

  test('who recovers need not wait for the guard', async () => {
    const clock = fakeClock(started)
    const commits = bench(fakeRouter(health), clock)
    commits.guard.runs = () => Promise.resolve(true)
    await commitLocked(commits, request('one'))
    await commitLocked(commits, request('two', { confirm: 60_000 }))
    await clock.sleep(70_000)
    await settle(commits)
    assert.equal((await outcomes(commits)).at(-1), '2 awaiting')
    await settle(commits, isPast)
    assert.equal((await outcomes(commits)).at(-1), '2 rolled-back')
  })

  test('the guard does not give up when the commit cannot be taken back at once', async () => {
    const router = fakeRouter(health)
    const commits = bench(router)
    await commitLocked(commits, request('one'))
    await commitLocked(commits, request('two', { confirm: 60_000 }))
    router.refusal = new Fault('exec', 'bgpd is stuck')
    assert.equal((await awaitConfirmation(commits, 2)).outcome, 'rolled-back')
    assert.deepEqual(hostnames(router), ['one', 'two', 'one'])
  })

  test('the guard does the work of a command that was killed before its verdict', async () => {
    const router = fakeRouter(health)
    const commits = bench(router)
    await commitLocked(commits, request('one'))
    await abandoned(commits, 'two', { deadline: new Date(started.getTime() + 60_000).toISOString() })
    await router.apply(RouterConfig.parse(named('two')))
    assert.equal((await awaitConfirmation(commits, 2)).outcome, 'rolled-back')
    assert.deepEqual(hostnames(router), ['one', 'two', 'one'])
  })

  test('a commit that waits can be taken back at once', async () => {
    const router = fakeRouter(health)
    const commits = bench(router)
    await commitLocked(commits, request('one'))
    const { commit } = await commitLocked(commits, request('two', { confirm: 60_000 }))
    assert.ok(commit !== undefined)
    assert.match((await withdrawLocked(commits, commit, 'ben')).reason ?? '', /ben/)
    assert.deepEqual(hostnames(router), ['one', 'two', 'one'])
  })

  test('only one command works on commits at a time', async () => {
    const commits = bench(fakeRouter(health))
    await withCommits(commits, () =>
      assert.rejects(
        withCommits(commits, () => Promise.resolve()),
        { code: 'busy' },
      ),
    )
  })
})
