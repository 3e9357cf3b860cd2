/** Whether a change did what it should and nothing else: the router is what was planned, and what was not touched did not move. */
import { z } from 'zod'
import { Fault, type Finding } from '@imp/kit/base/fault.ts'
import { until } from '@imp/kit/host/until.ts'
import { stepKind } from '@imp/kit/plan/step.ts'
import { RouterConfig } from '../config/model.ts'
import { bgpSessions } from '../frr/driver.ts'
import type { Resets } from '../frr/reset.ts'
import { withoutListings } from '../dataplane/linux/desired.ts'
import { planRouter } from './difference.ts'
import { leaving, nothingMadeAtAll } from './made.ts'
import { observeRouter, type ObservedRouter } from './observe.ts'
import { renderRouter, type DesiredRouter } from './render.ts'
import { Overrides } from '../overrides/model.ts'
import { findRunning } from './running.ts'
import { frrPlace, type Target } from './target.ts'

/** What a change must leave alone. */
const Untouched = z.strictObject({
  daemons: z.array(z.strictObject({ daemon: z.string(), pid: z.int(), startTime: z.int() })),
  /** Established sessions, with how often they have been down. */
  sessions: z.array(z.strictObject({ peer: z.string(), dropped: z.int() })),
  /** Links with something on the other side. */
  carriers: z.array(z.string()),
})
export type Untouched = z.output<typeof Untouched>

const VerifyData = z.strictObject({ config: RouterConfig, overrides: Overrides.default([]), untouched: Untouched })
type VerifyData = z.output<typeof VerifyData>

/** Milliseconds for links to come up and for the kernel to settle. */
const deadline = 3000

/** What is there before a change and shall be there after it. */
export async function observeUntouched(
  target: Target,
  desired: DesiredRouter,
  observed: ObservedRouter,
  resets: Resets,
): Promise<Untouched> {
  const wantedUp = new Set(desired.linux.links.filter((link) => link.up).map((link) => link.name))
  const sessions = observed.frr.has('bgpd') && desired.frr.daemons.includes('bgpd') ? await bgpSessions(frrPlace(target)) : []
  const { bgpPeers } = resets
  return {
    daemons: [...observed.frr]
      .filter(([daemon]) => desired.frr.daemons.includes(daemon))
      .map(([daemon, { pid, startTime }]) => ({ daemon, pid, startTime })),
    sessions: sessions
      .filter(({ peer, state }) => state === 'Established' && bgpPeers !== 'all' && !bgpPeers.includes(peer))
      .map(({ peer, dropped }) => ({ peer, dropped })),
    carriers: observed.linux.links.filter((link) => link.carrier && wantedUp.has(link.name)).map((link) => link.name),
  }
}

function problem(path: string, message: string, hint?: string): Finding {
  return { path, severity: 'error', message, ...(hint === undefined ? {} : { hint }) }
}

function checkDaemons(untouched: Untouched, observed: ObservedRouter): Finding[] {
  const now = new Map<string, { pid: number; startTime: number }>(observed.frr)
  return untouched.daemons.flatMap(({ daemon, pid, startTime }) => {
    const running = now.get(daemon)
    if (running?.pid === pid && running.startTime === startTime) return []
    return [problem(daemon, `its process ${pid} is gone`, `its log is ${daemon}.log in the run directory`)]
  })
}

async function checkSessions(target: Target, untouched: Untouched): Promise<Finding[]> {
  if (untouched.sessions.length === 0) return []
  const now = new Map((await bgpSessions(frrPlace(target))).map((session) => [session.peer, session]))
  return untouched.sessions.flatMap(({ peer, dropped }) => {
    const session = now.get(peer)
    if (session?.state === 'Established' && session.dropped === dropped) return []
    return [problem(peer, `its BGP session was not touched by the change and is now ${session?.state ?? 'gone'}`)]
  })
}

function checkCarriers(untouched: Untouched, observed: ObservedRouter): Finding[] {
  const lost = untouched.carriers.filter((name) => observed.linux.links.find((link) => link.name === name)?.carrier !== true)
  return lost.map((name) => problem(name, 'its link was up before the change and has no carrier now'))
}

async function checkRouter(target: Target, { config, overrides, untouched }: VerifyData): Promise<Finding[]> {
  const made = (await findRunning(target))?.made
  const desired = leaving(renderRouter(config, overrides), made)
  const observed = await observeRouter(target, desired)
  const { steps } = planRouter(target, desired, observed, made === undefined ? nothingMadeAtAll : withoutListings(made))
  return [
    ...steps.map((step) => problem(step.kind, `is not as configured: it would still take "${step.summary}"`)),
    ...checkDaemons(untouched, observed),
    ...checkCarriers(untouched, observed),
    ...(await checkSessions(target, untouched)),
  ]
}

/** All that is wrong after a change; empty as soon as nothing is. */
async function verify(target: Target, data: VerifyData): Promise<Finding[]> {
  let findings: Finding[] = []
  try {
    await until(target.local.clock, { timeout: deadline, what: 'verification' }, async () => {
      findings = await checkRouter(target, data)
      return findings.length === 0
    })
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== 'timeout' || findings.length === 0) throw error
  }
  return findings
}

/** A step that only looks: it fails, and with it the change, when something is wrong. */
export function verifyKind(target: Target) {
  return stepKind({
    kind: 'verify',
    schema: VerifyData,
    async do(_host, data) {
      const findings = await verify(target, data)
      if (findings.length > 0) throw new Fault('failed', 'verification failed, the change is taken back', { findings })
    },
    undo: () => Promise.resolve(),
  })
}
