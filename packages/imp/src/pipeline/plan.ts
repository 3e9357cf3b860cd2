/** The whole plan of a configuration for a target: what changes it, what verifies the change, what remembers it. */
import { isDeepStrictEqual } from 'node:util'
import type { Step } from '@imp/kit/plan/step.ts'
import type { RouterConfig } from '../config/model.ts'
import { planRouter } from './difference.ts'
import { observeRouter } from './observe.ts'
import { renderRouter } from './render.ts'
import { findRunning, recordKind, runningText } from './running.ts'
import type { Target } from './target.ts'
import { observeUntouched, verifyKind } from './verify.ts'

export interface ConfigPlan {
  /** Empty when the target is what the configuration says, and remembers so. */
  readonly steps: readonly Step[]
  /** Those of the steps that change the machine itself. */
  readonly changes: readonly Step[]
}

/** Looks at the target and plans; changes nothing. Faults when cards are missing or names are taken. */
export async function planConfig(target: Target, config: RouterConfig): Promise<ConfigPlan> {
  const desired = renderRouter(config)
  const [observed, running, before] = await Promise.all([observeRouter(target, desired), findRunning(target), runningText(target)])
  const { steps: changes, resets } = planRouter(target, desired, observed, running?.made)
  if (changes.length === 0 && isDeepStrictEqual(running?.config, config)) return { steps: [], changes }
  const untouched = await observeUntouched(target, desired, observed, resets)
  const verify = verifyKind(target).step('verify that the router is as configured', { config, untouched })
  const record = recordKind(target).step(`record ${config.hostname} as the running configuration`, { config, before })
  return { steps: [...changes, verify, record], changes }
}
