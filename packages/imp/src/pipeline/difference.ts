/** The steps between what a router shall be and what it is, in the order that disturbs least. Pure. */
import type { Step } from '@imp/kit/plan/step.ts'
import { nothingMade, type MadeLinux } from '../dataplane/linux/desired.ts'
import { linuxDataplane } from '../dataplane/linux/driver.ts'
import { daemonOrder } from '../frr/grammar.ts'
import type { Resets } from '../frr/reset.ts'
import { planFrr } from '../frr/steps.ts'
import type { ObservedRouter } from './observe.ts'
import type { DesiredRouter } from './render.ts'
import { dataplanePlace, frrPlace, type Target } from './target.ts'

export interface RouterSteps {
  readonly steps: readonly Step[]
  readonly resets: Resets
}

/** Links and addresses, tables, routing; then what nothing refers to any more. Empty when the router is what it shall be. */
export function planRouter(target: Target, desired: DesiredRouter, observed: ObservedRouter, made: MadeLinux = nothingMade): RouterSteps {
  const dataplane = linuxDataplane.plan(dataplanePlace(target), desired.linux, observed.linux, made)
  // A unit runs all daemons that there are, whatever they have to do.
  const frr = target.appliance === true ? { ...desired.frr, daemons: daemonOrder } : desired.frr
  const routing = planFrr(frrPlace(target), frr, observed.frr)
  return { steps: [...dataplane.before, ...routing.before, ...dataplane.after, ...routing.after], resets: routing.resets }
}
