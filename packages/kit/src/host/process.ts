/** Identity of processes: a pid alone is reused; pid, start time and boot id together are not. Read from /proc (proc(5)). */
import { readdir, readFile } from 'node:fs/promises'
import { errnoOf, Fault } from '../base/fault.ts'
import type { Clock } from './host.ts'

export interface ProcessIdentity {
  readonly pid: number
  /** Clock ticks after boot, field 22 of /proc/PID/stat. */
  readonly startTime: number
  /** /proc/sys/kernel/random/boot_id. */
  readonly bootId: string
}

async function readProc(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    const code = errnoOf(error)
    if (code === 'ENOENT' || code === 'ESRCH' || code === 'EACCES' || code === 'EPERM') return undefined
    throw error
  }
}

export async function bootId(): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim()
}

/** The process that has this pid now; undefined when there is none or it is a zombie. */
export async function identify(pid: number): Promise<ProcessIdentity | undefined> {
  const stat = await readProc(`/proc/${pid}/stat`)
  if (stat === undefined) return undefined
  // The command name in parentheses may hold anything, blanks and parentheses too: fields are counted after the last one.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  if (fields[0] === 'Z' || fields[0] === 'X') return undefined
  return { pid, startTime: Number(fields[19]), bootId: await bootId() }
}

/** Whether exactly this process still lives. */
export async function isAlive(process: ProcessIdentity): Promise<boolean> {
  const now = await identify(process.pid)
  return now !== undefined && now.startTime === process.startTime && now.bootId === process.bootId
}

/** Pids of the processes that were started with `name=value` in their environment and that we may look at. */
export async function findByEnvironment(name: string, value: string): Promise<number[]> {
  const entry = `\0${name}=${value}\0`
  const pids = (await readdir('/proc')).filter((each) => /^\d+$/.test(each)).map(Number)
  const found = await Promise.all(
    pids.map(async (pid) => (`\0${(await readProc(`/proc/${pid}/environ`)) ?? ''}`.includes(entry) ? [pid] : [])),
  )
  return found.flat()
}

/** Sends a signal; false when the process is gone. */
export function sendSignal(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(pid, signal)
    return true
  } catch (error) {
    if (errnoOf(error) === 'ESRCH') return false
    throw error
  }
}

/**
 * TERM, then KILL after `grace` milliseconds; returns when the process is gone. A `timeout` fault when it outlives that: the kernel keeps
 * one that waits for a device (state D, proc(5)), and what it has open is still in use.
 */
export async function endProcess(clock: Clock, process: ProcessIdentity, grace: number, send = sendSignal): Promise<void> {
  const waitUntil = async (deadline: number): Promise<boolean> => {
    while (await isAlive(process)) {
      if (clock.monotonic() >= deadline) return false
      await clock.sleep(20)
    }
    return true
  }
  for (const [signal, patience] of [
    ['SIGTERM', grace],
    // Long enough for the memory of a large guest to be given back on a machine that is busy.
    ['SIGKILL', 60_000],
  ] as const) {
    if (!(await isAlive(process))) return
    if (!send(process.pid, signal) || (await waitUntil(clock.monotonic() + patience))) return
  }
  throw new Fault('timeout', `process ${process.pid} does not end`, { hint: `cat /proc/${process.pid}/stack says what it waits for` })
}
