import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fakeHost } from './fake.ts'
import { planningHost } from './planning.ts'

test('a dry run may look', async () => {
  const host = planningHost(fakeHost({ answers: { 'ip link': 'lo' }, files: { '/etc/x': '1' } }))
  assert.equal((await host.query(['ip', 'link'])).stdout, 'lo')
  assert.equal(await host.files.read('/etc/x'), '1')
  assert.equal((await host.files.stat('/etc/x'))?.kind, 'file')
})

test('a dry run must not touch: every change is refused and none arrives', async () => {
  const real = fakeHost({ files: { '/a': '1' } })
  const host = planningHost(real)
  const changes = [
    () => host.run(['ip', 'link', 'del', 'a b']),
    () => host.pipe([['cat', '/a'], ['sh']]),
    () => host.attach(['vi', '/a']),
    () => host.files.write('/a', '2'),
    () => host.files.makeDirectory('/d'),
    () => host.files.remove('/a'),
    () => host.files.rename('/a', '/b'),
  ]
  for (const change of changes) await assert.rejects(change(), { code: 'bug', message: /a dry run must not change anything/ })
  await assert.rejects(host.run(['ip', 'link', 'del', 'a b']), { message: /ip link del 'a b'$/ })
  assert.deepEqual(real.changes, [])
  assert.deepEqual([...real.contents], [['/a', '1']])
})
