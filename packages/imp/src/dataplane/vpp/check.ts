/** What VPP cannot have, or would take in silence and do something else: refused with the configuration, before anything is planned. */
import { Fault, type Finding } from '@imp/kit/base/fault.ts'
import { contains, parsePrefix } from '@imp/kit/base/ip.ts'
import { doubtful, ownAddresses, wrong, type RouterConfig } from '../../config/model.ts'
import { layer3Interfaces, nicOf, sendsAdvertisements } from '../../interfaces/model.ts'
import type { DesiredVpp } from './desired.ts'
import { renderVpp } from './render.ts'
import { checkThings, portsOfAddress } from './rules.ts'

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
          doubtful(`${path}.ra.${key}`, value, 'is not in the advertisements that VPP sends', 'leave it out, or use the Linux dataplane'),
        )
    })
}

/**
 * An address that an interface has is VPP's own whatever routes say (the source `interface` comes before all others in its forwarding
 * table), so that answers to it end there instead of being translated back.
 */
function checkPools({ nat, ...config }: RouterConfig): Finding[] {
  const own = ownAddresses(config).filter(({ address }) => address.family === 4)
  return (nat?.mappings ?? []).flatMap(({ outside }, index) => {
    const itself = own.find(({ address }) => contains(parsePrefix(outside), address))
    if (itself === undefined) return []
    const message = `has the address of ${itself.name}, whose packets VPP keeps for itself: no answer would be translated back`
    const hint = 'use a pool that is routed to this router and of which no interface has an address, or the Linux dataplane'
    return [wrong(`nat.mappings[${index}].outside`, outside, message, hint)]
  })
}

/** Sessions that det44 gives one host at most (VPP 25.06, nat/det44/det44.h, DET44_SES_PER_USER). */
const sessionsPerHost = 1000

function checkSessions({ nat }: RouterConfig): Finding[] {
  return (nat?.mappings ?? []).flatMap(({ inside, outside }, index) => {
    const shared = 2 ** (parsePrefix(outside).length - parsePrefix(inside).length)
    const ports = Math.floor(portsOfAddress / shared)
    // The ratio that is recommended leaves 1008.
    if (shared >= 64) return []
    const message = `leaves ${ports} ports to each host, which has ${sessionsPerHost} sessions at most in VPP`
    return [doubtful(`nat.mappings[${index}].outside`, outside, message, 'a smaller pool serves as well')]
  })
}

/**
 * A card that stays a link of Linux gives its frames to VPP by af_packet: the kernel takes the outer tag off, and VPP puts it back as that
 * of 802.1Q whatever it was (VPP 25.06, plugins/af_packet/node.c). Cards on the PCI bus are driven by DPDK, which gives frames as they are.
 */
function checkServiceTags({ interfaces, crossConnects }: RouterConfig): Finding[] {
  const throughLinux = new Set(interfaces.filter((port) => nicOf(port).pci === undefined).map(({ name }) => name))
  const doubt = (path: string, ports: readonly string[]): Finding[] => {
    const names = ports.filter((name) => throughLinux.has(name))
    if (names.length === 0) return []
    const message = `is seen by VPP as dot1q where the card of ${names.join(' and of ')} is not on the PCI bus, so that no such frame is received`
    return [
      doubtful(`${path}.protocol`, 'dot1ad', message, 'use dot1q on both ends, or name the card by its PCI address, as DPDK takes it'),
    ]
  }
  return [
    ...interfaces.flatMap(({ name, subinterfaces }, index) =>
      subinterfaces.flatMap(({ protocol }, place) =>
        protocol === 'dot1ad' ? doubt(`interfaces[${index}].subinterfaces[${place}]`, [name]) : [],
      ),
    ),
    ...crossConnects.flatMap(({ protocol, from, to }, index) =>
      protocol === 'dot1ad' ? doubt(`crossConnects[${index}]`, [from, to]) : [],
    ),
  ]
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
  return [
    ...checkNames(config),
    ...checkOptions(config),
    ...checkPools(config),
    ...checkSessions(config),
    ...checkServiceTags(config),
    ...things,
  ]
}
