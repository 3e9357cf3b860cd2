import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { fakeHost } from '@imp/kit/host/fake.ts'
import { Fault } from '@imp/kit/base/fault.ts'
import type { Argv, Host } from '@imp/kit/host/host.ts'
import { guardOf } from './guard.ts'

/** A machine under systemd on which a unit is active or not. */
function systemd(active: boolean): { host: Host; asked: Argv[]; ran: Argv[] } {
  const [asked, ran]: [Argv[], Argv[]] = [[], []]
  const base = fakeHost({ files: { '/run/systemd/system/x': '' } })
  const host: Host = {
    ...base,
    query(argv) {
      asked.push(argv)
      return Promise.resolve({ argv, status: active ? 0 : 3, stdout: '', stderr: '' })
    },
    run(argv) {
      ran.push(argv)
      return Promise.resolve({ argv, status: 0, stdout: '', stderr: '' })
    },
  }
  return { host, asked, ran }
}

function guard(host: Host, directory = '/state') {
  return guardOf({ host, directory, words: ['--namespace=edge'], environment: { IMP_STATE_DIR: '/state' } })
}

suite('guard under systemd', () => {
  test('is a transient unit with our settings, that finds the same router again', async () => {
    const { host, ran } = systemd(false)
    await guard(host).arm(7)
    const words: readonly string[] = ran[0] ?? []
    assert.equal(words[0], 'systemd-run')
    assert.ok(words.some((word) => /^--unit=imp-confirm-[0-9a-f]{8}-commit-0007\.service$/.test(word)))
    assert.ok(words.includes('--setenv=IMP_STATE_DIR=/state'))
    assert.deepEqual(words.slice(-4), ['rollback', '--unless-confirmed', '7', '--namespace=edge'])
  })

  test('is not started twice', async () => {
    const { host, ran } = systemd(true)
    await guard(host).arm(7)
    assert.deepEqual(ran, [])
  })

  test('of another router has another name', async () => {
    const [one, two] = [systemd(false), systemd(false)]
    await guard(one.host).arm(7)
    await guard(two.host, '/elsewhere').arm(7)
    assert.notDeepEqual(one.asked, two.asked)
  })

  test('that cannot be started keeps the commit from beginning', async () => {
    const { host } = systemd(false)
    const failing: Host = { ...host, run: () => Promise.reject(new Fault('exec', 'no bus')) }
    await assert.rejects(guard(failing).arm(7), { code: 'exec' })
  })
})
