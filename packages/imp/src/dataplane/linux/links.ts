/** The links that a configuration needs, each after those that it stands on. Pure. */
import { formatPrefix, parseInterfaceAddress } from '@imp/kit/base/ip.ts'
import type { RouterConfig } from '../../config/model.ts'
import {
  bridgeName,
  crossConnectName,
  layer3Interfaces,
  memberName,
  nicOf,
  subinterfaceName,
  vlanName,
  type CrossConnect,
  type Interface,
  type Subinterface,
} from '../../interfaces/model.ts'
import { translatorLink } from '../../nat64/model.ts'
import type { DesiredLink } from './desired.ts'

const protocols = { dot1q: '802.1Q', dot1ad: '802.1ad' } as const

function canonical(addresses: readonly string[]): string[] {
  return addresses.map((address) => formatPrefix(parseInterfaceAddress(address)))
}

/** Bridges that ports and VLANs belong to, by the name of the member. */
function masters(config: RouterConfig): ReadonlyMap<string, string> {
  const bridged = config.bridges.flatMap((bridge) => bridge.members.map((member) => [memberName(member), bridgeName(bridge)] as const))
  const crossed = config.crossConnects.flatMap((cross) =>
    [cross.from, cross.to].map((port) => [vlanName(port, cross.vlan, cross.innerVlan), crossConnectName(cross)] as const),
  )
  return new Map([...bridged, ...crossed])
}

function portLink(port: Interface): DesiredLink {
  return {
    name: port.name,
    kind: 'port',
    nic: nicOf(port),
    mtu: port.mtu,
    up: port.enabled,
    addresses: canonical(port.addresses),
  }
}

interface Tagged {
  readonly port: Interface
  readonly vlan: number
  readonly innerVlan?: number | undefined
  readonly protocol: 'dot1q' | 'dot1ad'
  readonly name: string
  readonly mtu: number
  readonly up: boolean
  readonly addresses: readonly string[]
}

function ofSubinterface(port: Interface, sub: Subinterface): Tagged {
  return {
    port,
    vlan: sub.vlan,
    innerVlan: sub.innerVlan,
    protocol: sub.protocol,
    name: subinterfaceName(port, sub),
    mtu: sub.mtu ?? port.mtu,
    up: port.enabled && sub.enabled,
    addresses: canonical(sub.addresses),
  }
}

function ofPort(ports: ReadonlyMap<string, Interface>, name: string, rest: Omit<Tagged, 'port' | 'mtu' | 'up' | 'addresses'>): Tagged[] {
  const port = ports.get(name)
  return port === undefined ? [] : [{ port, mtu: port.mtu, up: port.enabled, addresses: [], ...rest }]
}

function ofCross(ports: ReadonlyMap<string, Interface>, cross: CrossConnect): Tagged[] {
  const { vlan, innerVlan, protocol } = cross
  return [cross.from, cross.to].flatMap((port) => ofPort(ports, port, { vlan, innerVlan, protocol, name: vlanName(port, vlan, innerVlan) }))
}

/** Everything that stands on a tag: sub-interfaces, tagged members of bridges, ends of cross-connects. */
function taggedLinks(config: RouterConfig): Tagged[] {
  const ports = new Map(config.interfaces.map((port) => [port.name, port]))
  return [
    ...config.interfaces.flatMap((port) => port.subinterfaces.map((sub) => ofSubinterface(port, sub))),
    ...config.bridges.flatMap((bridge) =>
      bridge.members.flatMap((member) =>
        member.vlan === undefined
          ? []
          : ofPort(ports, member.interface, { vlan: member.vlan, protocol: 'dot1q', name: memberName(member) }),
      ),
    ),
    ...config.crossConnects.flatMap((cross) => ofCross(ports, cross)),
  ]
}

function vlanLink(parent: string, vlan: number, protocol: 'dot1q' | 'dot1ad', tagged: Tagged): DesiredLink {
  const { name, mtu, up, addresses } = tagged
  return { name, kind: 'vlan', parent, vlan, protocol: protocols[protocol], mtu, up, addresses: [...addresses] }
}

/** VLANs with their outer tags first; an outer tag that nobody asked for by itself is made as a link without addresses. */
function vlanLinks(config: RouterConfig): DesiredLink[] {
  const all = taggedLinks(config)
  const single = all.filter((each) => each.innerVlan === undefined)
  const outers = new Map(single.map((each) => [vlanName(each.port.name, each.vlan), each]))
  const double = all.filter((each) => each.innerVlan !== undefined)
  const implied = [...Map.groupBy(double, (each) => vlanName(each.port.name, each.vlan))].flatMap(([name, [each]]) =>
    each === undefined || outers.has(name)
      ? []
      : [vlanLink(each.port.name, each.vlan, each.protocol, { ...each, name, mtu: each.port.mtu, up: each.port.enabled, addresses: [] })],
  )
  const inner = double.flatMap((each) => {
    if (each.innerVlan === undefined) return []
    const name = vlanName(each.port.name, each.vlan)
    const outer = outers.get(name)
    // The inner tag is a customer's: IEEE 802.1Q, whatever the outer one is. It cannot be up while the outer one is down.
    return [vlanLink(outer?.name ?? name, each.innerVlan, 'dot1q', { ...each, up: each.up && (outer?.up ?? true) })]
  })
  return [...single.map((each) => vlanLink(each.port.name, each.vlan, each.protocol, each)), ...implied, ...inner]
}

function bridgeLinks(config: RouterConfig): DesiredLink[] {
  const mtus = new Map(config.interfaces.map((port) => [port.name, port.mtu]))
  const routed = config.bridges.map((bridge): DesiredLink => ({
    name: bridgeName(bridge),
    kind: 'bridge',
    mtu: bridge.mtu,
    up: true,
    addresses: canonical(bridge.addresses),
  }))
  const crossed = config.crossConnects.map((cross): DesiredLink => {
    const mtu = Math.min(mtus.get(cross.from) ?? 1500, mtus.get(cross.to) ?? 1500)
    return { name: crossConnectName(cross), kind: 'bridge', mtu, up: true, addresses: [] }
  })
  return [...routed, ...crossed]
}

function loopbackLink(config: RouterConfig): DesiredLink {
  const loopbacks = layer3Interfaces(config).filter((each) => each.kind === 'loopback')
  return { name: 'lo', kind: 'loopback', up: true, addresses: canonical(loopbacks.flatMap((each) => each.addresses)) }
}

/** Between the kernel and the translator of NAT64, which are two hops of a packet's way. */
function translatorLinks({ nat64 }: RouterConfig): DesiredLink[] {
  return nat64 === undefined ? [] : [{ name: translatorLink, kind: 'tun', up: true, addresses: [] }]
}

export function renderLinks(config: RouterConfig): DesiredLink[] {
  const master = masters(config)
  const links = [
    loopbackLink(config),
    ...config.interfaces.map(portLink),
    ...bridgeLinks(config),
    ...vlanLinks(config),
    ...translatorLinks(config),
  ]
  return links.map((link) => {
    const bridge = master.get(link.name)
    return bridge === undefined ? link : { ...link, master: bridge }
  })
}

/** Links that only pass frames on: members of bridges, and the bridges of cross-connects. They have no IPv6 of their own. */
export function layer2Names(config: RouterConfig): ReadonlySet<string> {
  return new Set([...masters(config).keys(), ...config.crossConnects.map(crossConnectName)])
}
