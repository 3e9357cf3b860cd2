import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { Fault } from '@imp/kit/base/fault.ts'
import { fakeClock } from '@imp/kit/host/fake.ts'
import { RouterConfig } from '../config/model.ts'
import { adopt, commitLocked, settle, type Commits } from './commit.ts'
import { fakeRouter } from './fake-router.ts'
import type { Health } from './health.ts'
import { headOf } from './model.ts'
import type { RouterPlan } from './router.ts'
import { abandoned, bench, directory, fail, health, hostnames, named, outcomes, request, started, useDirectory } from './sample.ts'

suite('commit', () => {
  useDirectory()

  test('numbers what comes into force, with who, when and why', async () => {
    const commits = bench(fakeRouter(health))
    const { commit } = await commitLocked(commits, request('one', { comment: 'first' }))
    assert.deepEqual([commit?.number, commit?.base, commit?.who, commit?.comment, commit?.outcome], [1, 0, 'anna', 'first', 'applied'])
    await commitLocked(commits, request('two'))
    assert.deepEqual(await outcomes(commits), ['1 applied', '2 applied'])
    assert.equal((await commits.history.document(1)).hostname, 'one')
  })

  test('makes no commit of what is in force already', async () => {
    const commits = bench(fakeRouter(health))
    await commitLocked(commits, request('one'))
    const { commit, steps } = await commitLocked(commits, request('one'))
    assert.deepEqual([commit, steps, await outcomes(commits)], [undefined, [], ['1 applied']])
  })

  test('takes back what makes the router worse, and says why', async () => {
    const router = fakeRouter(health)
    const commits = bench(router)
    await commitLocked(commits, request('good'))
    const fault = await fail(commits, request('bad'))
    assert.deepEqual([fault.code, fault.findings.map(({ path }) => path)], ['failed', ['bgp.peers.up']])
    assert.deepEqual(hostnames(router), ['good', 'bad', 'good'])
    const last = await commits.history.get(2)
    assert.deepEqual([last.outcome, last.reason], ['rolled-back', 'BGP session up is Active and was well before the change'])
    assert.equal(headOf(await commits.history.list())?.number, 1)
  })

  test('that cannot be taken back says so, and is taken back by the next command', async () => {
    const router = fakeRouter(health)
    const commits = bench(router)
    await commitLocked(commits, request('good'))
    const apply = router.apply.bind(router)
    router.apply = (config) => (config.hostname === 'good' ? Promise.reject(new Fault('exec', 'bgpd is stuck')) : apply(config))
    const fault = await fail(commits, request('bad'))
    assert.deepEqual([fault.code, fault.hint], ['state', 'mend the cause and run: imp recover'])
    assert.match(fault.message, /could not be taken back: bgpd is stuck/)
    router.apply = apply
    await settle(commits)
    assert.deepEqual(
      [hostnames(router), await outcomes(commits)],
      [
        ['good', 'bad', 'good'],
        ['1 applied', '2 rolled-back'],
      ],
    )
  })

  test('waits within the window for what comes back by itself', async () => {
    let looked = 0
    const slow = (config: RouterConfig): Health => {
      if (config.hostname === 'new') looked += 1
      return { probes: [{ name: 'x', path: '', healthy: config.hostname !== 'new' || looked > 3, seen: '' }], learnt: 0 }
    }
    const commits = bench(fakeRouter(slow))
    await commitLocked(commits, request('old'))
    assert.equal((await commitLocked(commits, request('new'))).commit?.outcome, 'applied')
  })

  test('takes back what lets sessions come and go until the window is over', async () => {
    let drops = 0
    const router = fakeRouter(({ hostname }) => ({ probes: [], learnt: 0, drops: hostname === 'flapping' ? (drops += 1) : 0 }))
    const commits = bench(router)
    await commitLocked(commits, request('one'))
    const { message, findings } = await fail(commits, request('flapping'))
    assert.match(message, /did harm and was taken back/)
    assert.match(findings[0]?.message ?? '', /came and went/)
    assert.deepEqual(hostnames(router), ['one', 'flapping', 'one'])
  })

  test('only warns of what was not well before, and does not look when told so', async () => {
    const router = fakeRouter(() => health(RouterConfig.parse(named('bad'))))
    const commits = bench(router)
    await commitLocked(commits, request('one'))
    const { commit, warnings } = await commitLocked(commits, request('two'))
    assert.deepEqual([commit?.outcome, warnings.map(({ severity }) => severity)], ['applied', ['warning']])
    const careless = bench(fakeRouter(health))
    const { window: _, ...unwatched } = request('bad')
    assert.equal((await commitLocked(careless, unwatched)).commit?.outcome, 'applied')
  })

  test('records what could not be applied and leaves the old one in force', async () => {
    const router = fakeRouter(health)
    const commits = bench(router)
    await commitLocked(commits, request('one'))
    router.refusal = new Fault('exec', 'bgpd refused "neighbor x"')
    assert.match((await fail(commits, request('two'))).message, /bgpd refused/)
    assert.match((await commits.history.get(2)).reason ?? '', /bgpd refused "neighbor x"/)
    assert.deepEqual([hostnames(router), headOf(await commits.history.list())?.number], [['one'], 1])
  })

  test('says when it replaces what was applied without a commit', async () => {
    const router = fakeRouter(health)
    const said: string[] = []
    const report: Commits['report'] = (event) => void (event.event === 'log' && event.level === 'warning' && said.push(event.text))
    const commits = { ...bench(router), report }
    await commitLocked(commits, request('one'))
    await commitLocked(commits, request('two'))
    assert.deepEqual(said, [])
    await router.apply(RouterConfig.parse(named('by-hand')))
    await commitLocked(commits, request('three'))
    assert.deepEqual(said, ['what runs is not commit 2: it was applied without a commit and is replaced now'])
  })

  test('says whom it touches, and stops when nobody agrees', async () => {
    const router = fakeRouter(health)
    const said: string[] = []
    const commits: Commits = { ...bench(router), report: (event) => void (event.event === 'log' && said.push(event.text)) }
    const agree = (plan: RouterPlan): Promise<void> => Promise.reject(new Fault('failed', `not for ${plan.steps.length} step`))
    assert.equal((await fail(commits, request('one', { agree }))).message, 'not for 1 step')
    assert.deepEqual([hostnames(router), await outcomes(commits), said], [[], [], ['touches all']])
  })

  test('records when a configuration came into force and when it was taken back', async () => {
    const router = fakeRouter(health)
    const clock = fakeClock(started)
    const commits = bench(router, clock)
    const at = (minutes: number): string => new Date(started.getTime() + minutes * 60_000).toISOString()
    await commitLocked(commits, request('one'))
    await clock.sleep(60_000)
    await fail(commits, request('bad', { window: 0 }))
    await clock.sleep(60_000 - (clock.monotonic() % 60_000))
    await commitLocked(commits, request('three'))
    const minute = (moment: string | undefined): string | undefined => moment?.slice(0, 16)
    assert.deepEqual(
      (await commits.history.list()).map(({ inForceAt, takenBackAt }) => [minute(inForceAt), minute(takenBackAt)]),
      [
        [minute(at(0)), undefined],
        [minute(at(1)), minute(at(1))],
        [minute(at(2)), undefined],
      ],
    )
  })

  test('is refused before anything happens when it is not accepted', async () => {
    const router = fakeRouter(health)
    const commits = bench(router)
    const accept = (): Promise<void> => Promise.reject(new Fault('conflict', 'stale'))
    assert.equal((await fail(commits, request('one', { accept }))).code, 'conflict')
    assert.deepEqual([hostnames(router), await outcomes(commits)], [[], []])
  })
})

