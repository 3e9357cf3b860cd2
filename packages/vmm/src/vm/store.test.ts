import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fakeHost } from '@imp/kit/host/fake.ts'
import { findRun } from './store.ts'

const paths = { data: '/data', run: '/data/sockets', cache: '/data/cache' }
const run = {
  phase: 'running',
  engine: 'qemu',
  accelerator: 'tcg',
  kernel: 'debian',
  started: '2026-01-01T00:00:00.000Z',
  bootId: 'b',
} as const
const text = (fields: object): string => JSON.stringify({ schema: 'vmm.run', version: 1, ...run, ...fields })

test('the record of a start is found where an earlier version wrote it, unless there is a later one', async () => {
  const former = { '/data/machines/0badcafe/run.json': text({}) }
  assert.deepEqual(await findRun({ host: fakeHost({ files: former }), paths }, '0badcafe'), run)
  const both = { ...former, '/data/runs/0badcafe.json': text({ phase: 'stopped' }) }
  assert.equal((await findRun({ host: fakeHost({ files: both }), paths }, '0badcafe'))?.phase, 'stopped')
  assert.equal(await findRun({ host: fakeHost({}), paths }, '0badcafe'), undefined)
})

test('what a newer program adds to a record is left aside', async () => {
  const files = { '/data/runs/0badcafe.json': text({ colour: 'blue' }) }
  assert.deepEqual(await findRun({ host: fakeHost({ files }), paths }, '0badcafe'), run)
})
