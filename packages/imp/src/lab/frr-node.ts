/** Nodes made of a plain FRR configuration: checked by vtysh, loaded by vtysh, in whatever words its author chose. */
import { join } from 'node:path'
import { Fault, type Finding } from '@imp/kit/base/fault.ts'
import type { Host } from '@imp/kit/host/host.ts'
import type { Frr, Place } from './parts.ts'

/** Directory of sockets, pid files and logs of FRR, below the run directory of every router. */
export function frrDirectory(place: Pick<Place, 'runDirectory'>): string {
  return join(place.runDirectory, 'frr')
}

/** What vtysh says of the syntax of a configuration file: it stops at the first line that it does not understand. */
export async function checkFrrFile(host: Host, path: string): Promise<Finding[]> {
  const ran = await host.query(['vtysh', '-C', '-f', path], { statuses: Array.from({ length: 256 }, (_, status) => status) })
  if (ran.status === 0) return []
  const words = [ran.stdout, ran.stderr].join('\n').trim()
  const line = /^line (\d+): (.*)$/m.exec(words)
  const message = line?.[2] ?? words.split('\n')[0] ?? 'is refused'
  return [{ path: line?.[1] === undefined ? '' : `line ${line[1]}`, severity: 'error', message, hint: 'vtysh -C -f FILE checks it' }]
}

async function load(place: Place, text: string): Promise<void> {
  const directory = frrDirectory(place)
  const file = join(directory, 'frr.conf')
  await place.machine.files.write(join(directory, 'vtysh.conf'), 'service integrated-vtysh-config\n', { owner: 'frr:frr', mode: 0o640 })
  await place.machine.files.write(file, text, { owner: 'frr:frr', mode: 0o640 })
  const ran = await place.host.run(['vtysh', '--vty_socket', directory, '--config_dir', directory, '-f', file], { timeout: 120_000 })
  const refusal = /^% .*|^line \d+: .*/m.exec(`${ran.stdout}\n${ran.stderr}`)
  if (refusal !== null)
    throw new Fault('exec', `FRR refused its configuration: ${refusal[0]}`, { detail: `${ran.stdout}\n${ran.stderr}`.trim() })
}

async function loadedText(place: Place): Promise<string | undefined> {
  const file = join(frrDirectory(place), 'frr.conf')
  return (await place.machine.files.stat(file)) === undefined ? undefined : place.machine.files.read(file)
}

/**
 * Makes FRR run with this text. A changed text is loaded into daemons that start anew: lines that are gone could not be told from
 * lines that FRR writes in other words.
 */
export async function applyFrr(frr: Frr, place: Place, text: string, daemons: readonly string[]): Promise<void> {
  const before = await loadedText(place)
  if (before !== undefined && before !== text) await frr.stop(place)
  const started = await frr.start(place, daemons)
  if (before !== text || started > 0) await load(place, text)
}
