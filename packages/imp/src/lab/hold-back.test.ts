import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assert as check, array, double, integer, property, record } from 'fast-check'
import { holdBack } from './hold-back.ts'

/** A clock whose timers fire when it is moved. */
function manualTime() {
  let now = 0
  const timers: { at: number; action: () => void }[] = []
  return {
    now: () => now,
    later: (action: () => void, ms: number) => void timers.push({ at: now + ms, action }),
    advance(to: number) {
      for (;;) {
        const next = timers.toSorted((a, b) => a.at - b.at)[0]
        if (next === undefined || next.at > to) break
        timers.splice(timers.indexOf(next), 1)
        now = Math.max(now, next.at)
        next.action()
      }
      now = to
    },
  }
}

test('everything comes out, in order, not before its time and not a tick later than needed', () => {
  const arrivals = array(record({ gap: integer({ min: 0, max: 30 }), random: double({ min: 0, max: 1, noNaN: true }) }), { maxLength: 50 })
  check(
    property(arrivals, integer({ min: 1, max: 50 }), integer({ min: 0, max: 10 }), (things, delayMs, jitterMs) => {
      const time = manualTime()
      const out: { thing: number; at: number }[] = []
      let current = 0
      const hold = holdBack<number>({
        delayMs,
        jitterMs: Math.min(jitterMs, delayMs),
        limit: 100,
        ...time,
        random: () => current,
        send: (thing) => void out.push({ thing, at: time.now() }),
      })
      const due: number[] = []
      for (const [index, { gap, random }] of things.entries()) {
        time.advance(time.now() + gap)
        current = random
        const own = time.now() + delayMs + Math.min(jitterMs, delayMs) * (2 * random - 1)
        due.push(Math.max(due.at(-1) ?? 0, own))
        hold(index)
      }
      time.advance(time.now() + 1000)
      assert.deepEqual(
        out.map(({ thing }) => thing),
        things.map((_, index) => index),
      )
      for (const { thing, at } of out) {
        assert.ok(at >= (due[thing] ?? 0), `thing ${thing} left at ${at}, due ${due[thing]}`)
        assert.ok(at <= (due[thing] ?? 0) + 2, `thing ${thing} left at ${at}, due ${due[thing]}`)
      }
    }),
  )
})

test('what comes in while the queue is full is lost', () => {
  const time = manualTime()
  const out: number[] = []
  const hold = holdBack<number>({ delayMs: 10, jitterMs: 0, limit: 2, ...time, random: () => 0.5, send: (thing) => void out.push(thing) })
  for (const thing of [1, 2, 3]) hold(thing)
  time.advance(10)
  hold(4)
  time.advance(30)
  assert.deepEqual(out, [1, 2, 4])
})