/** Does `count` pieces of work and then none any more, as a process that was killed. */
function mortal(commits: Commits, count: number): Commits {
  let left = count
  const live = async <T>(work: () => Promise<T>): Promise<T> => {
    left -= 1
    if (left < 0) throw new Error('killed')
    return work()
  }
  const { history, router, guard } = commits
  return {
    ...commits,
    history: {
      ...history,
      add: (...all) => live(() => history.add(...all)),
      record: (commit) => live(() => history.record(commit)),
    },
    guard: { ...guard, arm: (number) => live(() => guard.arm(number)) },
    router: {
      ...router,
      running: () => router.running(),
      apply: (config) => live(() => router.apply(config)),
      look: (config) => live(() => router.look(config)),
    },
  }
}

suite('a commit killed after any piece of its work', () => {
  useDirectory()

  for (const hostname of ['good', 'bad'] as const) {
    for (let count = 0; count <= 9; count += 1) {
      test(`${hostname}, after ${count}: the router has what the history says is in force`, async () => {
        const router = fakeRouter(health)
        const clock = fakeClock(started)
        const commits = bench(router, clock)
        await commitLocked(commits, request('one'))
        await commitLocked(mortal(commits, count), request(hostname, { confirm: 60_000 })).catch(() => undefined)
        await clock.sleep(61_000)
        await settle(commits)
        const head = headOf(await commits.history.list())
        assert.deepEqual([head?.number, hostnames(router).at(-1)], [1, 'one'])
        assert.ok((await commits.history.list()).every(({ outcome }) => outcome !== 'pending' && outcome !== 'awaiting'))
      })
    }
  }
})

