/**
 * Commands that make interfaces, in the one order that always worked: create, name, MTU, twin in Linux, state, IPv6, addresses. MTU
 * after the twin leaves the interface down, an address before the twin is not copied to Linux, and IPv6 that is not switched on by
 * name takes the router advertisements along whenever the twin loses its addresses for a moment. Pure.
 */
import { Fault } from '@imp/kit/base/fault.ts'
import { formatPrefix, parseInterfaceAddress } from '@imp/kit/base/ip.ts'
import type { RouterConfig } from '../../../config/model.ts'
import {
  bridgeName,
  layer3Interfaces,
  loopbackName,
  memberName,
  vlanName,
  type Bridge,
  type CrossConnect,
  type Interface,
  type Layer3Interface,
  type Subinterface,
} from '../../../interfaces/model.ts'
import { bridgeInstance, subinterfaceNumber, vppVlanName } from './exec-names.ts'
import type { AttachedPort } from './startup-ports.ts'

/** IFNAMSIZ without the closing zero byte (linux/if.h). */
const longestName = 15

function twin(name: string, link: string): string {
  if (Buffer.byteLength(link) > longestName) {
    throw new Fault('input', `${link} is too long for the Linux name of a VLAN that two tags need`, {
      hint: `Linux allows ${longestName} bytes: shorten the name of the port`,
    })
  }
  return `lcp create ${name} host-if ${link}`
}

function wantsIpv6(each: Pick<Layer3Interface, 'addresses' | 'ospf6'>): boolean {
  return each.ospf6 !== undefined || each.addresses.some((address) => address.includes(':'))
}

/** State and addresses of an interface that exists and has its twin. */
function layer3(name: string, each: Pick<Layer3Interface, 'enabled' | 'addresses' | 'ospf6'>): string[] {
  return [
    `set interface state ${name} ${each.enabled ? 'up' : 'down'}`,
    ...(wantsIpv6(each) ? [`enable ip6 interface ${name}`] : []),
    ...each.addresses.map((address) => `set interface ip address ${name} ${formatPrefix(parseInterfaceAddress(address))}`),
  ]
}

/** A port that only passes frames to a bridge has no use for a twin. */
function isBridged(config: RouterConfig, port: Interface): boolean {
  return port.subinterfaces.length === 0 && config.bridges.some(({ members }) => members.some((each) => memberName(each) === port.name))
}

function portLines(config: RouterConfig, { port, driver, link }: AttachedPort): string[] {
  const { name, mtu } = port
  const source = link ?? name
  return [
    ...(driver === 'af-packet' ? [`create host-interface name ${source}`, `set interface name host-${source} ${name}`] : []),
    `set interface mtu packet ${mtu} ${name}`,
    ...(isBridged(config, port) ? [] : [twin(name, name)]),
    ...layer3(name, port),
  ]
}

type Tags = Pick<Subinterface, 'vlan' | 'innerVlan' | 'protocol'>

/** How VPP tells the frames of an interface from others. Only exact matches may have addresses and twins. */
function tags(sub: Tags): string {
  const inner = sub.innerVlan === undefined ? '' : ` inner-dot1q ${sub.innerVlan}`
  return `${sub.protocol} ${sub.vlan}${inner} exact-match`
}

function create(port: string, sub: Tags): string {
  return `create sub-interfaces ${port} ${subinterfaceNumber(sub.vlan, sub.innerVlan)} ${tags(sub)}`
}

/** Linux builds a twin with two tags on a twin with the outer one, so that must exist, though nothing is addressed to it. */
function outerLines(port: Interface, sub: Subinterface): string[] {
  const name = vppVlanName(port.name, sub.vlan)
  return [
    create(port.name, { vlan: sub.vlan, protocol: sub.protocol }),
    `set interface mtu packet ${port.mtu} ${name}`,
    twin(name, vlanName(port.name, sub.vlan)),
    ...(port.enabled ? [`set interface state ${name} up`] : []),
  ]
}

function subinterfaceLines(port: Interface, sub: Subinterface, each: Layer3Interface): string[] {
  const name = vppVlanName(port.name, sub.vlan, sub.innerVlan)
  return [create(port.name, sub), `set interface mtu packet ${each.mtu} ${name}`, twin(name, each.link), ...layer3(name, each)]
}

function vlanLines(port: Interface, interfaces: ReadonlyMap<string, Layer3Interface>, path: string): string[] {
  const outer = new Map<number, Subinterface>()
  return port.subinterfaces.flatMap((sub, place) => {
    const each = interfaces.get(`${path}.subinterfaces[${place}]`)
    const first = sub.innerVlan !== undefined && !outer.has(sub.vlan)
    if (first) outer.set(sub.vlan, sub)
    return [...(first ? outerLines(port, sub) : []), ...(each === undefined ? [] : subinterfaceLines(port, sub, each))]
  })
}

