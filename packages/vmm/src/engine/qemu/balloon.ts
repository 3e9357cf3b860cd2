/** The balloon of a running guest, by QMP. */
import { z } from 'zod'
import { Fault } from '@imp/kit/base/fault.ts'
import { parse } from '@imp/kit/base/schema.ts'
import type { Host } from '@imp/kit/host/host.ts'
import type { BalloonMemory, MachineFiles } from '../model.ts'
import { socketPath } from '../unit.ts'
import { withQmp, type QmpClient } from './qmp.ts'

const mebibyte = 1 << 20

/** What the guest does not tell is the highest number of 64 bits (hw/virtio/virtio-balloon.c, reset_stats). */
const Statistic = z.number().transform((value) => (value > Number.MAX_SAFE_INTEGER ? null : value))

const Statistics = z.looseObject({
  stats: z.looseObject({
    'stat-total-memory': Statistic,
    'stat-free-memory': Statistic,
    'stat-available-memory': Statistic,
    'stat-disk-caches': Statistic,
  }),
})
const Actual = z.looseObject({ actual: z.int() })
const Memory = z.looseObject({ 'base-memory': z.int() })

/** Memory of the machine in bytes. */
async function memoryOf(qmp: QmpClient): Promise<number> {
  return parse(Memory, await qmp.execute('query-memory-size-summary'), 'query-memory-size-summary')['base-memory']
}

/** QMP has no word for a balloon that is not there but the class of its error. */
async function talk<T>(host: Host, machine: MachineFiles, action: (qmp: QmpClient) => Promise<T>): Promise<T> {
  try {
    return await withQmp(host, socketPath(machine, 'qmp'), action)
  } catch (error) {
    if (!(error instanceof Fault) || !/No balloon device/.test(error.detail ?? '')) throw error
    throw new Fault('state', `${machine.name} runs without a balloon`, { cause: error })
  }
}

/** QEMU is told what the guest shall keep, not what the balloon shall hold. */
export async function resizeBalloon(host: Host, machine: MachineFiles, size: number): Promise<void> {
  await talk(host, machine, async (qmp) => qmp.execute('balloon', { value: (await memoryOf(qmp)) - size * mebibyte }))
}

export async function inspectBalloon(host: Host, machine: MachineFiles): Promise<BalloonMemory> {
  return talk(host, machine, async (qmp) => {
    const { actual } = parse(Actual, await qmp.execute('query-balloon'), 'query-balloon')
    const told = await qmp.execute('qom-get', { path: '/machine/peripheral/balloon', property: 'guest-stats' })
    const { stats } = parse(Statistics, told, 'guest-stats')
    return {
      balloon: (await memoryOf(qmp)) - actual,
      total: stats['stat-total-memory'],
      free: stats['stat-free-memory'],
      available: stats['stat-available-memory'],
      caches: stats['stat-disk-caches'],
    }
  })
}
