import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { z } from 'zod'
import type { Argv } from '@imp/kit/host/host.ts'
import { localHost } from '@imp/kit/host/local.ts'
import { engineContract } from '../contract.ts'
import type { DiskLimit, PreparedMachine } from '../model.ts'
import { socketPath } from '../unit.ts'
import { get } from './api.ts'
import { firecrackerEngine } from './driver.ts'
import { RateLimiter } from './types.ts'

const fake = new URL('fake-server.ts', import.meta.url).pathname
const directories: string[] = []

after(() => Promise.all(directories.map((each) => rm(each, { recursive: true, force: true }))))

const Drives = z.looseObject({ drives: z.array(z.looseObject({ rate_limiter: RateLimiter.optional() })) })

/** What the API tells of the drives, in our words. */
async function diskLimits(machine: PreparedMachine): Promise<DiskLimit[]> {
  const { drives } = await get(localHost(), socketPath(machine, 'api'), '/vm/config', Drives)
  return drives.map(({ rate_limiter: { bandwidth, ops } = {} }) => ({
    ...(bandwidth === undefined ? {} : { bandwidth: Math.round(((bandwidth.size / bandwidth.refill_time) * 1000) / (1 << 20)) }),
    ...(ops === undefined ? {} : { iops: ops.size }),
  }))
}

const program: Argv = [process.execPath, '--disable-warning=ExperimentalWarning', fake]

async function makeDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'fc-'))
  directories.push(directory)
  await writeFile(join(directory, 'kernel'), '\u007fELF, as far as the fake looks')
  await writeFile(join(directory, 'initrd'), '')
  return directory
}

engineContract('the engine Firecracker, against a fake of its API', async () => {
  const directory = await makeDirectory()
  return {
    engine: firecrackerEngine(program),
    host: localHost(),
    accelerator: 'kvm',
    directory,
    kernel: join(directory, 'kernel'),
    initrd: join(directory, 'initrd'),
    marker: 'vmm: ready',
    repeats: true,
    diskLimits,
  }
})

test('a Firecracker that is too busy to answer keeps its guest when it is started again', async () => {
  const host = localHost()
  const directory = await makeDirectory()
  const machine: PreparedMachine = {
    id: process.pid.toString(16).padStart(8, '0'),
    name: 'busy',
    accelerator: 'kvm',
    cpus: 1,
    memory: 128,
    kernel: join(directory, 'kernel'),
    initrd: join(directory, 'initrd'),
    bootArguments: [],
    disks: [],
    nics: [],
    directory: join(directory, 'machine'),
    sockets: join(directory, 's'),
  }
  const engine = firecrackerEngine(program, 200)
  try {
    await engine.start(host, machine)
    const { pid } = (await engine.inspect(host, machine)) ?? assert.fail('it does not run')
    process.kill(pid, 'SIGSTOP')
    await assert.rejects(engine.start(host, machine), { code: 'timeout' })
    process.kill(pid, 'SIGCONT')
    assert.equal((await engine.inspect(host, machine))?.pid, pid)
  } finally {
    await engine.stop(host, machine, 'kill')
  }
})
