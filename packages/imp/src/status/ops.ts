/** What a person can do to see the state of a router in one look. */
import { z } from 'zod'
import { Fault, type Finding } from '@imp/kit/base/fault.ts'
import { parse, parseJson } from '@imp/kit/base/schema.ts'
import { namespacePath } from '@imp/kit/host/namespace.ts'
import { operation } from '@imp/kit/op/operation.ts'
import { headOf, type Commit } from '../commit/model.ts'
import { withRouter } from '../commit/ops.ts'
import { scheduleIn } from '../commit/schedule.ts'
import { documentAt, readCandidate } from '../config/candidate.ts'
import { checkConfig } from '../config/check.ts'
import { differences } from '../config/difference.ts'
import { findingsByName } from '../config/findings-by-name.ts'
import type { RouterConfig } from '../config/model.ts'
import type { ImpContext } from '../context.ts'
import { withVpp } from '../dataplane/vpp/place.ts'
import { findDaemons } from '../frr/daemons.ts'
import { bgpSessions } from '../frr/driver.ts'
import { renderFrr } from '../frr/render.ts'
import { withSession } from '../frr/session.ts'
import { layer3Interfaces } from '../interfaces/model.ts'
import { isInterrupted } from '../pipeline/apply.ts'
import { findRunning } from '../pipeline/running.ts'
import { dataplanePlace, frrPlace, type Target } from '../pipeline/target.ts'
import { where, withTarget, type Where } from '../pipeline/where.ts'
import { lookAtInterfaces } from '../show/interfaces.ts'
import { lookAtNat, type ShownNat } from '../show/nat.ts'
import { lookAtVppNat } from '../show/vpp-nat.ts'
import { drawStatus, Status } from './report.ts'

const Summary = z.looseObject({ routesTotal: z.int().default(0) })

async function routesOf(target: Target): Promise<Status['routes']> {
  const ask = async (words: string) =>
    withSession(frrPlace(target), 'zebra', async (session) => parse(Summary, parseJson(await session.ask(words), words), words).routesTotal)
  const [ipv4, ipv6] = [await ask('show ip route summary json'), await ask('show ipv6 route summary json')]
  return { ipv4, ipv6 }
}

/** Interfaces of the configuration with their states; one that is not there is missing. */
async function interfacesOf(target: Target, config: RouterConfig): Promise<Status['interfaces']> {
  const seen = new Map((await lookAtInterfaces(target.host)).map(({ name, state }) => [name, state]))
  const wanted = layer3Interfaces(config).filter(({ kind, enabled }) => kind !== 'loopback' && enabled)
  return wanted.map(({ name, link }) => ({ name, state: seen.get(link) ?? 'missing' }))
}

async function natOf(target: Target, { dataplane }: RouterConfig): Promise<Status['nat']> {
  const byVpp = (): Promise<ShownNat> => withVpp(dataplanePlace(target), 'nat', (vpp) => lookAtVppNat(vpp, []))
  const { tracked, maximum, insertFailed, untranslatable } = await (dataplane === 'vpp' ? byVpp() : lookAtNat(target.host, []))
  return { tracked, maximum, insertFailed, untranslatable }
}

/** A part of the state; when it cannot be looked at, that is a finding and the other parts are shown all the same. */
async function part<T>(findings: Finding[], path: string, look: () => Promise<T>): Promise<T | undefined> {
  try {
    return await look()
  } catch (error) {
    if (!(error instanceof Fault) || error.code === 'bug') throw error
    const hint = error.hint === undefined ? {} : { hint: error.hint }
    findings.push({ path, severity: 'warning', message: `cannot be looked at: ${error.message}`, ...hint })
    return undefined
  }
}

async function isThere({ machine, namespace }: Target): Promise<boolean> {
  return namespace === undefined || (await machine.files.stat(namespacePath(namespace))) !== undefined
}

type Live = Pick<Status, 'interfaces' | 'sessions' | 'daemons' | 'missing'> & Partial<Pick<Status, 'routes' | 'nat'>>

async function lookAtRouter(target: Target, config: RouterConfig | undefined, findings: Finding[]): Promise<Live> {
  if (!(await isThere(target))) return { interfaces: [], sessions: [], daemons: [], missing: [] }
  const place = frrPlace(target)
  const daemons = await findDaemons(place)
  const [interfaces, sessions, routes, nat] = await Promise.all([
    config === undefined ? undefined : part(findings, 'interfaces', () => interfacesOf(target, config)),
    part(findings, 'bgp', () => bgpSessions(place)),
    daemons.has('zebra') ? part(findings, 'routes', () => routesOf(target)) : undefined,
    config?.nat === undefined ? undefined : part(findings, 'nat', () => natOf(target, config)),
  ])
  const needed = config === undefined ? [] : renderFrr(config).daemons
  return {
    daemons: [...daemons].map(([daemon, { pid }]) => ({ daemon, pid })),
    missing: needed.filter((daemon) => !daemons.has(daemon)),
    interfaces: interfaces ?? [],
    sessions: (sessions ?? []).map(({ peer, asn, state, dropped, received, sent }) => ({ peer, asn, state, dropped, received, sent })),
    ...(routes === undefined ? {} : { routes }),
    ...(nat === undefined ? {} : { nat }),
  }
}

function inForce({ number, who, when, comment, deadline, outcome }: Commit, now: Date): NonNullable<Status['commit']> {
  const waits = outcome === 'awaiting' && deadline !== undefined
  return {
    number,
    who,
    when,
    ...(comment === undefined ? {} : { comment }),
    ...(waits ? { deadline, left: Math.max(0, Date.parse(deadline) - now.getTime()) } : {}),
  }
}

/** What is committed, what is edited and what is scheduled. */
function lookAtCommits(
  context: ImpContext,
  input: Where,
): Promise<Pick<Status, 'candidate' | 'scheduled'> & Partial<Pick<Status, 'commit'>>> {
  return withRouter(context, input, async ({ history, directory }, store) => {
    const { base, document } = await readCandidate(context, { directory: store.directory })
    const head = headOf(await history.list())
    const scheduled = await scheduleIn(context.host, directory).list()
    return {
      ...(head === undefined ? {} : { commit: inForce(head, context.host.clock.now()) }),
      candidate: { changes: differences(await documentAt(store, base), document).length },
      scheduled: scheduled.map(({ number, at, who }) => ({ number, at, who })),
    }
  })
}

export const status = operation<ImpContext>()({
  path: ['status'],
  summary: 'Show what a router runs, what waits and what is wrong',
  description: 'What cannot be looked at is a finding. imp drift tells whether the router is as configured, imp monitor what happens.',
  effect: 'read',
  input: z.strictObject(where),
  output: Status,
  examples: ['imp status', 'imp status --target lab:demo/edge'],
  run: (context, input) =>
    withTarget(context, input, async (target) => {
      const running = await findRunning(target)
      const findings: Finding[] = running === undefined ? [] : findingsByName(running.config, checkConfig(running.config))
      const nothing = { candidate: { changes: 0 }, scheduled: [] }
      const commits = (await part(findings, 'candidate', () => lookAtCommits(context, input))) ?? nothing
      const live = await lookAtRouter(target, running?.config, findings)
      return {
        target: target.name,
        ...(running === undefined ? {} : { hostname: running.config.hostname, appliedAt: running.appliedAt }),
        interrupted: await isInterrupted(target),
        ...commits,
        ...live,
        findings,
      }
    }),
  view: drawStatus,
})
