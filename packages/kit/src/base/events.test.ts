import assert from 'node:assert/strict'
import { test } from 'node:test'
import { reported, type OperationEvent } from './events.ts'

test('work is reported from its beginning to its end', async () => {
  const events: OperationEvent[] = []
  assert.equal(
    await reported(
      (event) => void events.push(event),
      'count',
      async () => 3,
    ),
    3,
  )
  assert.deepEqual(events, [
    { event: 'step', state: 'started', title: 'count' },
    { event: 'step', state: 'done', title: 'count' },
  ])
})

test('failing work is reported as failed and still fails', async () => {
  const states: string[] = []
  const work = reported(
    (event) => void states.push('state' in event ? event.state : ''),
    'x',
    () => Promise.reject(new Error('broken')),
  )
  await assert.rejects(work, /broken/)
  assert.deepEqual(states, ['started', 'failed'])
})
