/** FRR's daemons in a namespace: started without systemd and without /etc/frr, found again by pid file and command line. */
import { Fault } from '@imp/kit/base/fault.ts'
import type { Argv, Host } from '@imp/kit/host/host.ts'
import { until } from '@imp/kit/host/until.ts'
import type { SecretValues } from '../secrets/model.ts'
import { daemonOrder } from './grammar.ts'
import type { FrrDaemon } from './daemon.ts'

/** Where the daemons of one router live. */
export interface FrrPlace {
  /** Where their files and processes are. */
  readonly machine: Host
  /** Where they run: inside the network namespace. */
  readonly host: Host
  /** Name of the network namespace; undefined when the router is the machine itself. */
  readonly namespace?: string
  /** Directory of sockets, pid files and logs. */
  readonly directory: string
  /** Unit of systemd that runs all daemons, watched by watchfrr; undefined when they are started one by one. */
  readonly unit?: string
  /** Values of the secrets that lines name; none unless told. */
  readonly secrets?: () => Promise<SecretValues>
}

export interface RunningDaemon {
  readonly pid: number
  /** Clock ticks after boot (proc(5), field 22 of stat): tells a pid from its reuse. */
  readonly startTime: number
}

export type RunningDaemons = ReadonlyMap<FrrDaemon, RunningDaemon>

/** Debian's place for the daemons (package frr). */
const programs = '/usr/lib/frr'
const stopTimeout = 10_000
/** Milliseconds in which a unit starts its daemons; watchfrr waits up to a minute before it starts one for the second time. */
const unitTimeout = 90_000

function pidFile(place: FrrPlace, daemon: FrrDaemon): string {
  return `${place.directory}/${daemon}.pid`
}

async function readIfThere(host: Host, path: string): Promise<string | undefined> {
  try {
    return await host.files.read(path)
  } catch (error) {
    // A process may end between two looks: reading its files then fails with ESRCH, which is a `state` fault.
    if (error instanceof Fault && (error.code === 'not-found' || error.code === 'state')) return undefined
    throw error
  }
}

/** watchfrr starts the daemons of a unit without naming their pid files, which are then in the place that FRR was built with. */
function isOurs(place: FrrPlace, daemon: FrrDaemon, words: readonly string[]): boolean {
  return words.includes(pidFile(place, daemon)) || (place.unit !== undefined && words[0] === `${programs}/${daemon}`)
}

/** The process that the pid file names, when it is this daemon of this directory. Pids are reused: the command line decides. */
async function findProcess(place: FrrPlace, daemon: FrrDaemon): Promise<RunningDaemon | undefined> {
  const pid = Number((await readIfThere(place.machine, pidFile(place, daemon)))?.trim() ?? '')
  if (!Number.isInteger(pid) || pid < 2) return undefined
  const commandLine = await readIfThere(place.machine, `/proc/${pid}/cmdline`)
  const stat = await readIfThere(place.machine, `/proc/${pid}/stat`)
  if (!isOurs(place, daemon, commandLine?.split('\0') ?? []) || stat === undefined) return undefined
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields[0] === 'Z' ? undefined : { pid, startTime: Number(fields[19]) }
}

async function findAll(place: FrrPlace): Promise<Map<FrrDaemon, RunningDaemon>> {
  if ((await place.machine.files.stat(place.directory)) === undefined) return new Map()
  const files = await place.machine.files.list(place.directory)
  const started = daemonOrder.filter((daemon) => files.includes(`${daemon}.pid`))
  const found = await Promise.all(started.map(async (daemon) => [daemon, await findProcess(place, daemon)] as const))
  return new Map(found.flatMap(([daemon, running]) => (running === undefined ? [] : [[daemon, running] as const])))
}

/** Pids in the namespace, by which daemons are told from those that a deleted namespace of the same name left behind. */
async function pidsInside(place: FrrPlace): Promise<ReadonlySet<number> | undefined> {
  if (place.namespace === undefined) return undefined
  const ran = await place.machine.query(['ip', 'netns', 'pids', place.namespace], { statuses: [0, 1] })
  return new Set(ran.stdout.split('\n').map(Number))
}

/** The daemons that run here now. */
export async function findDaemons(place: FrrPlace): Promise<RunningDaemons> {
  const all = await findAll(place)
  if (all.size === 0) return all
  const inside = await pidsInside(place)
  return new Map([...all].filter(([, running]) => inside?.has(running.pid) ?? true))
}

