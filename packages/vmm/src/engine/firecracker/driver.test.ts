import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { z } from 'zod'
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

engineContract('the engine Firecracker, against a fake of its API', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'fc-'))
  directories.push(directory)
  await writeFile(join(directory, 'kernel'), '\u007fELF, as far as the fake looks')
  await writeFile(join(directory, 'initrd'), '')
  return {
    engine: firecrackerEngine([process.execPath, '--disable-warning=ExperimentalWarning', fake]),
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
