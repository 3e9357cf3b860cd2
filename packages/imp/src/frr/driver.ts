/** Applies configurations to running FRR daemons by difference, over their vty sockets: sessions that a change does not touch stay up. */
import { asFault, Fault, type Finding } from '@imp/kit/base/fault.ts'
import { findDaemons, lastLog, startDaemons, stopDaemons, type FrrPlace, type RunningDaemon } from './daemons.ts'
import { commandsOf, difference, splitByDaemon, type Change } from './difference.ts'
import { partOf, type Origins } from './origin.ts'
import { parseBgpSummary, parseConfiguration, type BgpSession, type Line } from './parse.ts'
import type { FrrDaemon } from './daemon.ts'
import type { FrrConfig } from './render.ts'
import { carriesSecret, keepUnknown, maskLines, masked, revealed } from './secret-lines.ts'
import type { Session } from './conversation.ts'
import { withSession } from './session.ts'
import type { SecretValues } from '../secrets/model.ts'

export interface ObservedDaemon extends RunningDaemon {
  readonly configuration: readonly Line[]
}

/** The daemons that run, each with the configuration that it has. */
export type ObservedFrr = ReadonlyMap<FrrDaemon, ObservedDaemon>

const noSecrets: SecretValues = new Map()

function secretsOf(place: FrrPlace): Promise<SecretValues> {
  return place.secrets?.() ?? Promise.resolve(noSecrets)
}

/** With placeholders where secrets stand. */
async function runningConfiguration(session: Session, secrets: SecretValues): Promise<Line[]> {
  return maskLines(parseConfiguration(await session.ask('show running-config')), secrets)
}

