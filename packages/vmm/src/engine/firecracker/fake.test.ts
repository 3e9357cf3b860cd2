import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fakeHost } from '@imp/kit/host/fake.ts'
import { fakeFirecracker, type FakeFirecracker } from './fake.ts'
import { drive, refusals, sharedMac, type RefusedCalls } from './refusals.ts'

const paths = { kernel: '/k', text: '/text', disk: '/d' }
const files = { '/k': '\u007fELF', '/text': 'text', '/i': '', '/d': '' }

function make() {
  const said: string[] = []
  const fake = fakeFirecracker('x', fakeHost({ files }), { boot: () => said.push('boot'), interrupt: () => said.push('interrupt') })
  return { fake, said }
}

async function put(fake: FakeFirecracker, path: string, body: unknown): Promise<string> {
  const answer = await fake.handle('PUT', path, body === undefined ? '' : JSON.stringify(body))
  return answer.status === 204 ? 'ok' : `${answer.status} ${(answer.body as { fault_message: string }).fault_message}`
}

/** What only a running guest shows. */
const late: RefusedCalls = {
  title: 'a disk after the start',
  calls: [
    ['/boot-source', { kernel_image_path: '/k', initrd_path: '/i' }],
    ['/actions', { action_type: 'InstanceStart' }],
    ['/drives/a', drive('a', '/d')],
  ],
  expected: /^400 .*not supported after starting/,
}

for (const { title, calls, expected } of [...refusals(paths), sharedMac, late]) {
  test(`the fake Firecracker refuses ${title}`, async () => {
    const { fake } = make()
    const answers: string[] = []
    for (const [path, body] of calls) answers.push(await put(fake, path, body))
    assert.match(answers.at(-1) ?? '', expected)
    assert.ok(
      answers.slice(0, -1).every((answer) => answer === 'ok'),
      answers.join('\n'),
    )
  })
}

test('the fake Firecracker replaces a drive that is said twice, boots and takes ctrl-alt-delete', async () => {
  const { fake, said } = make()
  for (const [path, body] of [
    ['/drives/a', drive('a', '/d', true)],
    ['/drives/a', drive('a', '/d', true)],
    ['/boot-source', { kernel_image_path: '/k' }],
    ['/actions', { action_type: 'InstanceStart' }],
    ['/actions', { action_type: 'SendCtrlAltDel' }],
  ] as const) {
    assert.equal(await put(fake, path, body), 'ok')
  }
  assert.deepEqual(said, ['boot', 'interrupt'])
  assert.deepEqual((await fake.handle('GET', '/', '')).body, { app_name: 'Firecracker', id: 'x', state: 'Running', vmm_version: '1.16.1' })
})