suite('an interrupted commit', () => {
  useDirectory()

  test('is taken back while it is watched', async () => {
    const router = fakeRouter(health)
    const clock = fakeClock(started)
    const interruption = new AbortController()
    const sleep = (): Promise<void> => {
      interruption.abort()
      return Promise.reject(new Fault('failed', 'interrupted'))
    }
    const commits = bench(router, clock)
    await commitLocked(commits, request('one'))
    const interrupted = { ...commits, clock: { ...clock, sleep }, signal: interruption.signal }
    await assert.rejects(commitLocked(interrupted, request('two')), /interrupted/)
    assert.deepEqual(hostnames(router), ['one', 'two', 'one'])
    assert.match((await commits.history.get(2)).reason ?? '', /^it was interrupted before the router was found well$/)
  })
})

suite('a router that was configured without commits', () => {
  useDirectory()

  test('has its configuration as commit 1, once', async () => {
    const router = fakeRouter(health)
    const commits = bench(router)
    await adopt(commits)
    assert.deepEqual(await outcomes(commits), [])
    await router.apply(RouterConfig.parse(named('old')))
    await adopt(commits)
    await adopt(commits)
    assert.deepEqual(await outcomes(commits), ['1 applied'])
    assert.equal((await commits.history.document(1)).hostname, 'old')
  })
})

suite('a commit whose command died', () => {
  useDirectory()

  test('before its verdict is taken back', async () => {
    const router = fakeRouter(health)
    const commits = bench(router)
    await commitLocked(commits, request('one'))
    await abandoned(commits, 'two', {})
    await router.apply(RouterConfig.parse(named('two')))
    await settle(commits)
    assert.deepEqual(hostnames(router), ['one', 'two', 'one'])
    assert.match((await commits.history.get(2)).reason ?? '', /died before the router was found well/)
  })

  test('while it was applied did not happen', async () => {
    const router = fakeRouter(health)
    const commits = bench(router)
    await commitLocked(commits, request('one'))
    await abandoned(commits, 'two', {})
    await settle(commits)
    assert.deepEqual([hostnames(router), await outcomes(commits)], [['one'], ['1 applied', '2 failed']])
  })

  test('with documents and without a record does not count', async () => {
    const commits = bench(fakeRouter(health))
    await commitLocked(commits, request('one'))
    await abandoned(commits, 'two', {})
    await rm(join(directory, 'commits', '0002', 'commit.json'))
    assert.equal((await commitLocked(commits, request('three'))).commit?.number, 2)
    assert.equal((await commits.history.document(2)).hostname, 'three')
  })
})
