/** What every engine must do, as one suite: for the fake Firecracker, for QEMU, and for a real Firecracker where KVM works. */
import assert from 'node:assert/strict'
import { dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { Fault } from '@imp/kit/base/fault.ts'
import type { Host } from '@imp/kit/host/host.ts'
import { findUnit } from '@imp/kit/host/supervise.ts'
import { until } from '@imp/kit/host/until.ts'
import type { Accelerator, DiskLimit, Engine, PreparedMachine } from './model.ts'
import { unitName } from './unit.ts'
import { connectVsock } from './vsock.ts'

export interface Subject {
  readonly engine: Engine
  readonly host: Host
  readonly accelerator: Accelerator
  readonly tscKhz?: number
  /** An empty directory with a short path, for everything that the suite makes; removed by the caller. */
  readonly directory: string
  /** A kernel and an initrd that print `marker` and end at ctrl-alt-delete. */
  readonly kernel: string
  readonly initrd: string
  readonly marker: string
  /** Whether the guest repeats what it hears by its vsock, at every port. */
  readonly repeats: boolean
  /** What the engine says of its disks, where it does. */
  readonly diskLimits?: (machine: PreparedMachine) => Promise<readonly DiskLimit[]>
}

const mebibyte = 1 << 20

/** Registers the suite. `prepare` runs once, before its first test. */
export function engineContract(title: string, prepare: () => Promise<Subject>): void {
  void describe(title, { concurrency: false }, () => {
    let subject: Subject
    let machines = 0
    const started: PreparedMachine[] = []

    before(async () => {
      subject = await prepare()
    })
    after(async () => {
      for (const each of started) await subject.engine.stop(subject.host, each, 'kill')
    })

    const machine = async (changes: Partial<PreparedMachine> = {}): Promise<PreparedMachine> => {
      const { host, directory, kernel, initrd, accelerator, tscKhz } = subject
      const id = (process.pid * 16 + (machines += 1)).toString(16).padStart(8, '0').slice(-8)
      const disk = join(directory, `${id}.raw`)
      await host.files.write(disk, new Uint8Array(1 << 20))
      const made: PreparedMachine = {
        id,
        name: `contract-${machines}`,
        accelerator,
        cpus: 1,
        memory: 128,
        kernel,
        initrd,
        bootArguments: [],
        disks: [{ path: disk, readOnly: false, format: 'raw' }],
        nics: [],
        directory: join(directory, id),
        sockets: join(directory, `s${machines}`),
        ...(tscKhz === undefined ? {} : { tscKhz }),
        ...changes,
      }
      started.push(made)
      return made
    }
    const shows = (made: PreparedMachine, text: string): Promise<boolean> => {
      const { log } = subject.engine.console(made)
      return until(subject.host.clock, { timeout: 120_000, what: `${text} of ${made.name}` }, async () => {
        return (await subject.host.files.stat(log)) !== undefined && (await subject.host.files.read(log)).includes(text)
      })
    }
    const gone = async (made: PreparedMachine): Promise<void> => {
      assert.equal(await subject.engine.inspect(subject.host, made), undefined)
      assert.equal(await findUnit(subject.host, made.directory, unitName), undefined)
      assert.equal(await subject.host.files.stat(made.sockets), undefined)
    }

    void it('describes its differences as plain data', () => {
      const { features } = subject.engine
      assert.deepEqual(JSON.parse(JSON.stringify(features)), features)
    })

    void it('finds all that it cannot do', async () => {
      const { features } = subject.engine
      const disks = Array.from({ length: features.maxDevices + 1 }, () => ({ path: '/d', readOnly: true, format: 'raw' as const }))
      const paths = subject.engine.check(await machine({ cpus: features.maxCpus + 1, disks })).map(({ path }) => path)
      assert.deepEqual(paths, ['cpus', ''])
      assert.deepEqual(subject.engine.check(await machine()), [])
      const whole = subject.engine.check(await machine({ balloon: 128, metadata: '/m', vsock: { cid: 3, transport: 'unix' } }))
      const lacking = ['balloon', ...(features.vsock.includes('unix') ? [] : ['vsock']), ...(features.metadata ? [] : ['datasource'])]
      assert.deepEqual(
        whole.map(({ path }) => path),
        lacking,
      )
    })

    void it('boots, is found again from its names alone, and shuts down when asked', async () => {
      const { engine, host, marker } = subject
      const made = await machine()
      await engine.start(host, made)
      await shows(made, marker)
      const { id, name, directory, sockets } = made
      const found = await engine.inspect(host, { id, name, directory, sockets })
      assert.equal(found?.guest, 'running')
      assert.equal(found.pid, (await findUnit(host, directory, unitName))?.pid)
      await engine.stop(host, { id, name, directory, sockets }, 'shutdown')
      await gone(made)
      const printed = await host.files.read(engine.console(made).log)
      assert.match(printed, new RegExp(marker), 'the console log stays')
      assert.doesNotMatch(printed, new RegExp(id), 'the engine writes into a log of its own')
    })

    void it('leaves a machine alone that runs already, and may be killed twice', async () => {
      const { engine, host } = subject
      const made = await machine()
      await engine.start(host, made)
      const first = await engine.inspect(host, made)
      await engine.start(host, made)
      assert.equal((await engine.inspect(host, made))?.pid, first?.pid)
      await engine.stop(host, made, 'kill')
      await gone(made)
      await engine.stop(host, made, 'kill')
      await engine.stop(host, made, 'shutdown')
    })

    void it('starts again where a killed process left its sockets', async () => {
      const { engine, host } = subject
      const made = await machine()
      await engine.start(host, made)
      const { pid } = (await engine.inspect(host, made)) ?? assert.fail('it does not run')
      process.kill(pid, 'SIGKILL')
      await until(host.clock, { timeout: 10_000, what: 'the end' }, async () => (await engine.inspect(host, made)) === undefined)
      await engine.start(host, made)
      assert.equal((await engine.inspect(host, made))?.guest, 'running')
      await engine.stop(host, made, 'kill')
    })

    const holds = (made: PreparedMachine, size: number): Promise<boolean> => {
      const { engine, host } = subject
      return until(host.clock, { timeout: 120_000, what: `a balloon of ${size} MiB in ${made.name}` }, async () => {
        return (await engine.inspectBalloon(host, made)).balloon === size * mebibyte
      })
    }

    void it('takes memory from a guest with a balloon, and gives it back', async () => {
      const { engine, host, marker } = subject
      const made = await machine({ balloon: 16 })
      await engine.start(host, made)
      await shows(made, marker)
      await holds(made, 16)
      await engine.resizeBalloon(host, made, 24)
      await holds(made, 24)
      await engine.resizeBalloon(host, made, 0)
      await holds(made, 0)
      await until(host.clock, { timeout: 120_000, what: 'what the guest tells of its memory' }, async () => {
        const { total, free } = await engine.inspectBalloon(host, made)
        return total !== null && free !== null && free < total
      })
      await engine.stop(host, made, 'kill')
    })

    void it('has no balloon for a machine that wants none', async () => {
      const { engine, host } = subject
      const made = await machine()
      await engine.start(host, made)
      for (const work of [() => engine.resizeBalloon(host, made, 1), () => engine.inspectBalloon(host, made)]) {
        await assert.rejects(work, (error) => error instanceof Fault && error.code === 'state' && error.message.includes(made.name))
      }
      await engine.stop(host, made, 'kill')
    })

    void it('limits disks at the start, anew while the machine runs, and no more', async () => {
      const { engine, host, diskLimits } = subject
      const made = await machine({ diskLimit: { bandwidth: 5, iops: 100 } })
      await engine.start(host, made)
      const limited = async (expected: DiskLimit): Promise<void> => {
        if (diskLimits !== undefined) assert.deepEqual(await diskLimits(made), [expected])
      }
      await limited({ bandwidth: 5, iops: 100 })
      await engine.changeLimits(host, made, { disk: { iops: 50 }, nics: [] })
      await limited({ iops: 50 })
      await engine.changeLimits(host, made, { disk: {}, nics: [] })
      await limited({})
      await engine.stop(host, made, 'kill')
    })

    void it('lets host and guest talk by vsock', async () => {
      const { engine, host, marker, repeats } = subject
      const transport = await engine.vsockTransport(host)
      assert.ok(engine.features.vsock.includes(transport), transport)
      const made = await machine({ vsock: { cid: 3 + machines, transport } })
      await engine.start(host, made)
      await shows(made, marker)
      if (transport === 'vhost') return engine.stop(host, made, 'kill')
      if (repeats) {
        const stream = await connectVsock(host, made, transport, 52)
        const late = setTimeout(() => stream.destroy(new Fault('timeout', 'the guest does not repeat what it hears')), 120_000)
        stream.write('hello, guest\n')
        let heard = ''
        for await (const chunk of stream as AsyncIterable<Buffer>) {
          heard += chunk.toString()
          if (heard.includes('\n')) break
        }
        clearTimeout(late)
        assert.equal(heard, 'hello, guest\n')
      } else {
        await assert.rejects(connectVsock(host, made, transport, 52), { code: 'state' })
      }
      return engine.stop(host, made, 'kill')
    })

    for (const [what, changes] of [
      ['a disk that is missing', () => ({ disks: [{ path: '/nonexistent/disk', readOnly: true, format: 'raw' as const }] })],
      ['a kernel that is missing', () => ({ kernel: '/nonexistent/kernel' })],
      ['a kernel that is no kernel', () => ({ kernel: join(subject.directory, 'no-kernel') })],
      [
        'a TAP that is missing',
        () => ({ nics: [{ attachment: 'tap' as const, mac: '06:00:00:00:00:01', tap: 'vmm-no-tap/'.slice(0, 10) }] }),
      ],
    ] as const) {
      void it(`says clearly what is wrong with ${what}`, async () => {
        const { engine, host } = subject
        await host.files.makeDirectory(dirname(subject.directory))
        await host.files.write(join(subject.directory, 'no-kernel'), 'this is no kernel\n'.repeat(1000))
        const made = await machine(changes())
        await assert.rejects(engine.start(host, made), (error) => {
          assert.ok(error instanceof Fault, String(error))
          assert.notEqual(error.code, 'bug', error.stack)
          assert.match(error.message, new RegExp(made.name))
          assert.ok((error.detail ?? '').length > 0, error.message)
          return true
        })
        await engine.stop(host, made, 'kill')
        await gone(made)
      })
    }
  })
}
