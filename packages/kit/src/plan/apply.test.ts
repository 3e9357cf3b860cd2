import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { z } from 'zod'
import { Fault } from '../base/fault.ts'
import { fakeHost } from '../host/fake.ts'
import type { Journal } from '../store/journal.ts'
import { applyPlan, interrupted, recoverPlan, type Executor } from './apply.ts'
import { kinds, stepKind, type Step } from './step.ts'

/** Thrown where SIGKILL would have struck; after it nothing of that process happens any more. */
class Killed extends Error {}

/** A machine that is a table of values, a journal in memory, and a process that may be killed between any two of their changes. */
class World {
  readonly values = new Map<string, string>()
  readonly records: unknown[] = []
  readonly events: string[] = []
  /** Changes until the process is killed. */
  life = Infinity
  /** Summary of a step whose `do` fails half way, and of one whose `undo` does. */
  broken = ''
  unyielding = ''

  tick(): void {
    if (this.life <= 0) throw new Killed()
    this.life -= 1
  }

  readonly journal: Journal = {
    append: async (record) => {
      this.tick()
      this.records.push(JSON.parse(JSON.stringify(record)))
      this.tick()
    },
    records: async () => [...this.records],
    clear: async () => {
      this.tick()
      this.records.length = 0
      this.tick()
    },
  }

  /** Sets two values, with room for a crash between them. */
  readonly set = stepKind({
    kind: 'set',
    schema: z.strictObject({ name: z.string(), value: z.string(), before: z.array(z.string().nullable()) }),
    do: async (_, { name, value }) => {
      this.put(`${name}.a`, value)
      if (name === this.broken) throw new Fault('exec', 'it broke', { detail: 'its words' })
      this.put(`${name}.b`, value)
    },
    undo: async (_, { name, before }) => {
      if (name === this.unyielding) throw new Fault('exec', 'it does not yield')
      this.put(`${name}.b`, before[1] ?? null)
      this.put(`${name}.a`, before[0] ?? null)
    },
  })

  put(key: string, value: string | null): void {
    this.tick()
    if (value === null) this.values.delete(key)
    else this.values.set(key, value)
  }

  /** Steps that set these, each knowing what was there before it. */
  plan(changes: readonly (readonly [string, string])[]): Step[] {
    const future = new Map(this.values)
    return changes.map(([name, value]) => {
      const before = [future.get(`${name}.a`) ?? null, future.get(`${name}.b`) ?? null]
      future.set(`${name}.a`, value).set(`${name}.b`, value)
      return this.set.step(`set ${name}`, { name, value, before })
    })
  }

  get executor(): Executor {
    return {
      host: fakeHost(),
      kinds: kinds(this.set),
      journal: this.journal,
      report: (event) => void this.events.push(event.event === 'step' ? `${event.state} ${event.title}` : ''),
    }
  }

  state(): Record<string, string> {
    return Object.fromEntries([...this.values].toSorted(([a], [b]) => a.localeCompare(b)))
  }
}

const changes = [
  ['x', '1'],
  ['y', '2'],
  ['x', '3'],
] as const

test('a plan is journalled before each step, done, and finished', async () => {
  const world = new World()
  await applyPlan(world.executor, { title: 'set up', steps: world.plan(changes) })
  assert.deepEqual(world.state(), { 'x.a': '3', 'x.b': '3', 'y.a': '2', 'y.b': '2' })
  const brief = world.records.map((record) => {
    const { entry, step } = record as { entry: string; step?: number }
    return step === undefined ? entry : `${entry} ${step}`
  })
  assert.deepEqual(brief, ['plan', 'doing 0', 'done 0', 'doing 1', 'done 1', 'doing 2', 'done 2', 'finished'])
  assert.deepEqual(world.events.slice(0, 2), ['started set x', 'done set x'])
  assert.equal(await interrupted(world.journal), undefined)
  assert.equal(await recoverPlan(world.executor), undefined)
})

test('a step that fails is undone with all before it, and its fault says which plan', async () => {
  const world = new World()
  world.values.set('y.a', 'old')
  world.broken = 'y'
  const steps = world.plan(changes)
  await assert.rejects(applyPlan(world.executor, { title: 'set up', steps }), {
    name: 'Fault',
    code: 'exec',
    message: 'set up: it broke',
    detail: 'its words',
  })
  assert.deepEqual(world.state(), { 'y.a': 'old' })
  assert.equal(await interrupted(world.journal), undefined)
  assert.ok(world.events.includes('failed set y'))
})

test('a failure that cannot be undone says so, and recover tries again', async () => {
  const world = new World()
  world.broken = 'y'
  world.unyielding = 'x'
  const plan = { title: 'set up', steps: world.plan(changes), context: { of: 'web1' } }
  await assert.rejects(applyPlan(world.executor, plan), {
    code: 'state',
    message: 'set up: set y failed and could not be undone',
    detail: /it broke\nits words\nundoing failed as well: it does not yield/,
  })
  await assert.rejects(applyPlan(world.executor, plan), { code: 'state', message: 'an earlier change was interrupted' })
  world.unyielding = ''
  assert.deepEqual((await recoverPlan(world.executor))?.context, { of: 'web1' })
  assert.deepEqual(world.state(), {})
  world.broken = ''
  await applyPlan(world.executor, plan)
})

