/** The VPP driver over fakes: every configuration of the golden set, ways from one to the next, and deaths of VPP at every message. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { onLinks, routerFor } from '../../packages/imp/src/dataplane/vpp/fake/fake-router.ts'
import { goldenConfig, goldenNames } from '../../packages/imp/src/dataplane/vpp/sample.ts'

suite('the VPP dataplane over fakes', () => {
  for (const name of goldenNames) {
    test(`brings up ${name}, finds nothing left to do, and takes it back`, async (t) => {
      const config = onLinks(goldenConfig(name, 'vpp'))
      const router = await routerFor(t, config)
      const steps = await router.apply(config)
      assert.deepEqual(await router.plan(config), [])
      const there = await router.state()
      await router.undo(steps)
      await router.undo(steps)
      await router.do(steps)
      await router.do(steps)
      assert.deepEqual(await router.state(), there)
      assert.deepEqual([router.fake.core.deaths, router.fake.nat.deaths], [[], []])
    })
  }

  test('goes from each configuration of the set to the next and back', async (t) => {
    const configs = goldenNames.map((name) => onLinks(goldenConfig(name, 'vpp')))
    const most = configs.toSorted((a, b) => b.interfaces.length - a.interfaces.length)[0]
    assert.ok(most)
    const router = await routerFor(t, most)
    for (const config of [...configs, ...configs.toReversed()]) {
      await router.apply(config)
      assert.deepEqual(await router.plan(config), [])
    }
    assert.deepEqual([router.fake.core.deaths, router.fake.nat.deaths], [[], []])
  })

  test('comes back to the old configuration when VPP dies at any message of a change', async (t) => {
    const old = onLinks(goldenConfig('vlans-qinq', 'vpp'))
    const [first, ...others] = old.interfaces
    assert.ok(first)
    const wanted = { ...old, interfaces: [{ ...first, addresses: ['198.18.0.1/24'], subinterfaces: [] }, ...others] }
    const router = await routerFor(t, old)
    await router.apply(old)
    const there = await router.state()
    let failed = 0
    for (let death = 1; ; death += 3) {
      const steps = await router.plan(wanted)
      const before = router.fake.core.deaths.length
      router.fake.core.dieAfter(death)
      const outcome = await router.do(steps).then(
        () => 'done',
        () => 'failed',
      )
      const died = router.fake.core.deaths.length > before
      router.fake.core.dieAfter(Number.POSITIVE_INFINITY)
      if (outcome === 'failed') {
        failed += 1
        await router.undo(steps)
      }
      await router.apply(old)
      assert.deepEqual(await router.state(), there, `death at message ${death}`)
      if (!died) break
    }
    assert.ok(failed > 5, `${failed} changes failed`)
  })
})
