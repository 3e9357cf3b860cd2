import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fakeHost } from '@imp/kit/host/fake.ts'
import { fakeFirecracker, type FakeFirecracker } from './fake.ts'
import { drive, refusals, sharedMac, type Call, type RefusedCalls } from './refusals.ts'

const paths = { kernel: '/k', text: '/text', disk: '/d' }
const files = { '/k': '\u007fELF', '/text': 'text', '/i': '', '/d': '' }

function make() {
  const said: string[] = []
  const fake = fakeFirecracker('x', fakeHost({ files }), {
    boot: () => said.push('boot'),
    interrupt: () => said.push('interrupt'),
    listen: (path) => said.push(path),
  })
  return { fake, said }
}

async function say(fake: FakeFirecracker, [path, body, method = 'PUT']: Call): Promise<string> {
  const answer = await fake.handle(method, path, body === undefined ? '' : JSON.stringify(body))
  return answer.status === 204 || answer.status === 200
    ? 'ok'
    : `${answer.status} ${(answer.body as { fault_message: string }).fault_message}`
}

const started: readonly Call[] = [
  ['/boot-source', { kernel_image_path: '/k', initrd_path: '/i' }],
  ['/actions', { action_type: 'InstanceStart' }],
]

function late(title: string, call: Call, expected = /^400 .*not supported after starting/): RefusedCalls {
  return { title: `${title} after the start`, calls: [...started, call], expected }
}

/** What only a running guest shows. */
const lateRefusals = [
  late('a disk', ['/drives/a', drive('a', '/d')]),
  late('a balloon', ['/balloon', { amount_mib: 1, deflate_on_oom: true }]),
  late('a vsock', ['/vsock', { guest_cid: 3, uds_path: '/v.sock' }]),
  late('other metadata settings', ['/mmds/config', { network_interfaces: ['a'] }]),
  late('a serial console', ['/serial', {}]),
  late('a limit of no disk', ['/drives/a', { drive_id: 'a', rate_limiter: {} }, 'PATCH'], /^400 .*Device not found/),
  late('a size of no balloon', ['/balloon', { amount_mib: 1 }, 'PATCH'], /^400 .*Device not found/),
]

for (const { title, calls, expected } of [...refusals(paths), sharedMac, ...lateRefusals]) {
  test(`the fake Firecracker refuses ${title}`, async () => {
    const { fake } = make()
    const answers: string[] = []
    for (const call of calls) answers.push(await say(fake, call))
    assert.match(answers.at(-1) ?? '', expected)
    assert.ok(
      answers.slice(0, -1).every((answer) => answer === 'ok'),
      answers.join('\n'),
    )
  })
}

test('the fake Firecracker replaces a drive that is said twice, boots and takes ctrl-alt-delete', async () => {
  const { fake, said } = make()
  for (const call of [
    ['/drives/a', drive('a', '/d', true)],
    ['/drives/a', drive('a', '/d', true)],
    ['/boot-source', { kernel_image_path: '/k' }],
    ['/actions', { action_type: 'InstanceStart' }],
    ['/actions', { action_type: 'SendCtrlAltDel' }],
  ] as const) {
    assert.equal(await say(fake, call), 'ok')
  }
  assert.deepEqual(said, ['boot', 'interrupt'])
  assert.deepEqual((await fake.handle('GET', '/', '')).body, { app_name: 'Firecracker', id: 'x', state: 'Running', vmm_version: '1.16.1' })
})
