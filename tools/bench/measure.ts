/** Timing of two things in turns, so that what else the machine does strikes both alike. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const execute = promisify(execFile)

export interface Ratio {
  readonly what: string
  readonly than: string
  /** Medians in milliseconds. */
  readonly ours: number
  readonly theirs: number
  readonly runs: number
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}

async function timed(work: () => Promise<void>): Promise<number> {
  const began = performance.now()
  await work()
  return performance.now() - began
}

export interface Side {
  readonly name: string
  /** Not timed. */
  readonly before?: () => Promise<void>
  readonly work: () => Promise<void>
  /** Not timed. */
  readonly after?: () => Promise<void>
}

async function oneRun(side: Side): Promise<number> {
  await side.before?.()
  try {
    return await timed(side.work)
  } finally {
    await side.after?.()
  }
}

/** Medians of both sides, run in turns; one pair before the first is thrown away. */
export async function compare(ours: Side, theirs: Side, runs: number): Promise<Ratio> {
  const times: [number[], number[]] = [[], []]
  for (let round = -1; round < runs; round += 1) {
    const pair = [await oneRun(ours), await oneRun(theirs)] as const
    if (round < 0) continue
    times[0].push(pair[0])
    times[1].push(pair[1])
  }
  return { what: ours.name, than: theirs.name, ours: median(times[0]), theirs: median(times[1]), runs }
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
