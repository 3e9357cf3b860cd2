/** Applies a configuration to a target: lock, recover, plan, journal, change, verify, record; all of it or nothing. */
import type { Report } from '@imp/kit/base/events.ts'
import { asFault, Fault } from '@imp/kit/base/fault.ts'
import { withLock } from '@imp/kit/host/lock.ts'
import { applyPlan, interrupted } from '@imp/kit/plan/apply.ts'
import type { Step } from '@imp/kit/plan/step.ts'
import type { Journal } from '@imp/kit/store/journal.ts'
import type { RouterConfig } from '../config/model.ts'
import { linuxDataplane } from '../dataplane/linux/driver.ts'
import { vppDataplane } from '../dataplane/vpp/driver.ts'
import { refuseMissingFeatures } from '../dataplane/linux/features.ts'
import type { Overrides } from '../overrides/model.ts'
import { executorOf, journalOf, lockPath } from './kinds.ts'
import { blameOverrides } from './override-frr.ts'
import { withFindings } from './overrides.ts'
import { planConfig } from './plan.ts'
import { recoverAfter, recoverLocked, type Recovery } from './recover.ts'
import { renderRouter } from './render.ts'
import { dataplanePlace, type Target } from './target.ts'

export interface ApplyOptions {
  readonly report: Report
  /** Called with the whole plan before its first step; throwing there leaves everything as it is. */
  readonly planned?: (steps: readonly Step[]) => void
  /** Where the change is journalled; the target's own journal unless told. */
  readonly journal?: Journal
  /** Drop-ins of an earlier time, for going back to it; those that the target has now unless told. */
  readonly overrides?: Overrides
  /** Ends it between two steps: the target is then brought back to what it was. */
  readonly signal?: AbortSignal
}

export interface Applied {
  /** False when the target was as configured already. */
  readonly changed: boolean
  readonly steps: readonly Step[]
  readonly recovery: Recovery
  /** Links that are wanted and have nothing on the other side. */
  readonly withoutCarrier: readonly string[]
}

async function linksWithoutCarrier(target: Target, config: RouterConfig): Promise<readonly string[]> {
  const { linux, vpp } = renderRouter(config)
  const place = dataplanePlace(target)
  return vpp === undefined ? linuxDataplane.withoutCarrier(place, linux) : vppDataplane.withoutCarrier(place, vpp)
}

/** The change is done and recorded by now: a dataplane that cannot be asked does not make it fail. */
async function reportCarriers(target: Target, config: RouterConfig, report: Report): Promise<readonly string[]> {
  try {
    const links = await linksWithoutCarrier(target, config)
    for (const link of links) report({ event: 'log', level: 'warning', text: `${link} has no carrier: nothing is connected` })
    return links
  } catch (error) {
    report({ event: 'log', level: 'warning', text: `nobody knows which links have a carrier: ${asFault(error).message}` })
    return []
  }
}

/** Whether a crash left a change in its middle. */
export async function isInterrupted(target: Target): Promise<boolean> {
  return (await interrupted(journalOf(target))) !== undefined
}

/** Refuses to plan on what a crash left in its middle: such a plan would describe neither the old nor the new configuration. */
export async function refuseInterrupted(target: Target): Promise<void> {
  if (!(await isInterrupted(target))) return
  throw new Fault('state', `an earlier change of ${target.name} was interrupted`, { hint: 'run: imp recover' })
}

/**
 * Makes the target what the configuration says. On any failure the target is brought back to what it was, and the fault names the
 * step. An empty plan does nothing. A killed call leaves a journal that the next call, or `recoverConfig`, undoes first.
 */
export function applyConfig(target: Target, config: RouterConfig, options: ApplyOptions): Promise<Applied> {
  const { report } = options
  return withLock(target.local.clock, lockPath(target), { what: target.name }, async () => {
    const recovery = await recoverLocked(target, report)
    const { steps, overrides } = await planConfig(target, config, options.overrides)
    options.planned?.(steps)
    if (steps.length > 0) {
      await refuseMissingFeatures(target.machine, config)
      const plan = { title: `apply ${config.hostname} to ${target.name}`, steps, context: { config, overrides: [...overrides] } }
      try {
        const { signal } = options
        await applyPlan({ ...executorOf(target, report, options.journal), ...(signal === undefined ? {} : { signal }) }, plan)
      } catch (error) {
        const fault = await recoverAfter(target, report, error)
        throw withFindings(fault, blameOverrides(overrides, `${fault.message}\n${fault.detail ?? ''}`))
      }
    }
    return { changed: steps.length > 0, steps, recovery, withoutCarrier: await reportCarriers(target, config, report) }
  })
}
