/** Timing of two things in turns, so that what else the machine does strikes both alike. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { chmod, mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const execute = promisify(execFile)

export interface Ratio {
  readonly what: string
  readonly than: string
  /** Medians. */
  readonly ours: number
  readonly theirs: number
  readonly unit: 'ms' | 'messages/s' | 'messages' | 'KiB'
  /** What times and rates were taken by. */
  readonly clock?: 'wall' | 'CPU'
  readonly runs: number
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}

/** Milliseconds of a clock, of which only differences count. */
type Clock = () => number

/** CPU time of all processes that we started and that have ended, with those that they started (proc(5), fields 16 and 17 of stat). */
function childrenCpu(): number {
  const stat = readFileSync('/proc/self/stat', 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  // Ticks of USER_HZ, which is 100 on all that Linux runs on (sysconf(3), _SC_CLK_TCK).
  return 10 * (Number(fields[13]) + Number(fields[14]))
}

/** CPU time of this process, all its threads included. */
function ownCpu(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

async function timed(work: () => Promise<void>, clock: Clock): Promise<number> {
  const began = clock()
  await work()
  return clock() - began
}

export interface Side {
  readonly name: string
  /** Not timed. */
  readonly before?: () => Promise<void>
  readonly work: () => Promise<void>
  /** Not timed. */
  readonly after?: () => Promise<void>
}

async function oneRun(side: Side, clock: Clock): Promise<number> {
  await side.before?.()
  try {
    return await timed(side.work, clock)
  } finally {
    await side.after?.()
  }
}

async function mediansOf(ours: Side, theirs: Side, runs: number, clock: Clock): Promise<{ ours: number; theirs: number }> {
  const times: [number[], number[]] = [[], []]
  for (let round = -1; round < runs; round += 1) {
    const pair = [await oneRun(ours, clock), await oneRun(theirs, clock)] as const
    if (round < 0) continue
    times[0].push(pair[0])
    times[1].push(pair[1])
  }
  return { ours: median(times[0]), theirs: median(times[1]) }
}

/** Medians of both sides, run in turns; one pair before the first is thrown away. */
export async function compare(ours: Side, theirs: Side, runs: number): Promise<Ratio> {
  const medians = await mediansOf(ours, theirs, runs, () => performance.now())
  return { what: ours.name, than: theirs.name, ...medians, unit: 'ms', clock: 'wall', runs }
}

/** As `compare`, by the CPU time of the programs that both sides run. */
export async function compareCpu(ours: Side, theirs: Side, runs: number): Promise<Ratio> {
  const medians = await mediansOf(ours, theirs, runs, childrenCpu)
  return { what: ours.name, than: theirs.name, ...medians, unit: 'ms', clock: 'CPU', runs }
}

/** As `compare`, by the CPU time of this process, for work that both sides do in it. */
export async function compareOwnCpu(ours: Side, theirs: Side, runs: number): Promise<Ratio> {
  const medians = await mediansOf(ours, theirs, runs, ownCpu)
  return { what: ours.name, than: theirs.name, ...medians, unit: 'ms', clock: 'CPU', runs }
}

/** Runs a program to its end; its output. Throws with its words when it fails. */
export async function run(words: readonly string[], input?: string): Promise<string> {
  const [program = '', ...rest] = words
  if (input === undefined) return (await execute(program, rest, { maxBuffer: 1 << 26 })).stdout
  const child = spawn(program, rest, { stdio: ['pipe', 'ignore', 'inherit'] })
  child.stdin.end(input)
  await once(child, 'close')
  if (child.exitCode !== 0) throw new Error(`${words.join(' ')} ended with status ${child.exitCode}`)
  return ''
}

/** Looks every 20 ms until it holds; throws after a minute. */
export async function waitFor(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 60_000
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`${what}: not within a minute`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** A directory of our own that FRR's user may enter. */
export async function openDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'imp-bench-'))
  await chmod(directory, 0o755)
  return directory
}

export const imp = 'bin/imp'
export const vmm = 'bin/vmm'
