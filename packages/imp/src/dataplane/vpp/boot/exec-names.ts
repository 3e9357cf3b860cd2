/** What things are called in VPP: ports as in the configuration, VLANs `<port>.<number>`, loopbacks `loop<instance>`. Pure. */
import { Fault } from '@imp/kit/base/fault.ts'
import type { Bridge, Links } from '../../../interfaces/model.ts'

/** Highest instance that VPP makes a loopback of (ethernet/interface.c, LOOPBACK_MAX_INSTANCE). */
const lastInstance = 16_383

/** The loopback that stands at the end of all commands: where it is, every line before it was done. */
export const endMark = 'imp-configured'

/**
 * Number of a sub-interface, unique on its port: the VLAN, or for two tags both of them in decimal, four digits for the inner one.
 * VPP names it `<port>.<number>` and cannot rename it.
 */
export function subinterfaceNumber(vlan: number, innerVlan?: number): number {
  return innerVlan === undefined ? vlan : vlan * 10_000 + innerVlan
}

/** Name of a VLAN of a port in VPP. */
export function vppVlanName(port: string, vlan: number, innerVlan?: number): string {
  return `${port}.${subinterfaceNumber(vlan, innerVlan)}`
}

/** So many free instances, the highest first. */
function freeInstances(config: Pick<Links, 'loopbacks' | 'bridges'>, count: number): number[] {
  const taken = new Set([...config.loopbacks.map(({ instance }) => instance), ...config.bridges.map(({ id }) => id)])
  const free: number[] = []
  for (let instance = lastInstance; free.length < count && instance >= 0; instance -= 1) if (!taken.has(instance)) free.push(instance)
  return free
}

/** Instance of the loopback that routes for a bridge: the number of the bridge, or a high one where a loopback of ours has that. */
export function bridgeInstance(config: Pick<Links, 'loopbacks' | 'bridges'>, bridge: Bridge): number {
  const clashing = config.bridges.filter(({ id }) => config.loopbacks.some(({ instance }) => instance === id))
  const place = clashing.indexOf(bridge)
  if (place < 0) return bridge.id
  const instance = freeInstances(config, place + 1)[place]
  if (instance === undefined) throw new Fault('input', `bridge ${bridge.id}: VPP has no loopback left for it`)
  return instance
}

/** Instance of the loopback that marks the end: above all others that are in use. */
export function markInstance(config: Pick<Links, 'loopbacks' | 'bridges'>): number {
  const clashing = config.bridges.filter(({ id }) => config.loopbacks.some(({ instance }) => instance === id)).length
  return freeInstances(config, clashing + 1)[clashing] ?? 0
}
