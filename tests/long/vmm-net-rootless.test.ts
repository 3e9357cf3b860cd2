/** All of a machine's life for a user without any rights, with forwards that change while it runs. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { chmod, mkdir, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import type { VmView } from '../../packages/vmm/src/vm/model.ts'
import { closedToOthers, makeDataDirectory, missing } from '../real/vmm-machine-command.ts'

const run = promisify(execFile)
const skip = missing(['qemu-system-x86_64', 'ssh', 'ssh-keyscan', 'ss', 'mmdebstrap', 'setpriv'], true) ?? closedToOthers() ?? false
const vmm = new URL('../../bin/vmm', import.meta.url).pathname

describe('a user without rights', { skip, concurrency: false }, () => {
  let directory: string

  const asNobody = (...argv: string[]): Promise<{ stdout: string }> => {
    const env = { ...process.env, HOME: directory, VMM_DATA_DIR: join(directory, 'd'), NO_COLOR: '1' }
    return run('setpriv', ['--reuid=65534', '--regid=65534', '--clear-groups', ...argv], { env, maxBuffer: 1 << 26 })
  }
  const json = async <T>(...words: string[]): Promise<T> => JSON.parse((await asNobody(vmm, '--json', ...words)).stdout) as T
  const banner = async (port: number): Promise<boolean> =>
    run('ssh-keyscan', ['-T', '10', '-t', 'ed25519', '-p', String(port), '127.0.0.1']).then(
      ({ stdout }) => stdout.includes('ssh-ed25519'),
      () => false,
    )

  before(async () => {
    directory = await makeDataDirectory()
    await chmod(directory, 0o755)
    const own = join(directory, 'd')
    await mkdir(own)
    await run('chown', ['65534:65534', directory, own])
    // Images and kernels are those of this computer, everything else is the user's.
    for (const each of ['images', 'kernels', 'guest']) await run('cp', ['-P', join(directory, each), join(own, each)])
  })
  after(async () => {
    await asNobody(vmm, 'delete', '--yes', '--force', 'mine').catch(() => undefined)
    await rm(directory, { recursive: true, force: true })
  })

  it('creates and starts a machine', async () => {
    const made = await json<VmView>('create', 'mine', '--memory', '192', '--disk', '64', '--forward', '127.0.0.1:12122:22')
    assert.equal(made.network.kind, 'user')
    const { machines } = await json<{ machines: VmView[] }>('start', 'mine')
    assert.equal(machines[0]?.state, 'running')
    assert.equal((await run('ps', ['-o', 'uid=', '-p', String(machines[0]?.pid)])).stdout.trim(), '65534')
  })

  it('runs words in it', async () => {
    assert.equal((await json<{ stdout: string }>('exec', 'mine', '--', 'hostname')).stdout.trim(), 'mine')
  })

  it('forwards ports that were named before, and others while it runs', async () => {
    assert.ok(await banner(12_122))
    await json('port-forward', 'mine', '127.0.0.1:12123:22', '127.0.0.1:12153:53/udp')
    assert.ok(await banner(12_123))
    const udp = await run('ss', ['-H', '-l', '-u', '-n', 'sport', '=', ':12153'])
    assert.match(udp.stdout, /127\.0\.0\.1:12153/)
    await json('port-forward', 'remove', 'mine', '127.0.0.1:12122:22')
    assert.equal(await banner(12_122), false)
    assert.ok(await banner(12_123))
  })

  it('is told that a port is taken, and keeps the forwards that it has', async (t) => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(12_124, '127.0.0.1', resolve))
    t.after(() => server.close())
    await assert.rejects(
      json('port-forward', 'add', 'mine', '127.0.0.1:12124:22'),
      (error: Error & { stdout?: string; stderr?: string }) => {
        assert.match(`${error.stdout}${error.stderr}`, /waits at tcp port 12124/)
        return true
      },
    )
    const { forwards } = await json<VmView>('show', 'mine')
    assert.deepEqual(
      forwards.map(({ host }) => host),
      [12_123, 12_153],
    )
  })

  it('stops and deletes it', async () => {
    await json('stop', '--kill', 'mine')
    assert.equal(await banner(12_123), false)
    await json('delete', '--yes', 'mine')
    assert.deepEqual((await json<{ machines: VmView[] }>('list', '--all')).machines, [])
  })
})