export async function observeFrr(place: FrrPlace): Promise<ObservedFrr> {
  const [running, secrets] = await Promise.all([findDaemons(place), secretsOf(place)])
  const observed = [...running].map(async ([daemon, process]): Promise<readonly [FrrDaemon, ObservedDaemon]> => {
    const configuration = await withSession(place, daemon, (session) => runningConfiguration(session, secrets))
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
  readonly status: string
  readonly lost: boolean
}

/** Sends the changes as one batch; stops at the first command that is refused. */
async function send(session: Session, changes: readonly Change[], secrets: SecretValues): Promise<Refusal | undefined> {
  const commands = commandsOf(changes)
  const texts = commands.map((command) => revealed(command.text, secrets))
  const confidential = commands.some(({ text }) => carriesSecret(text))
  const refused = await session.configure(texts, confidential).catch((error: unknown) => {
    throw withoutSecrets(asFault(error), secrets)
  })
  if (refused === undefined) return undefined
  const { text: command = '', change } = commands[refused.at] ?? {}
  return { change, command, words: masked(refused.text, secrets), status: masked(refused.status, secrets), lost: refused.lost === true }
}

/** A fault that repeats no secret; its cause might, and stays behind. */
function withoutSecrets(fault: Fault, secrets: SecretValues): Fault {
  const detail = fault.detail === undefined ? undefined : masked(fault.detail, secrets)
  return new Fault(fault.code, masked(fault.message, secrets), { hint: fault.hint, detail })
}

function same(a: Change, b: Change): boolean {
  return a.action === b.action && a.line === b.line && a.path.join('\n') === b.path.join('\n')
}

function quoted({ change, command }: Refusal): string {
  const where = change?.path.map((context) => `${context}: `).join('') ?? ''
  return JSON.stringify(`${where}${command}`)
}

/** What is to be mended, when the line comes from a place of the configuration. */
function blame(message: string, { change, words }: Refusal, origins: Origins): Finding[] {
  const path = change === undefined ? undefined : origins[partOf(change.path, change.line)]
  if (path === undefined) return []
  return [{ path, severity: 'error', message, hint: words === '' ? 'mend it there, and try again' : `FRR says: ${words}` }]
}

function refused(daemon: FrrDaemon, refusal: Refusal, origins: Origins): Fault {
  const message = `${daemon} refused ${quoted(refusal)}: ${refusal.status}`
  return new Fault('exec', message, { detail: refusal.words, findings: blame(message, refusal, origins) })
}

/** A daemon that crashed, or that somebody ended, in the middle of a change. */
async function lost(place: FrrPlace, daemon: FrrDaemon, refusal: Refusal, origins: Origins): Promise<Fault> {
  const happened = (await findDaemons(place)).has(daemon) ? 'closed the connection' : 'died'
  const detail = [refusal.words, await lastLog(place, daemon)].filter((each) => each !== undefined && each !== '').join('\n')
  const message = `${daemon} ${happened} while it was given ${quoted(refusal)}`
  return new Fault('failed', message, { hint: 'its log says why', detail, findings: blame(message, { ...refusal, words: '' }, origins) })
}

/**
 * Takes the router out of ospfd by starting it anew. FRR 8.4 crashes after `no router ospf` on a router that ever redistributed
 * anything, a default route included, and taking those lines back first does not help: ospf_external_del (ospfd/ospf_zebra.c) schedules
 * an event for the router that is being freed. Its adjacencies go with the router either way.
 */
async function dropOspfRouter(place: FrrPlace): Promise<void> {
  const present = await withSession(place, 'ospfd', (session) => runningConfiguration(session, noSecrets))
  if (!present.some((line) => line.text === 'router ospf')) return
  await stopDaemons(place, ['ospfd'])
  await startDaemons(place, ['ospfd'])
}

/** FRR takes implied lines along when a line goes, and a few old values with the new: a second look mends that, a third is a defect. */
const rounds = 4

/**
 * Makes the configuration of one daemon equal to `wanted`. Throws `exec` with the line that the daemon refused; what was sent before
 * it stays, for the caller to undo. `origins` are the places to blame.
 */
export async function configureDaemon(place: FrrPlace, daemon: FrrDaemon, wanted: readonly Line[], origins: Origins = {}): Promise<void> {
  const secrets = await secretsOf(place)
  if (daemon === 'ospfd' && !wanted.some((line) => line.text === 'router ospf')) await dropOspfRouter(place)
  await withSession(place, daemon, async (session) => {
    let refusal: Refusal | undefined
    const remaining = async (): Promise<Change[]> => {
      const have = await runningConfiguration(session, secrets)
      return difference(keepUnknown(wanted, have), have)
    }
    for (let round = 0; round < rounds; round += 1) {
      const changes = await remaining()
      if (changes.length === 0) return
      if (refusal !== undefined && !isMoot(refusal, changes)) throw refused(daemon, refusal, origins)
      refusal = await send(session, changes, secrets)
      if (refusal?.lost === true) throw await lost(place, daemon, refusal, origins)
    }
    const left = await remaining()
    if (left.length === 0) return
    if (refusal !== undefined) throw refused(daemon, refusal, origins)
    throw new Fault('failed', `${daemon} does not keep ${JSON.stringify(left[0]?.line)}`, {
      detail: left.map((change) => `${change.action} ${[...change.path, change.line].join(' / ')}`).join('\n'),
    })
  })
}

/** Whether what was refused need not be done any more: the line to take back went with another one. */
function isMoot({ change }: Refusal, left: readonly Change[]): boolean {
  return change?.action === 'remove' && !left.some((each) => same(each, change))
}

/** Sessions of bgpd, or none when it does not run. */
export async function bgpSessions(place: FrrPlace): Promise<BgpSession[]> {
  if (!(await findDaemons(place)).has('bgpd')) return []
  try {
    return parseBgpSummary(await withSession(place, 'bgpd', (session) => session.ask('show bgp summary json')))
  } catch (error) {
    // Without a router bgpd answers with an empty object and a warning.
    if (error instanceof Fault && error.code === 'exec' && error.detail === '{}') return []
    throw error
  }
}
