import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Fault } from '@imp/kit/base/fault.ts'
import { fakeClock } from '@imp/kit/host/fake.ts'
import type { Happening } from './event.ts'
import { polling, watchAll, type Watcher } from './watch.ts'

const news = (subject: string): Happening => ({ topic: 'nat', subject, change: 'dropped' })

/** Sees a number that grows with every look. */
function growing(): Watcher {
  let seen = 0
  return polling(
    fakeClock(),
    1000,
    async () => (seen += 1),
    (before, after) => [news(`${before} to ${after}`)],
  )
}

/** Waits for the end. */
const patient: Watcher = async (_tell, signal, ready) => {
  const end = new Promise((resolve) => signal.addEventListener('abort', resolve))
  ready()
  await end
  signal.throwIfAborted()
}

suite('watching', () => {
  const { signal } = new AbortController()

  test('ends after so many events, and not one more', async () => {
    const told: string[] = []
    const listener = { ready: () => told.push('ready'), tell: ({ subject }: Happening) => told.push(subject) }
    await watchAll(fakeClock(), [growing(), patient], { signal, count: 2 }, listener)
    assert.deepEqual(told, ['ready', '1 to 2', '2 to 3'])
  })

  test('ends when the time is over', async () => {
    await watchAll(fakeClock(), [patient], { signal, duration: 5000 }, { ready: () => undefined, tell: () => assert.fail() })
  })

  test('ends when the person interrupts', async () => {
    const person = new AbortController()
    const listener = { ready: () => person.abort(), tell: () => undefined }
    await watchAll(fakeClock(), [patient], { signal: person.signal }, listener)
  })

  test('a watcher that fails ends all of them', async () => {
    let wasEnded = false
    const other: Watcher = async (_tell, ended) => {
      await new Promise((resolve) => ended.addEventListener('abort', resolve))
      wasEnded = true
    }
    const broken: Watcher = () => Promise.reject(new Fault('exec', 'ip ended with status 1'))
    await assert.rejects(watchAll(fakeClock(), [broken, other], { signal }, { ready: () => undefined, tell: () => undefined }), {
      message: 'ip ended with status 1',
    })
    assert.ok(wasEnded)
  })
})
