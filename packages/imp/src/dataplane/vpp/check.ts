/** What VPP cannot have, or would take in silence and do something else: refused with the configuration, before anything is planned. */
import { Fault, type Finding } from '@imp/kit/base/fault.ts'
import { wrong, type RouterConfig } from '../../config/model.ts'
import { layer3Interfaces, sendsAdvertisements } from '../../interfaces/model.ts'
import type { DesiredVpp } from './desired.ts'
import { renderVpp } from './render.ts'
import { checkThings } from './rules.ts'

/** Names that VPP gives by itself. */
const reserved = /^(local0|loop\d+|tap\d+|memif\d.*|host-.*)$/

function checkNames(config: RouterConfig): Finding[] {
  return config.interfaces.flatMap(({ name }, index) =>
    reserved.test(name) ? [wrong(`interfaces[${index}].name`, name, 'is a name that VPP gives by itself', 'use another name')] : [],
  )
}

/** VPP's advertisements carry prefixes and times, and nothing else. */
function checkOptions(config: RouterConfig): Finding[] {
  return layer3Interfaces(config)
    .filter((each) => each.ra !== undefined && sendsAdvertisements(each))
    .flatMap(({ path, ra }): Finding[] => {
      const told: readonly (readonly [key: string, value: unknown, isTold: boolean])[] = [
        ['rdnss', ra?.rdnss, (ra?.rdnss.length ?? 0) > 0],
        ['dnssl', ra?.dnssl, (ra?.dnssl.length ?? 0) > 0],
        ['mtu', ra?.mtu, ra?.mtu !== undefined],
        ['preference', ra?.preference, ra !== undefined && ra.preference !== 'medium'],
      ]
      return told
        .filter(([, , isTold]) => isTold)
        .map(([key, value]) =>
          wrong(`${path}.ra.${key}`, value, 'is not in the advertisements that VPP sends', 'leave it out, or use the Linux dataplane'),
        )
    })
}

/** The configuration as VPP's state, or why there is none. */
function rendered(config: RouterConfig): DesiredVpp | Finding {
  try {
    return renderVpp(config)
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    return wrong('dataplane', config.dataplane, `cannot be: ${error.message}`, error.hint ?? 'use the Linux dataplane')
  }
}

/** Empty for other dataplanes. */
export function checkVpp(config: RouterConfig): Finding[] {
  if (config.dataplane !== 'vpp') return []
  const desired = rendered(config)
  const things = 'core' in desired ? [desired.core, ...Object.values(desired.beside)].flatMap(checkThings) : [desired]
  return [...checkNames(config), ...checkOptions(config), ...things]
}
