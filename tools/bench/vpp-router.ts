/** A large router on VPP: what it is, one line more of it, and how the pipeline brings its dataplane there. */
import { doStep, kinds } from '@imp/kit/plan/step.ts'
import { RouterConfig, type RouterConfigInput } from '../../packages/imp/src/config/model.ts'
import type { DataplanePlace } from '../../packages/imp/src/dataplane/dataplane.ts'
import { nothingMadeInVpp, type MadeVpp } from '../../packages/imp/src/dataplane/vpp/desired.ts'
import { vppDataplane, type ObservedVpp } from '../../packages/imp/src/dataplane/vpp/driver.ts'
import { largeRouter } from './large.ts'

/** 1000 VLANs on two ports. */
const size = { interfaces: 1002, routes: 5000, peers: 0 }
export const sizes = { interfaces: '1000 sub-interfaces', routes: '5000 routes' }

/** Linux links of its ports. */
export const links = ['eth0', 'eth1']

/** The document with an address more on one VLAN, or without. */
export function vppRouter(dataplane: 'linux' | 'vpp', addressMore: boolean): RouterConfigInput {
  const document = largeRouter(size)
  const interfaces = (document.interfaces ?? []).map((port, index) => ({
    ...port,
    ...(dataplane === 'vpp' ? { nic: { name: links[index] ?? '' } } : {}),
    subinterfaces: (port.subinterfaces ?? []).map((each) =>
      addressMore && each.vlan === 500 ? { ...each, addresses: [...(each.addresses ?? []), '192.0.2.1/24'] } : each,
    ),
  }))
  return { ...document, dataplane, interfaces }
}

export interface Applied {
  readonly observed: ObservedVpp
  readonly made: MadeVpp
}

/** Looks, plans, sends, looks again. */
export async function applyVpp(place: DataplanePlace, document: RouterConfigInput, made: MadeVpp = nothingMadeInVpp): Promise<Applied> {
  const desired = vppDataplane.render(RouterConfig.parse(document))
  const { before, after } = vppDataplane.plan(place, desired, await vppDataplane.observe(place, desired), made)
  const known = kinds(...vppDataplane.kinds(place))
  for (const step of [...before, ...after]) await doStep(known, place.host, step)
  const observed = await vppDataplane.observe(place, desired)
  return { observed, made: vppDataplane.remember(desired, observed) }
}
