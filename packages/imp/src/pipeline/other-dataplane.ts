/** What forwards on an appliance is decided when it boots: cards, units and the namespace belong to one dataplane at a time. */
import { Fault } from '@imp/kit/base/fault.ts'
import { places } from '../appliance/model.ts'
import type { RouterConfig } from '../config/model.ts'
import type { ObservedRouter } from './observe.ts'
import type { Target } from './target.ts'

/**
 * Refuses to change the dataplane of an appliance that forwards by the other one: an `unsupported` fault that says how it is done. While the
 * machine boots the units have started by then what the configuration asks for, and nothing is refused.
 */
export function refuseOtherDataplane(
  { appliance = false }: Pick<Target, 'appliance'>,
  running: Pick<RouterConfig, 'dataplane'> | undefined,
  { dataplane }: Pick<RouterConfig, 'dataplane'>,
  { vpp }: Pick<ObservedRouter, 'vpp'>,
): void {
  if (!appliance || running === undefined || running.dataplane === dataplane) return
  const present = vpp?.core === undefined ? 'linux' : 'vpp'
  if (present === dataplane) return
  throw new Fault('unsupported', `an appliance that forwards by ${present} changes to ${dataplane} by a reboot only`, {
    hint: `write the configuration to ${places.configuration}, then reboot: the machine starts with it`,
    findings: [{ path: 'dataplane', severity: 'error', message: 'cards and services of the other dataplane are in use', value: dataplane }],
  })
}
