/** Commands of deterministic NAT: the links between the two processes, and the whole configuration of the one that translates. Pure. */
import { formatPrefix, parsePrefix } from '@imp/kit/base/ip.ts'
import { natLinks } from '../../../appliance/model.ts'
import type { RouterConfig } from '../../../config/model.ts'
import { endMark } from './exec-names.ts'

type Side = 'core' | 'nat'

/** Locally administered; the last octet tells the four ends apart. */
export function hardwareAddress(side: Side, id: number): string {
  return `02:fe:a9:fe:01:${side === 'core' ? '0' : '1'}${id}`
}

/** One end of each link. The core process listens, whichever starts first. */
function linkLines(side: Side): string[] {
  return Object.values(natLinks).flatMap((link) => [
    `create memif socket id ${link.id} filename ${link.socket}`,
    `create interface memif id 0 socket-id ${link.id} hw-addr ${hardwareAddress(side, link.id)} ${side === 'core' ? 'master' : 'slave'}`,
    `set interface mtu packet 9000 ${link.interface}`,
    ...(side === 'core' && 'link' in link ? [`lcp create ${link.interface} host-if ${link.link}`] : []),
    `set interface state ${link.interface} up`,
    `set interface ip address ${link.interface} ${link[side]}/31`,
  ])
}

/** The ends in the core process, and the ways of the pools through them. */
export function natLinkCommands(config: RouterConfig): string[] {
  if (config.nat === undefined) return []
  const { outside } = natLinks
  const pools = config.nat.mappings.map((mapping) => formatPrefix(parsePrefix(mapping.outside, 4)))
  return [...linkLines('core'), ...pools.map((pool) => `ip route add ${pool} via ${outside.nat} ${outside.interface}`)]
}

/** commands-nat.txt. */
export function natCommands(config: RouterConfig): string[] | undefined {
  if (config.nat === undefined) return undefined
  const { inside, outside } = natLinks
  const { mappings } = config.nat
  return [
    ...linkLines('nat'),
    'det44 plugin enable',
    `set interface det44 inside ${inside.interface} outside ${outside.interface}`,
    ...mappings.map((mapping) => `det44 add in ${mapping.inside} out ${mapping.outside}`),
    `ip route add 0.0.0.0/0 via ${outside.core} ${outside.interface}`,
    ...mappings.map((mapping) => `ip route add ${mapping.inside} via ${inside.core} ${inside.interface}`),
    'create loopback interface instance 0',
    `set interface name loop0 ${endMark}`,
  ]
}
