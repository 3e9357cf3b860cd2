/** Applies configurations to running FRR daemons by difference, over their vty sockets: sessions that a change does not touch stay up. */
import { Fault } from '@imp/kit/base/fault.ts'
import { findDaemons, type FrrPlace, type RunningDaemon } from './daemons.ts'
import { commandsOf, difference, splitByDaemon, type Change } from './difference.ts'
import { parseBgpSummary, parseConfiguration, type BgpSession, type Line } from './parse.ts'
import type { FrrConfig, FrrDaemon } from './render.ts'
import { openVty, statusText, withVty, type Vty } from './vty.ts'

export interface ObservedDaemon extends RunningDaemon {
  readonly configuration: readonly Line[]
}

/** The daemons that run, each with the configuration that it has. */
export type ObservedFrr = ReadonlyMap<FrrDaemon, ObservedDaemon>

async function runningConfiguration(vty: Vty): Promise<Line[]> {
  return parseConfiguration(await vty.ask('show running-config'))
}

export async function observeFrr(place: FrrPlace): Promise<ObservedFrr> {
  const running = await findDaemons(place)
  const observed = [...running].map(async ([daemon, process]): Promise<readonly [FrrDaemon, ObservedDaemon]> => {
    const configuration = await withVty(place.machine, place.directory, daemon, runningConfiguration)
    return [daemon, { ...process, configuration }]
  })
  return new Map(await Promise.all(observed))
}

/** What each daemon shall have. */
export function wantedParts(config: FrrConfig): ReadonlyMap<FrrDaemon, readonly Line[]> {
  return splitByDaemon(parseConfiguration(config.text), config.daemons)
}

/** A change that a daemon refused. */
interface Refusal {
  readonly change: Change | undefined
  readonly command: string
  readonly words: string
  readonly status: number
}

/** Sends the changes as one batch; stops at the first command that is refused. */
async function send(vty: Vty, changes: readonly Change[]): Promise<Refusal | undefined> {
  // Between these markers the daemon commits once, at the end, instead of after each line (FRR, lib/northbound_cli.c).
  const batch = [{ text: 'XFRR_start_configuration' }, ...commandsOf(changes), { text: 'XFRR_end_configuration' }]
  await vty.ask('configure terminal')
  for (const { text, change } of batch as { text: string; change?: Change }[]) {
    const { status, text: said } = await vty.send(text)
    if (status === 0) continue
    if (text !== 'XFRR_end_configuration') await vty.send('XFRR_end_configuration')
    await vty.send('end')
    return { change, command: text, words: said.trim(), status }
  }
  await vty.ask('end')
  return undefined
}

function same(a: Change, b: Change | undefined): boolean {
  return b !== undefined && a.action === b.action && a.line === b.line && a.path.join('\n') === b.path.join('\n')
}

function refused(daemon: FrrDaemon, refusal: Refusal): Fault {
  const where = refusal.change?.path.map((context) => `${context}: `).join('') ?? ''
  const line = `${where}${refusal.command}`
  return new Fault('exec', `${daemon} refused ${JSON.stringify(line)}: ${statusText(refusal.status)}`, { detail: refusal.words })
}

/** FRR takes implied lines along when a line goes, and a few old values with the new: a second look mends that, a third is a defect. */
const rounds = 4

/**
 * Makes the configuration of one daemon equal to `wanted`. Throws `exec` with the line that the daemon refused; what was sent before
 * it stays, for the caller to undo.
 */
export async function configureDaemon(place: FrrPlace, daemon: FrrDaemon, wanted: readonly Line[]): Promise<void> {
  const vty = await openVty(place.machine, place.directory, daemon)
  try {
    let refusal: Refusal | undefined
    for (let round = 0; round < rounds; round += 1) {
      const changes = difference(wanted, await runningConfiguration(vty))
      if (changes.length === 0) return
      const earlier = refusal
      if (earlier !== undefined && (earlier.change?.action !== 'remove' || changes.some((change) => same(change, earlier.change)))) {
        throw refused(daemon, earlier)
      }
      refusal = await send(vty, changes)
    }
    const left = difference(wanted, await runningConfiguration(vty))
    if (left.length === 0) return
    if (refusal !== undefined) throw refused(daemon, refusal)
    throw new Fault('failed', `${daemon} does not keep ${JSON.stringify(left[0]?.line)}`, {
      detail: left.map((change) => `${change.action} ${[...change.path, change.line].join(' / ')}`).join('\n'),
    })
  } finally {
    vty.close()
  }
}

/** Sessions of bgpd, or none when it does not run. */
export async function bgpSessions(place: FrrPlace): Promise<BgpSession[]> {
  if (!(await findDaemons(place)).has('bgpd')) return []
  return withVty(place.machine, place.directory, 'bgpd', async (vty) => {
    const { text } = await vty.send('show bgp summary json')
    return text.trim().startsWith('{') ? parseBgpSummary(text) : []
  })
}
