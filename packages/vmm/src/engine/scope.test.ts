import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fakeHost } from '@imp/kit/host/fake.ts'
import { scoped } from './scope.ts'

const machine = { id: '0badcafe', name: 'web1', directory: '/d', sockets: '/s' }
const engine = ['qemu-system-x86_64', '-nodefaults'] as const
const version = 'systemctl show --property=Version'

test('an engine gets a scope of its own, after the service that shuts guests down, where systemd runs and root asks', async () => {
  const host = fakeHost({ files: { '/run/systemd/system': '' }, answers: { 'id -u': '0', [version]: 'Version=252' } })
  const words = await scoped(host, machine, engine)
  assert.deepEqual(words.slice(0, 4), ['systemd-run', '--scope', '--quiet', '--collect'])
  assert.match(words[4] ?? '', /^--unit=vmm-web1-[0-9a-z]+$/)
  assert.deepEqual(words.slice(6), ['--property=Before=vmm.service', '--', ...engine])
})

test('without systemd, or without root, it runs as it is', async () => {
  assert.deepEqual(await scoped(fakeHost({}), machine, engine), engine)
  const user = fakeHost({ files: { '/run/systemd/system': '' }, answers: { 'id -u': '1000' } })
  assert.deepEqual(await scoped(user, machine, engine), engine)
})
