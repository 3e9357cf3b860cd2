/**
 * Keeps what machines print within bounds. Engines write logs without any limit, so one process for all machines of a data directory looks
 * at their lengths, as long as one of them runs.
 */
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import type { Argv, Host } from '@imp/kit/host/host.ts'
import { withLock } from '@imp/kit/host/lock.ts'
import { readStream, writeStream } from '@imp/kit/host/streams.ts'
import { findUnit, startUnit } from '@imp/kit/host/supervise.ts'
import { until } from '@imp/kit/host/until.ts'
import type { VmmContext } from '../context.ts'

/** Bytes of a log, and of the former part of it that is kept beside it (.1). */
export const longestLog = 4 << 20

/** Milliseconds between two looks: a serial port brings some MiB in that time. */
const interval = 2000

/** How often nothing must have run before the process ends. */
const patience = 5

type Where = Pick<VmmContext, 'host' | 'paths'>

const unit = 'keeper'

function placesOf({ paths }: Where) {
  const directory = join(paths.data, 'keeper')
  return { directory, lock: join(paths.data, 'locks', 'keeper.lock'), leaving: join(paths.data, 'locks', 'keeper.leaving') }
}

/**
 * Puts the end of a log aside and empties it. What writes it appends, so that it goes on at the start (open(2), O_APPEND). What comes
 * between both is lost: a machine that prints so much prints it again.
 */
async function cutAppended(host: Host, path: string, limit: number): Promise<void> {
  const size = (await host.files.stat(path))?.size ?? 0
  if (size <= limit) return
  const aside = `${path}.1`
  await pipeline(await readStream(path, { offset: size - limit, length: limit }), await writeStream(`${aside}.new`, { mode: 0o600 }))
  await host.run(['truncate', '--no-create', '--size=0', '--', path])
  await host.files.rename(`${aside}.new`, aside)
}

/** Gives the blocks of all but the end of a file back, whose writer goes on where it is, as Firecracker does with its own log. */
async function cutInPlace(host: Host, path: string, limit: number, cut: Map<string, number>): Promise<void> {
  const size = (await host.files.stat(path))?.size ?? 0
  if (size < (cut.get(path) ?? 0)) cut.delete(path)
  if (size - (cut.get(path) ?? 0) <= 2 * limit) return
  await host.run(['fallocate', '--punch-hole', '--offset=0', `--length=${size - limit}`, '--', path])
  cut.set(path, size - limit)
}

export interface LogCutter {
  /** Cuts the logs in the directory of one machine that are too long. */
  cut(directory: string): Promise<void>
}

const appended = ['console.log', 'engine.log']
const inPlace = ['firecracker.log', 'firecracker.metrics']

export function logCutter(host: Host, limit = longestLog): LogCutter {
  const cut = new Map<string, number>()
  return {
    async cut(directory) {
      for (const name of appended) await cutAppended(host, join(directory, name), limit)
      for (const name of inPlace) await cutInPlace(host, join(directory, name), limit, cut)
    },
  }
}

/** A machine that was started and not stopped since. */
export interface Kept {
  readonly directory: string
  readonly alive: boolean
}

/** Whether the data directory is still there: what keeps logs of nothing ends. */
async function isThere({ host, paths }: Where): Promise<boolean> {
  return (await host.files.stat(paths.data)) !== undefined
}

/**
 * Whether this process may end: nothing runs, and whoever starts a machine from now on knows that this process ends. To be decided under
 * the lock, under which a start asks for it as well.
 */
async function mayLeave(where: Where, look: () => Promise<readonly Kept[]>): Promise<boolean> {
  const { lock, leaving } = placesOf(where)
  return withLock(where.host.clock, lock, { what: 'the logs of machines', timeout: 60_000 }, async () => {
    if ((await look()).some(({ alive }) => alive)) return false
    await where.host.files.write(leaving, '')
    return true
  })
}

/** Cuts logs that are too long until no machine has run for a while, the data directory has gone, or the signal says so. */
export async function keepLogs(
  where: Where,
  look: () => Promise<readonly Kept[]>,
  signal: AbortSignal,
  { cutter = logCutter(where.host), pause = interval } = {},
): Promise<void> {
  for (let idle = 0; !signal.aborted && (await isThere(where));) {
    const all = await look()
    for (const { directory } of all) await cutter.cut(directory)
    idle = all.some(({ alive }) => alive) ? 0 : idle + 1
    if (idle >= patience && (await isThere(where)) && (await mayLeave(where, look))) return
    await where.host.clock.sleep(pause, signal)
  }
}

/** In a network namespace of its own where that can be: the one of a caller goes when the caller takes it away. */
async function commandOf({ host, paths, root }: Pick<VmmContext, 'host' | 'paths' | 'root'>): Promise<Argv> {
  const main = fileURLToPath(new URL('../main.ts', import.meta.url))
  const own: Argv = [process.execPath, '--disable-warning=ExperimentalWarning', main, 'keep-logs']
  if (!root || (await host.files.stat(paths.data)) === undefined) return own
  const { status } = await host.query(['unshare', '--net', '--', 'true'], { statuses: [0, 1] })
  return status === 0 ? ['unshare', '--net', '--', ...own] : own
}

/** Sees to it that the logs of machines are kept within bounds from now on. To be called when a machine runs. */
export async function ensureKeeper(context: Pick<VmmContext, 'host' | 'paths' | 'root'>): Promise<void> {
  const { host, paths } = context
  const { directory, lock, leaving } = placesOf(context)
  await withLock(host.clock, lock, { what: 'the logs of machines', timeout: 60_000 }, async () => {
    if ((await host.files.stat(leaving)) !== undefined) {
      const gone = async (): Promise<boolean> => (await findUnit(host, directory, unit)) === undefined
      await until(host.clock, { timeout: 60_000, what: 'the end of the process that kept logs' }, gone)
      await host.files.remove(leaving)
    }
    if ((await findUnit(host, directory, unit)) !== undefined) return
    await startUnit(host, { name: unit, directory, argv: await commandOf(context), env: { VMM_DATA_DIR: paths.data } })
  })
}
