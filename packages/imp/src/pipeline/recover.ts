/**
 * Brings a target out of the middle of a change that a crash, a power cut or a failure left behind: to exactly the old configuration,
 * or to the new one when it was complete; never between.
 */
import { z } from 'zod'
import { asFault, Fault } from '@imp/kit/base/fault.ts'
import type { Report } from '@imp/kit/base/events.ts'
import { withLock } from '@imp/kit/host/lock.ts'
import { applyPlan, interrupted, recoverPlan, type Executor } from '@imp/kit/plan/apply.ts'
import { RouterConfig } from '../config/model.ts'
import { withoutListings } from '../dataplane/linux/desired.ts'
import { Overrides } from '../overrides/model.ts'
import { planRouter } from './difference.ts'
import { executorOf, lockPath } from './kinds.ts'
import { joinMade, leaving, madeFor, nothingMadeAtAll, type MadeRouter } from './made.ts'
import { observeRouter } from './observe.ts'
import { renderRouter } from './render.ts'
import { findRunning } from './running.ts'
import type { Target } from './target.ts'

export interface Recovery {
  /** `nothing`: no change was in flight. `undone`: one was, and the old configuration is back. */
  readonly outcome: 'nothing' | 'undone'
  /** What the undone change was for. */
  readonly change?: string
  /** What undoing alone had not brought back. */
  readonly repaired: readonly string[]
}

/** What the journal of a change carries for whoever finds it: the configuration that was to be. */
export const ChangeContext = z.strictObject({ config: RouterConfig, overrides: Overrides.default([]) })

const Planned = z.looseObject({ entry: z.literal('plan'), context: ChangeContext })
const Finished = z.looseObject({ entry: z.literal('finished'), outcome: z.enum(['applied', 'undone']) })

/** What a change that did not happen may have made all the same. */
function madeBy(records: readonly unknown[]): MadeRouter {
  const planned = Planned.safeParse(records[0])
  if (!planned.success) return nothingMadeAtAll
  const { config, overrides } = planned.data.context
  return madeFor(renderRouter(config, overrides))
}

/**
 * Makes the target equal to its running document, whatever it is now. Without a running document undoing has already taken away all
 * that we made. Returns what had to be done.
 */
async function converge(target: Target, executor: Executor, leftBehind: MadeRouter): Promise<string[]> {
  const running = await findRunning(target)
  if (running === undefined) return []
  const { config, overrides } = running
  const made = joinMade(running.made, leftBehind)
  const desired = leaving(renderRouter(config, overrides), made)
  const { steps } = planRouter(target, desired, await observeRouter(target, desired), made)
  if (steps.length === 0) return []
  await applyPlan(executor, { title: `restore ${target.name}`, steps, context: { config, overrides } })
  const { steps: left } = planRouter(target, desired, await observeRouter(target, desired), withoutListings(made))
  if (left.length > 0) {
    const detail = left.map((step) => step.summary).join('\n')
    throw new Fault('failed', `${target.name} is not back at its running configuration`, {
      detail,
      hint: 'mend the cause and run: imp recover',
    })
  }
  return steps.map((step) => step.summary)
}

/** Recovers under the lock that the caller holds. */
export async function recoverLocked(target: Target, report: Report): Promise<Recovery> {
  const executor = executorOf(target, report)
  const records = await executor.journal.records()
  const found = await interrupted(executor.journal)
  const last = Finished.safeParse(records.at(-1))
  if (found === undefined && (!last.success || last.data.outcome === 'applied')) return { outcome: 'nothing', repaired: [] }
  await recoverPlan(executor)
  const repaired = await converge(target, executor, madeBy(records))
  await executor.journal.clear()
  return { outcome: 'undone', repaired, ...(found === undefined ? {} : { change: found.plan.title }) }
}

/** Recovers after a failed change: as after a crash, but the failure is what the caller hears of. */
export async function recoverAfter(target: Target, report: Report, error: unknown): Promise<Fault> {
  const fault = asFault(error)
  try {
    await recoverLocked(target, report)
    return fault
  } catch (recovering) {
    const second = asFault(recovering)
    const detail = [fault.message, fault.detail, `recovering failed as well: ${second.message}`, second.detail]
    return new Fault('state', `${target.name} is between two configurations`, {
      hint: 'mend the cause and run: imp recover',
      detail: detail.filter((line) => line !== undefined).join('\n'),
      findings: fault.findings,
      cause: error,
    })
  }
}

/** Takes the lock and recovers. Safe at any time: nothing happens when no change was in flight. */
export function recoverConfig(target: Target, options: { readonly report: Report }): Promise<Recovery> {
  return withLock(target.local.clock, lockPath(target), { what: target.name }, () => recoverLocked(target, options.report))
}