describe('an interruption', () => {
  const interruptedAt = (world: World, event: string): Executor => {
    const controller = new AbortController()
    const report: Executor['report'] = (each) => {
      world.executor.report(each)
      if (world.events.at(-1) === event) controller.abort()
    }
    return { ...world.executor, report, signal: controller.signal }
  }

  test('undoes what was begun, and nothing further begins', async () => {
    const world = new World()
    const steps = world.plan(changes).map((step, index) => ({ ...step, summary: `${step.summary} (${index})` }))
    await assert.rejects(applyPlan(interruptedAt(world, 'started set y (1)'), { title: 'set up', steps }), {
      code: 'failed',
      message: 'set up: interrupted before it came to: set x (2)',
    })
    assert.deepEqual(world.state(), {})
    assert.deepEqual(
      world.events.filter((event) => event.startsWith('done')),
      ['done set x (0)', 'done set y (1)', 'done undo: set y (1)', 'done undo: set x (0)'],
    )
    assert.equal(await interrupted(world.journal), undefined)
  })

  test('while nothing was begun leaves no trace', async () => {
    const world = new World()
    const executor = { ...world.executor, signal: AbortSignal.abort() }
    await assert.rejects(applyPlan(executor, { title: 'set up', steps: world.plan(changes) }), { code: 'failed' })
    assert.deepEqual([world.records, world.events], [[], []])
  })

  test('does not keep a change from being undone', async () => {
    const world = new World()
    world.broken = 'y'
    const executor = interruptedAt(world, 'started undo: set y')
    await assert.rejects(applyPlan(executor, { title: 'set up', steps: world.plan(changes) }), { message: 'set up: it broke' })
    assert.deepEqual([world.state(), executor.signal?.aborted], [{}, true])
  })
})

test('the journal of another version is refused, not taken for a bug', async () => {
  const world = new World()
  world.records.push({ entry: 'paused', step: 1 })
  await assert.rejects(interrupted(world.journal), {
    code: 'unsupported',
    message: 'the journal holds "paused", which this program does not know',
  })
})

test('undoing is told from its beginning to its end', async () => {
  const world = new World()
  world.broken = 'x'
  await assert.rejects(applyPlan(world.executor, { title: 'set up', steps: world.plan(changes) }))
  assert.deepEqual(world.events.slice(-2), ['started undo: set x', 'done undo: set x'])
})

/** Runs a process of this world that is killed after so many changes; true when it lived to its end. */
async function live(world: World, life: number, work: () => Promise<unknown>): Promise<boolean> {
  world.life = life
  try {
    await work()
  } catch (error) {
    // Killed in the middle of undoing it arrives as the cause of a fault, which nobody would have seen.
    if (world.life > 0 && !(error instanceof Fault)) throw error
  }
  const alive = world.life > 0
  world.life = Infinity
  return alive
}

function finishedAs(world: World): string | undefined {
  const last = world.records.at(-1) as { entry?: string; outcome?: string } | undefined
  return last?.entry === 'finished' ? last.outcome : undefined
}

describe('killed anywhere, then recovered', () => {
  for (const broken of ['', 'y'])
    test(broken === '' ? 'while applying' : 'while applying or undoing a step that failed', async () => {
      let survived = false
      for (let life = 0; !survived; life += 1) {
        const world = new World()
        world.values.set('x.a', 'old').set('z.b', 'kept')
        const before = world.state()
        const steps = world.plan(changes)
        world.broken = broken
        survived = await live(world, life, () => applyPlan(world.executor, { title: 'set up', steps }))
        world.broken = ''
        const applied = finishedAs(world) === 'applied'
        await recoverPlan(world.executor)
        const expected = { ...before, 'x.a': '3', 'x.b': '3', 'y.a': '2', 'y.b': '2' }
        assert.deepEqual(world.state(), applied ? expected : before, `killed after ${life} changes`)
        assert.equal(await interrupted(world.journal), undefined)
        assert.ok(life < 200)
      }
    })

  test('any plan, killed while applying, and while recovering as often as you like', async () => {
    const change = fc.tuple(fc.constantFrom('p', 'q', 'r'), fc.constantFrom('1', '2', '3'))
    const kills = fc.array(fc.nat(12), { maxLength: 3 })
    await fc.assert(
      fc.asyncProperty(
        fc.array(change, { maxLength: 5 }),
        fc.array(change, { maxLength: 2 }),
        fc.nat(40),
        kills,
        fc.constantFrom('', 'q'),
        async (wanted, present, life, recoveries, broken) => {
          const world = new World()
          for (const [name, value] of present) world.values.set(`${name}.a`, value)
          const before = world.state()
          const steps = world.plan(wanted)
          world.broken = broken
          await live(world, life, () => applyPlan(world.executor, { title: 'any', steps }))
          const applied = finishedAs(world) === 'applied'
          const after = world.state()
          for (const each of recoveries) await live(world, each, () => recoverPlan(world.executor))
          await recoverPlan(world.executor)
          assert.deepEqual(world.state(), applied ? after : before)
        },
      ),
      { numRuns: 300 },
    )
  })
})
