/** What a real Firecracker takes and refuses before a guest starts, which needs no KVM that works: the same that its fake is held to. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { localHost } from '@imp/kit/host/local.ts'
import { requestUnix } from '@imp/kit/host/unix-http.ts'
import { until } from '@imp/kit/host/until.ts'
import { configuration, instanceState, send } from '../../packages/vmm/src/engine/firecracker/api.ts'
import { refusals, sharedMac, type RefusedCalls } from '../../packages/vmm/src/engine/firecracker/refusals.ts'
import type { PreparedMachine } from '../../packages/vmm/src/engine/model.ts'
import { listens } from '../../packages/vmm/src/engine/unit.ts'
import { isRoot, missing } from './vmm-machine-command.ts'

const host = localHost()
const skip = missing(['firecracker'], false) ?? false

describe('a real Firecracker, before its guest starts', { skip, concurrency: 2 }, () => {
  let directory: string
  const paths = () => ({ kernel: join(directory, 'kernel'), text: join(directory, 'text'), disk: join(directory, 'disk') })

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'vfc'))
    const { kernel, text, disk } = paths()
    await Promise.all([writeFile(kernel, '\u007fELF'), writeFile(text, 'text\n'.repeat(100)), writeFile(disk, Buffer.alloc(1 << 20))])
  })
  after(() => rm(directory, { recursive: true }))

  /** Runs one that was told nothing, and ends it. */
  async function told<T>(name: string, work: (socket: string) => Promise<T>): Promise<T> {
    const socket = join(directory, `${name}.sock`)
    const child = spawn('firecracker', ['--id', name, '--api-sock', socket], { stdio: 'ignore' })
    const ended = once(child, 'close')
    try {
      await until(host.clock, { timeout: 90_000, interval: 20, what: 'firecracker' }, () => listens(host, socket))
      return await work(socket)
    } finally {
      child.kill('SIGKILL')
      await ended
    }
  }

  async function answers(socket: string, calls: RefusedCalls['calls']): Promise<string[]> {
    const given: string[] = []
    for (const [path, body] of calls) {
      const { status, body: answer } = await requestUnix(host, socket, { method: 'PUT', path, body })
      given.push(status === 204 ? 'ok' : `${status} ${(answer as { fault_message: string }).fault_message}`)
    }
    return given
  }

  const cases = refusals({ kernel: 'kernel', text: 'text', disk: 'disk' })
  cases.forEach(({ title }, index) => {
    void it(`refuses ${title}`, () =>
      told(`r${index}`, async (socket) => {
        const { calls, expected } = refusals(paths())[index] ?? assert.fail('no such case')
        const given = await answers(socket, calls)
        assert.match(given.at(-1) ?? '', expected)
        assert.deepEqual(new Set(given.slice(0, -1)), new Set(calls.length > 1 ? ['ok'] : []))
      }))
  })

  void it(`refuses ${sharedMac.title}`, { skip: isRoot ? false : 'needs root' }, () =>
    told('mac', async (socket) => {
      const given = await answers(socket, sharedMac.calls)
      assert.match(given.at(-1) ?? '', sharedMac.expected)
    }),
  )

  void it('takes everything that a machine is made of', () =>
    told('whole', async (socket) => {
      const { kernel, disk, text } = paths()
      const machine: PreparedMachine = {
        id: '0badcafe',
        name: 'whole',
        accelerator: 'kvm',
        cpus: 2,
        memory: 256,
        kernel,
        initrd: text,
        bootArguments: ['vmm.root=overlay'],
        directory,
        sockets: directory,
        nics: [],
        disks: [
          { path: text, readOnly: true, format: 'raw' },
          { path: disk, readOnly: false, format: 'raw' },
        ],
      }
      const files = { log: join(directory, 'log'), metrics: join(directory, 'metrics') }
      for (const file of Object.values(files)) await writeFile(file, '')
      for (const request of configuration(machine, files)) await send(host, socket, request)
      assert.equal(await instanceState(host, socket), 'Not started')
      const { body } = await requestUnix(host, socket, { method: 'GET', path: '/vm/config' })
      const { drives } = body as { drives: { path_on_host: string; is_read_only: boolean }[] }
      assert.deepEqual(
        drives.map(({ path_on_host: path, is_read_only: readOnly }) => [path, readOnly]),
        [
          [text, true],
          [disk, false],
        ],
      )
    }))
})
