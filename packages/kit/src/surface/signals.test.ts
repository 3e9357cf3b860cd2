import assert from 'node:assert/strict'
import { test } from 'node:test'
import { listenForSignals } from './signals.ts'

test('a line that hangs up twice is heard once, so that what was begun is cleaned up', (t) => {
  const exit = t.mock.method(process, 'exit', () => undefined)
  let notices = 0
  const interruption = listenForSignals(() => (notices += 1))
  try {
    process.emit('SIGHUP', 'SIGHUP')
    process.emit('SIGHUP', 'SIGHUP')
  } finally {
    interruption.release()
  }
  assert.deepEqual([interruption.signal.aborted, interruption.status(), notices], [true, 129, 1])
  assert.equal(exit.mock.callCount(), 0)
})
