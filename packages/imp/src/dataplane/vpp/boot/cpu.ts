/** Which cores the threads of VPP run on. Core 0, or the first that is online, belongs to Linux. Pure. */
import { Fault } from '@imp/kit/base/fault.ts'
import type { RouterConfig } from '../../../config/model.ts'
import type { BesideInstance } from '../model.ts'

/** Cores of one VPP process. VPP insists on a main core as soon as there are workers. */
export interface Cores {
  readonly main: number
  readonly workers: readonly number[]
}

/** Undefined members float: the process has no core of its own and must not keep one busy. */
export interface CpuPlan {
  readonly core: Cores | undefined
  readonly nat: Cores | undefined
  /** By name, of the further processes. */
  readonly beside: Readonly<Record<string, Cores | undefined>>
}

/** A process beside the core that asks for cores. */
type Asking = Pick<BesideInstance, 'name' | 'path' | 'cores'>

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

/** How many of the cores behind the first go to the core process when others have a process as well. */
function coreShare(online: number): number {
  if (online <= 4) return online - 1
  return online <= 8 ? online - 3 : Math.floor((online - 1) * 0.6)
}

/** NAT takes what it gets: its work grows with every core. */
const natAsks: Asking = { name: 'nat', path: 'nat', cores: { minimum: 0, ideal: Number.POSITIVE_INFINITY } }

/** One core after the other to whoever is under its ideal, in turn; an `input` fault when somebody gets less than it needs. */
function deal(
  cores: readonly number[],
  asking: readonly Asking[],
): { readonly given: ReadonlyMap<string, Cores>; readonly left: number[] } {
  const counts = asking.map(() => 0)
  let left = cores.length
  for (let before = -1; left !== before;) {
    before = left
    for (const [place, { cores: wanted }] of asking.entries()) {
      if (left === 0 || (counts[place] ?? 0) >= wanted.ideal) continue
      counts[place] = (counts[place] ?? 0) + 1
      left -= 1
    }
  }
  let next = 0
  const given = new Map<string, Cores>()
  for (const [place, { name, path, cores: wanted }] of asking.entries()) {
    const count = counts[place] ?? 0
    if (count < wanted.minimum) {
      const findings = [{ path, severity: 'error' as const, message: `VPP (${name}) needs ${wanted.minimum} cores of its own` }]
      throw new Fault('input', `cpu: this machine has ${count} cores for VPP (${name})`, {
        hint: 'use a machine with more cores',
        findings,
      })
    }
    const taken = taking(cores.slice(next, next + count))
    if (taken !== undefined) given.set(name, taken)
    next += count
  }
  return { given, left: cores.slice(next) }
}

function planOf(core: Cores | undefined, given: ReadonlyMap<string, Cores>, beside: readonly Asking[]): CpuPlan {
  return { core, nat: given.get('nat'), beside: Object.fromEntries(beside.map(({ name }) => [name, given.get(name)])) }
}

/** VPP ends with status 0 and a line that nobody reads when a core is not there (vlib_thread_init): refused here instead. */
function refuseAbsent(online: readonly number[], wanted: readonly number[]): void {
  const absent = wanted.filter((core) => !online.includes(core))
  if (absent.length === 0) return
  throw new Fault('input', `cpu: this machine has no core ${formatCores(absent)}`, {
    hint: `cores that are online: ${formatCores(online)}`,
  })
}

function asTold(
  online: readonly number[],
  cpu: NonNullable<RouterConfig['cpu']>,
  asking: readonly Asking[],
  beside: readonly Asking[],
): CpuPlan {
  const workers = cpu.workers === undefined ? [] : parseCores(cpu.workers).toSorted((a, b) => a - b)
  const free = online.slice(1).filter((core) => !workers.includes(core))
  const main = cpu.main ?? free[0] ?? online.find((core) => !workers.includes(core))
  if (main === undefined)
    throw new Fault('input', 'cpu.workers: takes every core and leaves none to the main thread', { hint: 'leave two cores out' })
  refuseAbsent(online, [main, ...workers])
  const left = free.filter((core) => core !== main)
  return planOf({ main, workers }, deal(left, asking).given, beside)
}

/**
 * The plan for the cores that are online, ascending. One core: nothing is pinned; two: a main thread that forwards itself; more: one
 * main thread and workers. Processes beside it have cores of their own from five on; what none of them wants is the core's. An `input`
 * fault when the configuration names a core that is absent, or a process gets less than it needs.
 */
export function planCpu(online: readonly number[], config: Pick<RouterConfig, 'cpu' | 'nat'>, beside: readonly Asking[] = []): CpuPlan {
  const asking = [...(config.nat === undefined ? [] : [natAsks]), ...beside]
  if (config.cpu !== undefined && Object.keys(config.cpu).length > 0) return asTold(online, config.cpu, asking, beside)
  const behind = online.slice(1)
  const share = asking.length > 0 ? coreShare(online.length) : behind.length
  const { given, left } = deal(behind.slice(share), asking)
  return planOf(taking([...behind.slice(0, share), ...left].toSorted((a, b) => a - b)), given, beside)
}
