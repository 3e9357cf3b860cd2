/** The balloon of a running guest, by Firecracker's API. */
import { Fault } from '@imp/kit/base/fault.ts'
import type { Host } from '@imp/kit/host/host.ts'
import type { BalloonMemory, MachineFiles } from '../model.ts'
import { socketPath } from '../unit.ts'
import { get, send } from './api.ts'
import { BalloonStatistics, type Request } from './types.ts'

const mebibyte = 1 << 20

/** Two versions have two ways to say that there is none. */
async function unlessMissing<T>(machine: MachineFiles, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (!(error instanceof Fault) || !/No balloon device|Device not found|statistics.*not enabled/i.test(error.detail ?? '')) throw error
    throw new Fault('state', `${machine.name} runs without a balloon`, { cause: error })
  }
}

export async function resizeBalloon(host: Host, machine: MachineFiles, size: number): Promise<void> {
  const request: Request = { method: 'PATCH', path: '/balloon', body: { amount_mib: size } }
  await unlessMissing(machine, send(host, socketPath(machine, 'api'), request))
}

export async function inspectBalloon(host: Host, machine: MachineFiles): Promise<BalloonMemory> {
  const found = await unlessMissing(machine, get(host, socketPath(machine, 'api'), '/balloon/statistics', BalloonStatistics))
  return {
    balloon: found.actual_mib * mebibyte,
    total: found.total_memory ?? null,
    free: found.free_memory ?? null,
    available: found.available_memory ?? null,
    caches: found.disk_caches ?? null,
  }
}