function loopbackLines(config: RouterConfig): string[] {
  return config.loopbacks.flatMap((loopback) => {
    const name = `loop${loopback.instance}`
    const made = [`create loopback interface instance ${loopback.instance}`, twin(name, loopbackName(loopback))]
    return [...made, ...layer3(name, { ...loopback, enabled: true })]
  })
}

/**
 * A VLAN that is not routed: any frame under the tag, whatever is inside. It can have neither address nor twin. VPP refuses to set it up
 * while its port is down.
 */
function switchedVlan(config: RouterConfig, port: string, { vlan, innerVlan, protocol }: Tags): string[] {
  const name = vppVlanName(port, vlan, innerVlan)
  const inner = innerVlan === undefined ? '' : ` inner-dot1q ${innerVlan} exact-match`
  const enabled = config.interfaces.find((each) => each.name === port)?.enabled !== false
  return [
    `create sub-interfaces ${port} ${subinterfaceNumber(vlan, innerVlan)} ${protocol} ${vlan}${inner}`,
    ...(enabled ? [`set interface state ${name} up`] : []),
  ]
}

/** The tag of a VLAN is taken off on the way in and put on again on the way out: the router speaks untagged on the bridge. */
function memberLines(config: RouterConfig, bridge: Bridge): string[] {
  return bridge.members.flatMap(({ interface: port, vlan }) => {
    if (vlan === undefined) return [`set interface l2 bridge ${port} ${bridge.id}`]
    const name = vppVlanName(port, vlan)
    return [
      ...switchedVlan(config, port, { vlan, protocol: 'dot1q' }),
      `set interface l2 bridge ${name} ${bridge.id}`,
      `set interface l2 tag-rewrite ${name} pop 1`,
    ]
  })
}

function bridgeLines(config: RouterConfig): string[] {
  return config.bridges.flatMap((bridge) => {
    const name = `loop${bridgeInstance(config, bridge)}`
    return [
      `create bridge-domain ${bridge.id}`,
      ...memberLines(config, bridge),
      `create loopback interface instance ${bridgeInstance(config, bridge)}`,
      `set interface mtu packet ${bridge.mtu} ${name}`,
      `set interface l2 bridge ${name} ${bridge.id} bvi`,
      twin(name, bridgeName(bridge)),
      ...layer3(name, { ...bridge, enabled: true }),
    ]
  })
}

/** Both sides have the same tags, so nothing is rewritten. */
function crossConnectLines(config: RouterConfig, cross: CrossConnect): string[] {
  const { from, to, vlan, innerVlan } = cross
  const [a, b] = [from, to].map((port) => vppVlanName(port, vlan, innerVlan))
  return [
    ...[from, to].flatMap((port) => switchedVlan(config, port, cross)),
    `set interface l2 xconnect ${a} ${b}`,
    `set interface l2 xconnect ${b} ${a}`,
  ]
}

/** The commands of all interfaces of the configuration: ports, each with its VLANs, then loopbacks, bridges and cross-connects. */
export function interfaceCommands(config: RouterConfig, ports: readonly AttachedPort[]): string[] {
  const interfaces = new Map(layer3Interfaces(config).map((each) => [each.path, each]))
  return [
    ...ports.flatMap((attached, index) => [
      ...portLines(config, attached),
      ...vlanLines(attached.port, interfaces, `interfaces[${index}]`),
    ]),
    ...loopbackLines(config),
    ...bridgeLines(config),
    ...config.crossConnects.flatMap((cross) => crossConnectLines(config, cross)),
  ]
}

/** Name in VPP of an interface that may carry addresses. */
export function vppName(config: RouterConfig, each: Layer3Interface): string {
  const [, list, index, place] = /^(\w+)\[(\d+)\](?:\.subinterfaces\[(\d+)\])?$/.exec(each.path) ?? []
  if (list === 'loopbacks') return `loop${config.loopbacks[Number(index)]?.instance}`
  const bridge = config.bridges[Number(index)]
  if (list === 'bridges' && bridge !== undefined) return `loop${bridgeInstance(config, bridge)}`
  const port = config.interfaces[Number(index)]
  const sub = port?.subinterfaces[Number(place)]
  return sub === undefined || port === undefined ? each.name : vppVlanName(port.name, sub.vlan, sub.innerVlan)
}
