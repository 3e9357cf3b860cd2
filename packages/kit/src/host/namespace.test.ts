import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fakeHost } from './fake.ts'
import { inNamespace } from './namespace.ts'

const prefix = 'nsenter --net=/run/netns/edge --'

test('every program runs inside, files stay those of the machine', async () => {
  const machine = fakeHost({ answers: { [`${prefix} ip link`]: 'lo' }, files: { '/x': '1' } })
  const host = inNamespace(machine, 'edge')
  assert.equal(host.name, 'namespace edge')
  assert.equal((await host.query(['ip', 'link'])).stdout, 'lo')
  await host.run(['ip', 'link', 'set', 'lo', 'up'])
  await host.pipe([['a'], ['b']])
  await host.attach(['vtysh'])
  assert.deepEqual(machine.changes, [`${prefix} ip link set lo up`, `${prefix} a | ${prefix} b`, `${prefix} vtysh`])
  assert.equal(await host.files.read('/x'), '1')
})
