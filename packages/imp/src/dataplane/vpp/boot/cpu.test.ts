import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { formatCores, parseCores, planCpu, type Cores } from './cpu.ts'

const nat = { mappings: [{ inside: '10.0.0.0/24', outside: '198.51.100.0/30' }], bypass: [] }

function online(count: number): number[] {
  return Array.from({ length: count }, (_, core) => core)
}

function write(cores: Cores | undefined): string {
  return cores === undefined ? '-' : [cores.main, formatCores(cores.workers)].join(' ').trim()
}

suite('cores', () => {
  const table: readonly [cores: number, core: string, nat: string][] = [
    [1, '-', '-'],
    [2, '1', '-'],
    [3, '1 2', '-'],
    [4, '1 2-3', '-'],
    [5, '1 2', '3 4'],
    [6, '1 2-3', '4 5'],
    [8, '1 2-5', '6 7'],
    [12, '1 2-6', '7 8-11'],
    [16, '1 2-9', '10 11-15'],
    [32, '1 2-18', '19 20-31'],
  ]
  for (const [count, core, expected] of table)
    test(`${count} with NAT`, () => {
      const plan = planCpu(online(count), { nat })
      assert.deepEqual([write(plan.core), write(plan.nat)], [core, expected])
    })

  test('without NAT all but the first forward', () => {
    const plan = planCpu(online(8), {})
    assert.deepEqual([write(plan.core), plan.nat], ['1 2-7', undefined])
  })

  test('what is told is kept, and NAT takes what is left', () => {
    const plan = planCpu(online(8), { nat, cpu: { main: 1, workers: '2-3' } })
    assert.deepEqual([write(plan.core), write(plan.nat)], ['1 2-3', '4 5-7'])
  })

  test('workers without a main core get one, which VPP insists on', () => {
    assert.equal(write(planCpu(online(4), { cpu: { workers: '1-2' } }).core), '3 1-2')
    assert.equal(write(planCpu(online(3), { cpu: { workers: '1-2' } }).core), '0 1-2')
    assert.throws(() => planCpu(online(2), { cpu: { workers: '0-1' } }), { code: 'input' })
  })

  test('a core that is not there is refused, since VPP would end without an error', () => {
    assert.throws(() => planCpu(online(4), { cpu: { main: 4 } }), { code: 'input', message: 'cpu: this machine has no core 4' })
    assert.throws(() => planCpu([0, 1, 3], { cpu: { main: 1, workers: '2-3' } }), { message: 'cpu: this machine has no core 2' })
  })

  test('no core serves two threads, none is absent, and the first stays with Linux', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(200), { minLength: 1, maxLength: 80 }), fc.boolean(), (cores, withNat) => {
        const sorted = cores.toSorted((a, b) => a - b)
        const plan = planCpu(sorted, withNat ? { nat } : {})
        const used = [plan.core, plan.nat].flatMap((each) => (each === undefined ? [] : [each.main, ...each.workers]))
        assert.equal(new Set(used).size, used.length)
        assert.ok(used.every((core) => sorted.slice(1).includes(core)))
        if (sorted.length <= 2) assert.equal(plan.core?.workers.length ?? 0, 0)
      }),
    )
  })

  test('lists are read as they are written', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(300), { minLength: 1 }), (cores) => {
        const sorted = cores.toSorted((a, b) => a - b)
        assert.deepEqual(parseCores(formatCores(sorted)), sorted)
      }),
    )
    assert.equal(formatCores([2, 3, 4, 8]), '2-4,8')
  })
})