/** FRR's own options: no TCP vty, every socket and file in the directory of this router. */
function commandOf(place: FrrPlace, daemon: FrrDaemon): Argv {
  const { directory } = place
  return [
    `${programs}/${daemon}`,
    '-d',
    '-A',
    '127.0.0.1',
    '-P',
    '0',
    '-z',
    `${directory}/zserv.api`,
    '--vty_socket',
    directory,
    '-i',
    pidFile(place, daemon),
    '-f',
    `${directory}/none.conf`,
    '--log',
    `file:${logFile(place, daemon)}`,
    '--log-level',
    'informational',
    ...(daemon === 'bfdd' ? ['--bfdctl', `${directory}/bfdd.sock`] : []),
  ]
}

function logFile(place: FrrPlace, daemon: FrrDaemon): string {
  return `${place.directory}/${daemon}.log`
}

/** The end of what the daemon logged, where a crash leaves its trace; undefined without a log. */
export async function lastLog(place: FrrPlace, daemon: FrrDaemon): Promise<string | undefined> {
  const log = await readIfThere(place.machine, logFile(place, daemon))
  return log?.trim().split('\n').slice(-5).join('\n')
}

async function startDaemon(place: FrrPlace, daemon: FrrDaemon): Promise<void> {
  const stale = await findProcess(place, daemon)
  if (stale !== undefined) await end(place, daemon, stale)
  try {
    // With -d it returns when it listens.
    await place.host.run(commandOf(place, daemon))
  } catch (error) {
    if (!(error instanceof Fault) || error.code === 'missing-program') throw error
    const last = await lastLog(place, daemon)
    throw new Fault(error.code, `FRR's ${daemon} does not start in ${place.host.name}`, { detail: last ?? error.detail, cause: error })
  }
}

/** Starts the unit, unless it runs, and waits for the daemons: one that ended is started again by watchfrr. */
async function startUnit(place: FrrPlace, unit: string, wanted: readonly FrrDaemon[]): Promise<RunningDaemons> {
  await place.machine.run(['systemctl', 'start', unit], { timeout: unitTimeout })
  return until(place.machine.clock, { timeout: unitTimeout, what: `${wanted.join(', ')} of ${unit}` }, async () => {
    const running = await findDaemons(place)
    return wanted.every((daemon) => running.has(daemon)) ? running : undefined
  })
}

/** Starts those of the daemons that do not run: zebra first, the others at once. Returns what runs then. */
export async function startDaemons(place: FrrPlace, wanted: readonly FrrDaemon[]): Promise<RunningDaemons> {
  if (place.unit !== undefined) return startUnit(place, place.unit, wanted)
  await place.machine.files.makeDirectory(place.directory, { owner: 'frr:frr', mode: 0o755 })
  const running = await findDaemons(place)
  const missing = daemonOrder.filter((daemon) => wanted.includes(daemon) && !running.has(daemon))
  if (missing.includes('zebra')) await startDaemon(place, 'zebra')
  await Promise.all(missing.filter((daemon) => daemon !== 'zebra').map((daemon) => startDaemon(place, daemon)))
  return findDaemons(place)
}

async function isGone(place: FrrPlace, daemon: FrrDaemon, running: RunningDaemon): Promise<boolean> {
  const now = await findProcess(place, daemon)
  return now === undefined || now.pid !== running.pid || now.startTime !== running.startTime
}

async function signal(place: FrrPlace, running: RunningDaemon, name: 'TERM' | 'KILL'): Promise<void> {
  // 1: the process ended by itself in the meantime.
  await place.machine.run(['kill', `-${name}`, String(running.pid)], { statuses: [0, 1] })
}

async function end(place: FrrPlace, daemon: FrrDaemon, running: RunningDaemon): Promise<void> {
  const gone = (): Promise<boolean> => isGone(place, daemon, running)
  const waiting = { timeout: stopTimeout, interval: 20, what: `end of ${daemon}` }
  await signal(place, running, 'TERM')
  try {
    await until(place.machine.clock, waiting, gone)
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== 'timeout') throw error
    await signal(place, running, 'KILL')
    await until(place.machine.clock, waiting, gone)
  }
  for (const file of [`${daemon}.pid`, `${daemon}.vty`]) await place.machine.files.remove(`${place.directory}/${file}`)
}

/** Stops those of the daemons that run: zebra last, so that the others can take their routes back. */
export async function stopDaemons(place: FrrPlace, unwanted: readonly FrrDaemon[] = daemonOrder): Promise<void> {
  if (place.unit !== undefined && unwanted.includes('zebra')) {
    await place.machine.run(['systemctl', 'stop', place.unit], { timeout: unitTimeout })
    return
  }
  const running = [...(await findAll(place))].filter(([daemon]) => unwanted.includes(daemon))
  await Promise.all(running.filter(([daemon]) => daemon !== 'zebra').map(([daemon, each]) => end(place, daemon, each)))
  for (const [daemon, each] of running) if (daemon === 'zebra') await end(place, daemon, each)
}
