/** A large router: thousands of static routes and hundreds of peers, applied, applied again, and changed by one line. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { checkConfig } from '../../packages/imp/src/config/check.ts'
import type { RouterConfig } from '../../packages/imp/src/config/model.ts'
import { findDaemons } from '../../packages/imp/src/frr/daemons.ts'
import { observeFrr } from '../../packages/imp/src/frr/driver.ts'
import { renderFrr } from '../../packages/imp/src/frr/render.ts'
import { applyConfig } from '../../packages/imp/src/pipeline/apply.ts'
import { planConfig } from '../../packages/imp/src/pipeline/plan.ts'
import { frrPlace } from '../../packages/imp/src/pipeline/target.ts'
import { setSecret } from '../../packages/imp/src/secrets/store.ts'
import { config, machine, obstacle, openBench, silent } from '../real/pipeline-fixture.ts'

const missing = await obstacle()
const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index)

function large(routes: number, description: string): RouterConfig {
  return config({
    hostname: 'large',
    interfaces: [{ name: 'wan', role: 'external', nic: { name: 'port0' }, addresses: ['198.51.100.1/24'] }],
    routes: numbers(routes).map((index) => ({ prefix: `10.${index >> 8}.${index & 255}.0/24`, via: '198.51.100.254' })),
    bgp: {
      asn: 64500,
      routerId: '198.51.100.1',
      announced: ['203.0.113.0/24'],
      peers: numbers(200).map((index) => ({
        name: `peer${index}`,
        address: `198.51.100.${index + 2}`,
        asn: 4200000000 + index,
        description,
        maximumPrefixes: 1000,
        ...(index === 7 ? { password: { secret: 'seventh' } } : {}),
      })),
    },
  })
}

suite('a large router', { skip: missing ?? false }, () => {
  test('takes ten thousand lines, nothing when nothing changed, and one line as one line', async (t) => {
    const bench = await openBench('large')
    t.after(() => bench.close())
    const [router, far] = [await bench.target('edge'), await bench.target('far')]
    await bench.cable(router, 'port0', far, 'eth0')
    await setSecret(machine, router.stateDirectory, 'seventh', 'correct.horse')
    const first = large(6000, 'member')
    assert.deepEqual(checkConfig(first), [])
    const lines = renderFrr(first)
      .text.split('\n')
      .filter((line) => line !== '!').length
    assert.ok(lines >= 10_000, String(lines))

    const timed = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
      const began = performance.now()
      const result = await work()
      t.diagnostic(`${what}: ${((performance.now() - began) / 1000).toFixed(1)} s`)
      return result
    }
    await timed(`apply ${lines} lines`, () => applyConfig(router, first, { report: silent }))
    const daemons = await findDaemons(frrPlace(router))
    assert.equal((await timed('apply them again', () => applyConfig(router, first, { report: silent }))).changed, false)

    const second = large(5999, 'member')
    const { changes } = await timed('plan without the last route', () => planConfig(router, second))
    assert.deepEqual(
      changes.map(({ summary }) => summary),
      ['remove ip route 10.23.111.0/24 198.51.100.254'],
    )
    await timed('apply it', () => applyConfig(router, second, { report: silent }))
    const routes = (await observeFrr(frrPlace(router))).get('staticd')?.configuration.map(({ text }) => text) ?? []
    assert.equal(routes.filter((line) => line.startsWith('ip route 10.')).length, 5999)

    await timed('describe 200 peers anew', () => applyConfig(router, large(5999, 'customer'), { report: silent }))
    assert.deepEqual(await findDaemons(frrPlace(router)), daemons)
  })
})
