/** The steps between what a router shall be and what it is, in the order that disturbs least. Pure. */
import type { Step } from '@imp/kit/plan/step.ts'
import type { DataplaneSteps } from '../dataplane/dataplane.ts'
import { linuxDataplane } from '../dataplane/linux/driver.ts'
import { nothingMadeInVpp } from '../dataplane/vpp/desired.ts'
import { vppDataplane } from '../dataplane/vpp/driver.ts'
import { daemonOrder } from '../frr/grammar.ts'
import type { Resets } from '../frr/reset.ts'
import { planFrr } from '../frr/steps.ts'
import { nothingMadeAtAll, type MadeRouter } from './made.ts'
import type { ObservedRouter } from './observe.ts'
import type { DesiredRouter } from './render.ts'
import { dataplanePlace, frrPlace, type Target } from './target.ts'

export interface RouterSteps {
  readonly steps: readonly Step[]
  readonly resets: Resets
}

/** What VPP needs, after Linux has the namespace in which it shows its interfaces. */
function planVpp(target: Target, desired: DesiredRouter, observed: ObservedRouter, made: MadeRouter): DataplaneSteps {
  if (desired.vpp === undefined || observed.vpp === undefined) return { before: [], after: [] }
  return vppDataplane.plan(dataplanePlace(target), desired.vpp, observed.vpp, made.vpp ?? nothingMadeInVpp)
}

/** Links and addresses, tables, routing; then what nothing refers to any more. Empty when the router is what it shall be. */
export function planRouter(
  target: Target,
  desired: DesiredRouter,
  observed: ObservedRouter,
  made: MadeRouter = nothingMadeAtAll,
): RouterSteps {
  const dataplane = linuxDataplane.plan(dataplanePlace(target), desired.linux, observed.linux, made)
  const vpp = planVpp(target, desired, observed, made)
  // A unit runs all daemons that there are, whatever they have to do.
  const frr = target.appliance === true ? { ...desired.frr, daemons: daemonOrder } : desired.frr
  const routing = planFrr(frrPlace(target), frr, observed.frr)
  return {
    steps: [...dataplane.before, ...vpp.before, ...routing.before, ...dataplane.after, ...vpp.after, ...routing.after],
    resets: routing.resets,
  }
}
