import assert from 'node:assert/strict'
import { appendFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { localHost } from '@imp/kit/host/local.ts'
import { noteEvent, readEvents } from './history.ts'

test('events are told in their order, without kinds and fields that only a newer program knows', async () => {
  const data = await mkdtemp(join(tmpdir(), 'vmh'))
  const where = { host: localHost(), paths: { data, run: data, cache: data } }
  try {
    assert.deepEqual(await readEvents(where), [])
    await Promise.all(['a', 'b', 'c', 'd'].map((name) => noteEvent(where, { name, id: '0badcafe', event: 'created' })))
    const newer = { time: '2030-01-01T00:00:00.000Z', name: 'e', id: '0badcafe', event: 'hibernated' }
    await appendFile(join(data, 'events.jsonl'), `${JSON.stringify(newer)}\n${JSON.stringify({ ...newer, event: 'stopped', by: 'x' })}\n`)
    const told = await readEvents(where)
    assert.deepEqual(told.map(({ name, event }) => `${name} ${event}`).toSorted(), [
      'a created',
      'b created',
      'c created',
      'd created',
      'e stopped',
    ])
    assert.ok(!('by' in (told.at(-1) ?? {})))
  } finally {
    await rm(data, { recursive: true })
  }
})
