/** What a target is right now, asked of its programs. */
import { linuxDataplane, type ObservedPlace } from '../dataplane/linux/driver.ts'
import { vppDataplane, type ObservedVpp } from '../dataplane/vpp/driver.ts'
import { observeFrr, type ObservedFrr } from '../frr/driver.ts'
import type { DesiredRouter } from './render.ts'
import { dataplanePlace, frrPlace, type Target } from './target.ts'

export interface ObservedRouter {
  readonly linux: ObservedPlace
  /** Undefined where VPP has no part. */
  readonly vpp?: ObservedVpp
  readonly frr: ObservedFrr
}

export async function observeRouter(target: Target, desired: DesiredRouter): Promise<ObservedRouter> {
  // One after the other: an ssh server takes only so many sessions at once.
  const linux = await linuxDataplane.observe(dataplanePlace(target), desired.linux)
  const vpp = desired.vpp === undefined ? undefined : await vppDataplane.observe(dataplanePlace(target), desired.vpp)
  const frr = await observeFrr(frrPlace(target))
  return { linux, frr, ...(vpp === undefined ? {} : { vpp }) }
}
