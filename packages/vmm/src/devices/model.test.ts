import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { ContextId } from '../engine/model.ts'
import { freeContextId, LimitWord, RateWord, readLimits, writeLimits } from './model.ts'

test('limits that are said replace those before, none takes one away, the others stay', () => {
  const before = { diskBandwidth: 50, diskIops: 500 }
  assert.deepEqual(readLimits(before, { diskIops: 'none', netBandwidth: '1.5mbit' }), { diskBandwidth: 50, netBandwidth: 1_500_000 })
  assert.deepEqual(readLimits(before, {}), before)
})

test('limits are told in the units of their field', () => {
  assert.equal(
    writeLimits({ diskBandwidth: 50, diskIops: 500, netBandwidth: 1e8 }),
    'each disk 50 MiB/s, 500 requests/s; network 100 Mbit/s',
  )
  assert.equal(writeLimits({}), '')
})

test('words that are no limits are refused', () => {
  for (const word of ['0', '-1', '5.5', '1k', '']) assert.equal(LimitWord.safeParse(word).success, false, word)
  for (const word of ['100', '10 mbit', 'mbit', '10MB']) assert.equal(RateWord.safeParse(word).success, false, word)
  assert.throws(() => readLimits({}, { netBandwidth: '1bit' }), /8000/)
})

test('a context identifier is in its range and nobody else has it', () => {
  const identifier = fc.integer({ min: 0, max: 0xffffffff })
  fc.assert(
    fc.property(identifier, fc.integer({ min: 0, max: 5 }), (number, others) => {
      const id = number.toString(16).padStart(8, '0')
      const taken = new Set<number>()
      for (let count = 0; count <= others; count += 1) {
        const cid = freeContextId(id, taken)
        assert.ok(ContextId.safeParse(cid).success, String(cid))
        assert.ok(!taken.has(cid))
        taken.add(cid)
      }
    }),
  )
})
