/** The start of machines with this computer that is interrupted, and the end of those that run, as the service asks for them. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, describe, it } from 'node:test'
import { systemClock } from '@imp/kit/host/local.ts'
import { withLock } from '@imp/kit/host/lock.ts'
import { makeDataDirectory, missing, removeDataDirectory, vmmOn, type Vmm } from '../real/vmm-machine-command.ts'

const vmm = new URL('../../bin/vmm', import.meta.url).pathname
const skip = missing(['qemu-system-x86_64', 'ssh', 'ssh-keyscan', 'ss', 'mmdebstrap'], true) ?? false

describe('machines that start with this computer', { skip, concurrency: false }, () => {
  let cli: Vmm
  before(async () => {
    cli = vmmOn(await makeDataDirectory())
    const common = ['--network', 'user', '--memory', '192', '--autostart']
    await cli.json('create', 'first', ...common)
    await cli.json('create', 'second', ...common, '--after', 'first')
  })
  after(() => removeDataDirectory(cli))

  const events = async (): Promise<string[]> => {
    const { events: all } = await cli.json<{ events: { name: string; event: string }[] }>('events')
    return all.map(({ name, event }) => `${name} ${event}`).filter((each) => !each.endsWith(' created'))
  }

  it('are all planned by a dry run', async () => {
    const { stdout } = await cli.run('autostart', '--dry-run')
    for (const name of ['first', 'second']) assert.match(stdout, new RegExp(`note that ${name} runs`))
  })

  it('are shut down again, and their guests asked first, when their start is interrupted', async () => {
    const env = { ...process.env, VMM_DATA_DIR: cli.directory }
    const child = spawn(vmm, ['--json', 'autostart'], { env, stdio: ['ignore', 'ignore', 'pipe'] })
    const ended = once(child, 'close')
    for await (const line of createInterface({ input: child.stderr }))
      if (/"started".*"wait for the guest second"/.test(line)) child.kill('SIGTERM')
    assert.deepEqual(await ended, [143, null])
    const expected = ['first starting', 'first running', 'second starting', 'second error', 'first stopping', 'first stopped']
    assert.deepEqual(await events(), expected)
    assert.match(await readFile(join(cli.directory, 'logs', 'first.log'), 'utf8'), /reboot: /)
  })

  it('that somebody else works on do not keep the others from being stopped', async () => {
    await cli.json('start', 'first', 'second')
    const { id } = await cli.json<{ id: string }>('show', 'second')
    const { status, stdout } = await withLock(systemClock, join(cli.directory, 'locks', `${id}.lock`), { what: 'second' }, () =>
      cli.run('--json', 'autostop'),
    )
    assert.equal(status, 1)
    const { done, failed } = JSON.parse(stdout) as { done: string[]; failed: { name: string }[] }
    assert.deepEqual([done, failed.map(({ name }) => name)], [['first'], ['second']])
    const { machines } = await cli.json<{ machines: { state: string }[] }>('list', '--all')
    assert.deepEqual(
      machines.map(({ state }) => state),
      ['stopped', 'running'],
    )
    assert.equal((await cli.run('autostop')).status, 0)
  })
})
