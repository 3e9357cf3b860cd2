import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fakeHost } from '@imp/kit/host/fake.ts'
import { fakeFirecracker, type FakeFirecracker } from './fake.ts'
import { drive, lateRefusals, refusals, sharedMac, type Call } from './refusals.ts'

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

for (const { title, calls, expected } of [...refusals(paths), sharedMac, ...lateRefusals(paths)]) {
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
