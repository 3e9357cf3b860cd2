import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fakeClock, fakeHost } from './fake.ts'

test('an unscripted question is an error, changes are recorded', async () => {
  const host = fakeHost({ answers: { 'ip link': 'lo' } })
  assert.equal((await host.query(['ip', 'link'])).stdout, 'lo')
  await assert.rejects(host.query(['ip', 'addr']), /no answer to: ip addr/)
  await host.run(['ip', 'link', 'add', 'x'])
  assert.deepEqual(host.changes, ['ip link add x'])
  await assert.rejects(fakeHost({ anyChange: false }).run(['reboot']), /no answer to: reboot/)
})

test('its files behave as files do', async () => {
  const { files } = fakeHost({ files: { '/d/a': '1', '/d/e/b': '2' } })
  assert.deepEqual(await files.list('/d'), ['a', 'e'])
  assert.equal((await files.stat('/d/e'))?.kind, 'directory')
  await files.rename('/d/a', '/d/c')
  await assert.rejects(files.read('/d/a'), { code: 'not-found' })
  await files.remove('/d')
  assert.equal(await files.stat('/d/e/b'), undefined)
  await assert.rejects(files.list('/d'), { code: 'not-found' })
})

test('only sleep moves its clock', async () => {
  const clock = fakeClock(new Date(1000))
  await clock.sleep(500)
  assert.deepEqual([clock.monotonic(), clock.now().getTime()], [500, 1500])
})
