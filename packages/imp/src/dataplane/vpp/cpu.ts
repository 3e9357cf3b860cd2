/** Which cores the threads of VPP run on. Core 0, or the first that is online, belongs to Linux. Pure. */
import { Fault } from '@imp/kit/base/fault.ts'
import type { RouterConfig } from '../../config/model.ts'

/** Cores of one VPP process. VPP insists on a main core as soon as there are workers. */
export interface Cores {
  readonly main: number
  readonly workers: readonly number[]
}

/** Undefined members float: the process has no core of its own and must not keep one busy. */
export interface CpuPlan {
  readonly core: Cores | undefined
  readonly nat: Cores | undefined
}

/** Cores of a list such as `2-5,8`, in its order. */
export function parseCores(list: string): number[] {
  return list.split(',').flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number)
    return Array.from({ length: Math.max(1, last - first + 1) }, (_, index) => first + index)
  })
}

/** Ascending cores as VPP writes them: `2-5,8`. */
export function formatCores(cores: readonly number[]): string {
  const runs: [number, number][] = []
  for (const core of cores) {
    const run = runs.at(-1)
    if (run !== undefined && run[1] + 1 === core) run[1] = core
    else runs.push([core, core])
  }
  return runs.map(([first, last]) => (first === last ? String(first) : `${first}-${last}`)).join(',')
}

function taking(cores: readonly number[]): Cores | undefined {
  const [main, ...workers] = cores
  return main === undefined ? undefined : { main, workers }
}

/** How many of the cores behind the first go to the core process when NAT has a process as well. */
function coreShare(online: number): number {
  if (online <= 4) return online - 1
  return online <= 8 ? online - 3 : Math.floor((online - 1) * 0.6)
}

/** VPP ends with status 0 and a line that nobody reads when a core is not there (vlib_thread_init): refused here instead. */
function refuseAbsent(online: readonly number[], wanted: readonly number[]): void {
  const absent = wanted.filter((core) => !online.includes(core))
  if (absent.length === 0) return
  throw new Fault('input', `cpu: this machine has no core ${formatCores(absent)}`, {
    hint: `cores that are online: ${formatCores(online)}`,
  })
}

function asTold(online: readonly number[], cpu: NonNullable<RouterConfig['cpu']>, withNat: boolean): CpuPlan {
  const workers = cpu.workers === undefined ? [] : parseCores(cpu.workers).toSorted((a, b) => a - b)
  const free = online.slice(1).filter((core) => !workers.includes(core))
  const main = cpu.main ?? free[0] ?? online.find((core) => !workers.includes(core))
  if (main === undefined)
    throw new Fault('input', 'cpu.workers: takes every core and leaves none to the main thread', { hint: 'leave two cores out' })
  refuseAbsent(online, [main, ...workers])
  const left = free.filter((core) => core !== main)
  return { core: { main, workers }, nat: withNat ? taking(left) : undefined }
}

/**
 * The plan for the cores that are online, ascending. One core: nothing is pinned; two: a main thread that forwards itself; more: one
 * main thread and workers. NAT has cores of its own from five on. An `input` fault when the configuration names a core that is absent.
 */
export function planCpu(online: readonly number[], config: Pick<RouterConfig, 'cpu' | 'nat'>): CpuPlan {
  const withNat = config.nat !== undefined
  if (config.cpu !== undefined && Object.keys(config.cpu).length > 0) return asTold(online, config.cpu, withNat)
  const behind = online.slice(1)
  const share = withNat ? coreShare(online.length) : behind.length
  return { core: taking(behind.slice(0, share)), nat: withNat ? taking(behind.slice(share)) : undefined }
}
