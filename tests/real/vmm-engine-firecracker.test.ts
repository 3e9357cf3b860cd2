/** What a real Firecracker takes and refuses: the same that its fake is held to. Only what is asked of a guest that runs needs KVM. */
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
import { configuration, instanceState, send, versionOf } from '../../packages/vmm/src/engine/firecracker/api.ts'
import { lateRefusals, refusals, sharedMac, type RefusedCalls } from '../../packages/vmm/src/engine/firecracker/refusals.ts'
import type { PreparedMachine } from '../../packages/vmm/src/engine/model.ts'
import { probeAt } from '../../packages/vmm/src/engine/probe.ts'
import { listens } from '../../packages/vmm/src/engine/unit.ts'
import { ensureSharedKernel, isRoot, missing } from './vmm-machine-command.ts'

/** What GET /vm/config answers, as far as we look. */
interface FullConfiguration {
  readonly drives: { readonly path_on_host: string; readonly is_read_only: boolean; readonly rate_limiter: { readonly ops: unknown } }[]
  readonly balloon: { readonly amount_mib: number }
  readonly vsock: { readonly guest_cid: number }
  readonly 'network-interfaces': { readonly tx_rate_limiter: { readonly bandwidth: unknown } }[]
  readonly 'mmds-config': { readonly version: string }
}

const host = localHost()
const skip = missing(['firecracker'], false) ?? false
const probed = await mkdtemp(join(tmpdir(), 'vfp'))
const kvm = skip === false ? await probeAt(host, probed).kvm() : { usable: false, reason: skip }
after(() => rm(probed, { recursive: true }))

describe('a real Firecracker', { skip, concurrency: 2 }, () => {
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
    for (const [path, body, method = 'PUT'] of calls) {
      const { status, body: answer } = await requestUnix(host, socket, { method, path, body, timeout: 90_000 })
      given.push(status === 204 || status === 200 ? 'ok' : `${status} ${(answer as { fault_message: string }).fault_message}`)
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

  for (const [index, { title }] of lateRefusals({ kernel: 'kernel', text: 'text', disk: 'disk' }).entries()) {
    void it(`refuses ${title}`, { skip: kvm.usable ? false : `needs KVM: ${kvm.reason}` }, () =>
      told(`l${index}`, async (socket) => {
        const { vmlinux } = await ensureSharedKernel()
        const { calls, expected } = lateRefusals({ ...paths(), kernel: vmlinux })[index] ?? assert.fail('no such case')
        const given = await answers(socket, calls)
        assert.match(given.at(-1) ?? '', expected)
        assert.deepEqual(new Set(given.slice(0, -1)), new Set(['ok']))
      }),
    )
  }

  const machine = (): PreparedMachine => {
    const { kernel, disk, text } = paths()
    return {
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
      diskLimit: { bandwidth: 50, iops: 500 },
      balloon: 64,
      vsock: { cid: 0x0badcafe, transport: 'unix' },
    }
  }

  /** Says all of it, and returns what Firecracker then has. */
  async function configured(name: string, prepared: PreparedMachine, metadata?: unknown): Promise<FullConfiguration> {
    return told(name, async (socket) => {
      const files = {
        metrics: join(directory, `${name}.metrics`),
        vsock: join(directory, `${name}.v`),
      }
      await writeFile(files.metrics, '')
      const circumstances = { version: await versionOf(host, socket), ...(metadata === undefined ? {} : { metadata }) }
      for (const request of configuration(prepared, files, circumstances)) await send(host, socket, request)
      assert.equal(await instanceState(host, socket), 'Not started')
      if (metadata !== undefined) {
        assert.deepEqual((await requestUnix(host, socket, { method: 'GET', path: '/mmds' })).body, metadata)
      }
      return (await requestUnix(host, socket, { method: 'GET', path: '/vm/config' })).body as FullConfiguration
    })
  }

  void it('takes everything that a machine is made of', async () => {
    const { drives, balloon, vsock } = await configured('whole', machine())
    assert.deepEqual(
      drives.map((each) => [each.path_on_host, each.is_read_only]),
      [
        [paths().text, true],
        [paths().disk, false],
      ],
    )
    assert.deepEqual(drives[0]?.rate_limiter.ops, { size: 500, one_time_burst: null, refill_time: 1000 })
    assert.equal(balloon.amount_mib, 64)
    assert.equal(vsock.guest_cid, 0x0badcafe)
  })

  void it('takes interfaces with a limit, and metadata for the first of them', { skip: isRoot ? false : 'needs root' }, async () => {
    const nics = [{ attachment: 'tap' as const, mac: '06:00:00:00:00:02', tap: `vmmt${process.pid}`, bandwidth: 8_000_000 }]
    const metadata = { latest: { 'user-data': '#!/bin/sh\n', 'meta-data': 'instance-id: whole\n' } }
    const found = await configured('meta', { ...machine(), nics }, metadata)
    assert.deepEqual(found['network-interfaces'][0]?.tx_rate_limiter.bandwidth, { size: 100_000, one_time_burst: null, refill_time: 100 })
    assert.equal(found['mmds-config'].version, 'V2')
  })
})
