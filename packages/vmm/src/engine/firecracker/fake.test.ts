import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fakeHost } from '@imp/kit/host/fake.ts'
import { fakeFirecracker, type FakeFirecracker } from './fake.ts'

const files = { '/k': '\u007fELF', '/text': 'text', '/i': '', '/d': '', '/sys/class/net/tap0': '', '/sys/class/net/tap1': '' }

function make() {
  const said: string[] = []
  const fake = fakeFirecracker('x', fakeHost({ files }), { boot: () => said.push('boot'), interrupt: () => said.push('interrupt') })
  return { fake, said }
}

async function put(fake: FakeFirecracker, path: string, body: unknown): Promise<string> {
  const answer = await fake.handle('PUT', path, body === undefined ? '' : JSON.stringify(body))
  return answer.status === 204 ? 'ok' : `${answer.status} ${(answer.body as { fault_message: string }).fault_message}`
}

const drive = (id: string, root = false) => ({ drive_id: id, is_root_device: root, path_on_host: '/d' })
const nic = (id: string, tap: string, mac: string) => ({ iface_id: id, host_dev_name: tap, guest_mac: mac })

const refused: readonly (readonly [title: string, calls: readonly (readonly [string, unknown])[], expected: RegExp])[] = [
  ['an unknown field', [['/machine-config', { vcpu_count: 1, mem_size_mib: 128, cpus: 2 }]], /400 unknown field `cpus`/],
  ['too many processors', [['/machine-config', { vcpu_count: 33, mem_size_mib: 128 }]], /400 vcpu_count/],
  ['a PUT without body', [['/machine-config', undefined]], /400 Empty PUT/],
  ['an id with a dash', [['/drives/a-b', drive('a-b')]], /400 API Resource IDs/],
  ['another id in the path', [['/drives/a', drive('b')]], /400 The id from the path/],
  [
    'a second root drive',
    [
      ['/drives/a', drive('a', true)],
      ['/drives/b', drive('b', true)],
    ],
    /400 A root block device/,
  ],
  [
    'a MAC in use',
    [
      ['/network-interfaces/a', nic('a', 'tap0', '06:00:00:00:00:01')],
      ['/network-interfaces/b', nic('b', 'tap1', '06:00:00:00:00:01')],
    ],
    /400 The MAC address is already in use/,
  ],
  ['a TAP that is missing', [['/network-interfaces/a', nic('a', 'tap9', '06:00:00:00:00:01')]], /400 Open tap device failed/],
  ['a kernel that is missing', [['/boot-source', { kernel_image_path: '/none' }]], /400 The kernel file/],
  ['a start without kernel', [['/actions', { action_type: 'InstanceStart' }]], /400 Cannot start microvm without kernel/],
  [
    'a kernel that is none',
    [
      ['/boot-source', { kernel_image_path: '/text' }],
      ['/actions', { action_type: 'InstanceStart' }],
    ],
    /400 .*Invalid ELF magic/,
  ],
  ['ctrl-alt-delete before the start', [['/actions', { action_type: 'SendCtrlAltDel' }]], /400 .*not supported before starting/],
  [
    'a disk after the start',
    [
      ['/boot-source', { kernel_image_path: '/k', initrd_path: '/i' }],
      ['/actions', { action_type: 'InstanceStart' }],
      ['/drives/a', drive('a')],
    ],
    /400 .*not supported after starting/,
  ],
  ['an unknown path', [['/constructor', {}]], /400 Invalid request method and\/or path: PUT \/constructor\./],
]

for (const [title, calls, expected] of refused) {
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
    ['/drives/a', drive('a', true)],
    ['/drives/a', drive('a', true)],
    ['/boot-source', { kernel_image_path: '/k' }],
    ['/actions', { action_type: 'InstanceStart' }],
    ['/actions', { action_type: 'SendCtrlAltDel' }],
  ] as const) {
    assert.equal(await put(fake, path, body), 'ok')
  }
  assert.deepEqual(said, ['boot', 'interrupt'])
  assert.deepEqual((await fake.handle('GET', '/', '')).body, { app_name: 'Firecracker', id: 'x', state: 'Running', vmm_version: '1.16.1' })
})
