import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { RouterConfig } from '../config/model.ts'
import { withRecord } from './applied.ts'
import { commitLocked } from './commit.ts'
import { fakeRouter } from './fake-router.ts'
import { bench, health, hostnames, named, outcomes, request, useDirectory } from './sample.ts'

suite('a configuration that is applied without a candidate', () => {
  useDirectory()

  test('is a commit like others, with what ran before it', async () => {
    const router = fakeRouter(health)
    const commits = bench(router)
    const apply = (hostname: string): Promise<void> =>
      withRecord(commits, { document: named(hostname), who: 'anna', comment: 'imp apply router.json' }, () =>
        router.apply(RouterConfig.parse(named(hostname))),
      )
    await apply('one')
    await apply('one')
    await apply('two')
    assert.deepEqual(await outcomes(commits), ['1 applied', '2 applied'])
    const { base, inForceAt, comment } = await commits.history.get(2)
    assert.deepEqual([base, typeof inForceAt, comment], [1, 'string', 'imp apply router.json'])
    assert.equal((await commits.history.before(2)).hostname, 'one')
  })

  test('leaves no record when it fails', async () => {
    const router = fakeRouter(health)
    const commits = bench(router)
    await router.apply(RouterConfig.parse(named('old')))
    router.refusal = new Error('no')
    const refused = withRecord(commits, { document: named('new'), who: 'anna', comment: '' }, () =>
      router.apply(RouterConfig.parse(named('new'))),
    )
    await assert.rejects(refused, /no/)
    assert.deepEqual([await outcomes(commits), hostnames(router)], [['1 applied'], ['old']], 'what ran before is commit 1 now')
  })

  test('waits for the fate of a commit that is not confirmed', async () => {
    const router = fakeRouter(health)
    const commits = bench(router)
    await commitLocked(commits, request('one', { confirm: 60_000 }))
    const applied = withRecord(commits, { document: named('two'), who: 'ben', comment: '' }, () =>
      router.apply(RouterConfig.parse(named('two'))),
    )
    await assert.rejects(applied, { code: 'state', message: /waits for its confirmation/ })
    assert.deepEqual(hostnames(router), ['one'])
  })
})
