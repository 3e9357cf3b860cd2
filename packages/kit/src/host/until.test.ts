import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fakeClock } from './fake.ts'
import { until } from './until.ts'

test('looks until there is an answer, and returns it', async () => {
  const answers = [undefined, false, 0] as const
  let looks = 0
  assert.equal(await until<0>(fakeClock(), { timeout: 1000, what: 'it' }, async () => answers[looks++]), 0)
  assert.equal(looks, 3)
})

test('gives up after the deadline, having looked once more then', async () => {
  let looks = 0
  const probe = async () => {
    looks += 1
    return false as const
  }
  await assert.rejects(until(fakeClock(), { timeout: 1000, interval: 250, what: 'session with 192.0.2.1' }, probe), {
    code: 'timeout',
    message: 'session with 192.0.2.1: not within 1 s',
  })
  assert.equal(looks, 5)
})

test('what the probe throws is not swallowed', async () => {
  await assert.rejects(
    until(fakeClock(), { timeout: 1000, what: 'it' }, () => Promise.reject(new Error('broken'))),
    /broken/,
  )
})

test('an abort ends the wait', async () => {
  const { systemClock } = await import('./local.ts')
  const waiting = until(systemClock, { timeout: 60_000, interval: 60_000, signal: AbortSignal.abort(), what: 'it' }, async () => false)
  await assert.rejects(waiting, { name: 'AbortError' })
})
