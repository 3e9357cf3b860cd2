import assert from 'node:assert/strict'
import { test } from 'node:test'
import { numberOf, percentOf, ticksOf } from './model.ts'

test('the ticks of a process are found behind a name with blanks and parentheses', () => {
  assert.equal(ticksOf('42 (a) b) S 1 42 42 0 -1 4194560 100 0 0 0 150 50 0 0 20 0 3 0 100 0'), 200)
})

test('numbers are found by their whole name', () => {
  const io = 'rchar: 1\nread_bytes: 4096\nwrite_bytes: 8192\ncancelled_write_bytes: 7\n'
  assert.equal(numberOf(io, 'write_bytes'), 8192)
  assert.equal(numberOf('VmRSS:\t  2048 kB\n', 'VmRSS'), 2048)
  assert.equal(numberOf(io, 'bytes'), undefined)
})

test('half a processor is 50, and no time is no use', () => {
  assert.equal(percentOf(50, 1000), 50)
  assert.equal(percentOf(5, 0), 0)
  assert.equal(percentOf(-3, 1000), 0)
})
