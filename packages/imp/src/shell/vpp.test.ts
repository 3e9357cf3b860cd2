import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fakeAndClient } from '../dataplane/vpp/fake/sample.ts'
import { commandOutput } from './vpp.ts'

test('returns what a command of VPP prints', async (t) => {
  const { client } = await fakeAndClient(t)
  const { status, stdout } = await commandOutput(client, 'show version')
  assert.deepEqual([status, stdout.startsWith('vpp v25.06'), stdout.endsWith('\n')], [0, true, false])
})

test('ends with status 1 and the words of VPP when it refuses the command', async (t) => {
  const { client } = await fakeAndClient(t)
  assert.deepEqual(await commandOutput(client, 'foo'), { status: 1, stdout: '', stderr: "unknown input `foo'" })
})

test('takes out the NUL that some texts have in their middle', async () => {
  const request = () => Promise.resolve({ retval: 0, reply: 'Thread 0 (vpp_main\0):\n' })
  assert.equal((await commandOutput({ request }, 'show errors verbose')).stdout, 'Thread 0 (vpp_main):')
})
