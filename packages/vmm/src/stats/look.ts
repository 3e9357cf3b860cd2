/** Reads what a machine uses from /proc, /sys and its files. */
import { Fault } from '@imp/kit/base/fault.ts'
import type { Host } from '@imp/kit/host/host.ts'
import { numberOf, percentOf, ticksOf, type Usage } from './model.ts'

const mebibyte = 1 << 20

export interface Subject {
  readonly name: string
  readonly pid: number
  readonly cpus: number
  /** MiB. */
  readonly memory: number
  readonly disk: number
  readonly diskPath: string
  /** TAPs on the bridges of its networks; none with the network of its engine. */
  readonly taps: readonly string[]
}

/** The text of a file; undefined when it is gone or not for us. */
async function readMaybe(host: Host, path: string): Promise<string | undefined> {
  try {
    return await host.files.read(path)
  } catch (error) {
    if (error instanceof Fault && (error.code === 'not-found' || error.code === 'denied' || error.code === 'state')) return undefined
    throw error
  }
}

/** The sum of a counter of all of them; null when none tells it. */
async function counter(host: Host, taps: readonly string[], which: string): Promise<number | null> {
  const texts = await Promise.all(taps.map((tap) => readMaybe(host, `/sys/class/net/${tap}/statistics/${which}`)))
  const told = texts.filter((text) => text !== undefined)
  return told.length === 0 ? null : told.reduce((sum, text) => sum + Number(text), 0)
}

/** Bytes that a sparse file really takes; 0 where we may not look. */
async function filled(host: Host, path: string): Promise<number> {
  const { stdout } = await host.query(['du', '--block-size=1', '--', path], { statuses: [0, 1] })
  return Number(stdout.split('\t')[0] ?? 0)
}

async function ticks(host: Host, pid: number): Promise<number | undefined> {
  const stat = await readMaybe(host, `/proc/${pid}/stat`)
  return stat === undefined ? undefined : ticksOf(stat)
}

async function usageOf(host: Host, { name, pid, cpus, memory, disk, diskPath, taps }: Subject, cpuPercent: number): Promise<Usage> {
  const [status, io, used] = await Promise.all([
    readMaybe(host, `/proc/${pid}/status`),
    readMaybe(host, `/proc/${pid}/io`),
    filled(host, diskPath),
  ])
  // What a TAP sends is what the guest receives.
  const [received, sent] = await Promise.all([counter(host, taps, 'tx_bytes'), counter(host, taps, 'rx_bytes')])
  return {
    name,
    pid,
    cpuPercent,
    cpus,
    memory: (numberOf(status ?? '', 'VmRSS') ?? 0) * 1024,
    memoryLimit: memory * mebibyte,
    disk: used,
    diskLimit: disk * mebibyte,
    diskRead: numberOf(io ?? '', 'read_bytes') ?? null,
    diskWritten: numberOf(io ?? '', 'write_bytes') ?? null,
    received,
    sent,
  }
}

/** What each of the machines uses; the time on processors is measured for `interval` milliseconds. Those that end meanwhile are left out. */
export async function lookAtUsage(host: Host, subjects: readonly Subject[], interval: number, signal: AbortSignal): Promise<Usage[]> {
  const began = host.clock.monotonic()
  const before = await Promise.all(subjects.map(({ pid }) => ticks(host, pid)))
  if (subjects.length > 0) await host.clock.sleep(interval, signal)
  const after = await Promise.all(subjects.map(({ pid }) => ticks(host, pid)))
  const elapsed = host.clock.monotonic() - began
  const all = subjects.map(async (subject, index) => {
    const [first, last] = [before[index], after[index]]
    return first === undefined || last === undefined ? [] : [await usageOf(host, subject, percentOf(last - first, elapsed))]
  })
  return (await Promise.all(all)).flat()
}
