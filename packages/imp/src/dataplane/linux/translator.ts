/** tayga, the translator of NAT64, in the namespace of the dataplane: by a unit of systemd, or on its own and found by its pid file. */
import { Fault } from '@imp/kit/base/fault.ts'
import { until } from '@imp/kit/host/until.ts'
import type { Host } from '@imp/kit/host/host.ts'
import { translatorLink } from '../../nat64/model.ts'
import type { DataplanePlace, TranslatorPlace } from '../dataplane.ts'
import { observeLinks, type ObservedTranslator } from './observe.ts'

/** Debian's place for it (package tayga). */
const program = '/usr/sbin/tayga'
/** It gives up its rights for those of nobody, whose the directory must be: its map of hosts is there (tayga.conf(5), data-dir). */
const user = 'nobody'
const group = 'nogroup'
/** Milliseconds for it to start or to end. */
const timeout = 10_000
/** Milliseconds for systemctl, which waits for other jobs. */
const unitTimeout = 60_000

export function translatorPlace({ translator, namespace }: DataplanePlace): TranslatorPlace {
  return translator ?? { directory: `/run/imp/router/${namespace ?? 'machine'}/nat64` }
}

function configurationOf({ directory }: TranslatorPlace): string {
  return `${directory}/tayga.conf`
}

function pidFileOf({ directory }: TranslatorPlace): string {
  return `${directory}/tayga.pid`
}

function placeLine({ directory }: TranslatorPlace): string {
  return `data-dir ${directory}\n`
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

/** Pids in the namespace, by which the program is told from that of a deleted namespace of the same name. */
async function isInside({ machine, namespace }: DataplanePlace, pid: number): Promise<boolean> {
  if (namespace === undefined) return true
  const ran = await machine.query(['ip', 'netns', 'pids', namespace], { statuses: [0, 1] })
  return ran.stdout.split('\n').includes(String(pid))
}

/** The process that the pid file names, when it is the translator of this place. Pids are reused: the command line decides. */
async function findProcess(place: DataplanePlace): Promise<number | undefined> {
  const own = translatorPlace(place)
  const pid = Number((await readIfThere(place.machine, pidFileOf(own)))?.trim() ?? '')
  if (!Number.isInteger(pid) || pid < 2) return undefined
  const words = (await readIfThere(place.machine, `/proc/${pid}/cmdline`))?.split('\0') ?? []
  return words.includes(configurationOf(own)) ? pid : undefined
}

async function isRunning(place: DataplanePlace): Promise<boolean> {
  const { unit } = translatorPlace(place)
  if (unit === undefined) {
    const pid = await findProcess(place)
    return pid !== undefined && (await isInside(place, pid))
  }
  const ran = await place.machine.query(['systemctl', 'is-active', '--quiet', unit], { statuses: [0, 1, 3, 4] })
  return ran.status === 0
}

/** Looks at the translator. Its configuration is that of its file: the file changes only while it does not run. */
export async function observeTranslator(place: DataplanePlace): Promise<ObservedTranslator> {
  const own = translatorPlace(place)
  const installed = (await place.machine.files.stat(program)) !== undefined
  const text = await readIfThere(place.machine, configurationOf(own))
  if (text === undefined || !(await isRunning(place))) return { installed }
  return { installed, text: text.replace(placeLine(own), '') }
}

/** Its end of the link is open: the kernel tells by a carrier. */
async function isAttached(place: DataplanePlace): Promise<boolean> {
  return (await observeLinks(place.host)).some(({ name, carrier }) => name === translatorLink && carrier)
}

async function launch(place: DataplanePlace, own: TranslatorPlace): Promise<void> {
  if (own.unit !== undefined) {
    await place.machine.run(['systemctl', 'restart', own.unit], { timeout: unitTimeout })
    return
  }
  // It returns when it is in the background and holds its link; from then on it writes to the system log.
  await place.host.run([program, '-c', configurationOf(own), '-p', pidFileOf(own), '-u', user, '-g', group, '-r'])
}

/** Starts the translator anew with this configuration. A `missing-program` fault without tayga, `exec` when it does not start. */
export async function startTranslator(place: DataplanePlace, text: string): Promise<void> {
  const own = translatorPlace(place)
  await endTranslator(place)
  await place.machine.files.makeDirectory(own.directory, { owner: `${user}:${group}`, mode: 0o755 })
  await place.machine.files.write(configurationOf(own), `${text}${placeLine(own)}`)
  try {
    await launch(place, own)
    await until(place.machine.clock, { timeout, what: `tayga on ${translatorLink}` }, () => isAttached(place))
  } catch (error) {
    if (!(error instanceof Fault) || error.code === 'missing-program') throw error
    const detail = [error.message, error.detail].filter((line) => line !== undefined).join('\n')
    throw new Fault('exec', `tayga, the translator of NAT64, does not start in ${place.host.name}`, {
      hint: 'the system log has its messages (journalctl -t tayga)',
      detail,
      cause: error,
    })
  }
}

async function endProcess(place: DataplanePlace, pid: number): Promise<void> {
  const gone = async (): Promise<boolean> => (await findProcess(place)) !== pid
  for (const name of ['TERM', 'KILL']) {
    // 1: it ended by itself in the meantime.
    await place.machine.run(['kill', `-${name}`, String(pid)], { statuses: [0, 1] })
    try {
      await until(place.machine.clock, { timeout, interval: 20, what: 'end of tayga' }, gone)
      return
    } catch (error) {
      if (!(error instanceof Fault) || error.code !== 'timeout' || name === 'KILL') throw error
    }
  }
}

/** Ends the translator, and nothing when it does not run. Its map of hosts stays: they get their addresses again. */
async function endTranslator(place: DataplanePlace): Promise<void> {
  const { unit } = translatorPlace(place)
  if (unit !== undefined) {
    await place.machine.run(['systemctl', 'stop', unit], { timeout: unitTimeout })
    return
  }
  const pid = await findProcess(place)
  if (pid !== undefined) await endProcess(place, pid)
}

/** Ends the translator and takes its files away. */
export async function stopTranslator(place: DataplanePlace): Promise<void> {
  await endTranslator(place)
  await place.machine.files.remove(translatorPlace(place).directory)
}
