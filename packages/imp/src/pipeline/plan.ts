/** The whole plan of a configuration for a target: what changes it, what verifies the change, what remembers it. */
import { isDeepStrictEqual } from 'node:util'
import { refuse } from '@imp/kit/base/fault.ts'
import type { Step } from '@imp/kit/plan/step.ts'
import type { RouterConfig } from '../config/model.ts'
import type { Resets } from '../frr/reset.ts'
import type { Overrides } from '../overrides/model.ts'
import { checkSecrets } from '../secrets/references.ts'
import { readSecretValues } from '../secrets/store.ts'
import { planAppliance } from './appliance-plan.ts'
import { planRouter } from './difference.ts'
import { leaving } from './made.ts'
import { observeRouter, type ObservedRouter } from './observe.ts'
import { refuseOtherDataplane } from './other-dataplane.ts'
import { acceptedOverrides } from './overrides.ts'
import { renderRouter, type DesiredRouter } from './render.ts'
import { findRunning, recordKind, runningText, type Running } from './running.ts'
import type { Target } from './target.ts'
import { observeUntouched, verifyKind } from './verify.ts'

export interface ConfigPlan {
  /** Empty when the target is what the configuration says, and remembers so. */
  readonly steps: readonly Step[]
  /** Those of the steps that change the machine itself. */
  readonly changes: readonly Step[]
  /** Sessions and adjacencies that the changes reset. */
  readonly resets: Resets
  /** Drop-ins that go into force with it. */
  readonly overrides: Overrides
}

/** Settings that only a drop-in wanted, which is gone: they become again what they were before it. */
function withOriginals(desired: DesiredRouter, originals: Running['originals']): DesiredRouter {
  return { ...desired, linux: { ...desired.linux, sysctls: { ...originals, ...desired.linux.sysctls } } }
}

/** What settings of drop-ins were before any drop-in set them. */
function originalsOf(
  desired: DesiredRouter,
  plain: DesiredRouter,
  observed: ObservedRouter,
  known: Running['originals'],
): Running['originals'] {
  const added = Object.keys(desired.linux.sysctls).filter((key) => !(key in plain.linux.sysctls))
  const pairs = added.flatMap((key): [string, string][] => {
    const original = known[key] ?? observed.linux.sysctls.get(key)
    return original === undefined ? [] : [[key, original]]
  })
  return Object.fromEntries(pairs)
}

function isSame(running: Running | undefined, config: RouterConfig, overrides: Overrides): boolean {
  return running !== undefined && isDeepStrictEqual(running.config, config) && isDeepStrictEqual(running.overrides, overrides)
}

/**
 * Looks at the target and plans; changes nothing. Faults when cards or secrets are missing, names are taken or drop-ins (those of the target
 * unless told) cannot go into force.
 */
export async function planConfig(target: Target, config: RouterConfig, given?: Overrides): Promise<ConfigPlan> {
  refuse(`the secrets of ${config.hostname}`, checkSecrets(config, await readSecretValues(target.local, target.stateDirectory)))
  const overrides = await acceptedOverrides(target, config, given)
  const wanted = renderRouter(config, overrides)
  const [running, before] = await Promise.all([findRunning(target), runningText(target)])
  const desired = withOriginals(leaving(wanted, running?.made), running?.originals ?? {})
  const observed = await observeRouter(target, desired)
  refuseOtherDataplane(target, running?.config, config, observed)
  const { steps: differences, resets } = planRouter(target, desired, observed, running?.made)
  const appliance = target.appliance === true ? await planAppliance(target.machine, config, overrides) : { before: [], after: [] }
  const changes = [...appliance.before, ...differences, ...appliance.after]
  if (changes.length === 0 && isSame(running, config, overrides)) return { steps: [], changes, resets, overrides }
  const untouched = await observeUntouched(target, desired, observed, resets)
  const shared = { config, overrides: [...overrides] }
  const verify = verifyKind(target).step('verify that the router is as configured', { ...shared, untouched })
  const originals = overrides.length === 0 ? {} : originalsOf(wanted, renderRouter(config), observed, running?.originals ?? {})
  const record = recordKind(target).step(`record ${config.hostname} as the running configuration`, { ...shared, originals, before })
  return { steps: [...changes, verify, record], changes, resets, overrides }
}
