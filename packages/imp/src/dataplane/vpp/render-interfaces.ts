/** The interfaces of VPP's core process that a configuration asks for. Pure. */
import { formatPrefix, networkOf, parseInterfaceAddress } from '@imp/kit/base/ip.ts'
import type { RouterConfig } from '../../config/model.ts'
import { ownAddresses } from '../../config/model.ts'
import { containerLink } from '../../containers/model.ts'
import {
  bridgeName,
  layer3Interfaces,
  memberName,
  RouterAdvertisements,
  sendsAdvertisements,
  vlanName,
  type CrossConnect,
  type Interface,
  type Layer3Interface,
  type Subinterface,
} from '../../interfaces/model.ts'
import type { Advertisements, Making, VppInterface } from './desired.ts'
import { bridgeInstance, subinterfaceNumber, vppVlanName } from './boot/exec-names.ts'

/** An interface with its name in VPP and its place in the configuration. */
export interface Named {
  readonly name: string
  readonly path: string
  readonly interface: VppInterface
}

/** An interface that carries nothing yet. */
export function bare(making: Making): VppInterface {
  return {
    making,
    up: false,
    mtu: null,
    ipv6: false,
    addresses: [],
    twin: null,
    bridge: null,
    crossConnect: null,
    popped: 0,
    advertisements: null,
    attachments: [],
    side: null,
  }
}

/** Until it is known how the card is driven. */
const unknownCard: Making = { driver: 'card' }

/** Half of the longest interval, within the bounds of RFC 4861 6.2.1. */
function minimumInterval({ maximumInterval: maximum, minimumInterval: told }: RouterAdvertisements): number {
  return told ?? Math.min(Math.floor(maximum * 0.75), Math.max(3, Math.floor(maximum / 2)))
}

function prefixesOf(each: Layer3Interface, ra: RouterAdvertisements): Advertisements['prefixes'] {
  const told = ra.prefixes.map(({ prefix, validLifetime, preferredLifetime, onLink, autonomous }) => ({
    prefix: formatPrefix(networkOf(parseInterfaceAddress(prefix, 6))),
    valid: validLifetime,
    preferred: preferredLifetime,
    onLink,
    autonomous,
    ending: false,
  }))
  if (told.length > 0) return told.toSorted(byPrefix)
  const networks = each.addresses
    .map((text) => parseInterfaceAddress(text))
    .filter(({ family, length }) => family === 6 && length <= 64)
    .map((address) => formatPrefix(networkOf({ ...address, length: 64 })))
  return [...new Set(networks)]
    .map((prefix) => ({ prefix, valid: 2_592_000, preferred: 604_800, onLink: true, autonomous: true, ending: false }))
    .toSorted(byPrefix)
}

/** An order that does not depend on how the prefixes came. */
export function byPrefix(a: { readonly prefix: string }, b: { readonly prefix: string }): number {
  return a.prefix < b.prefix ? -1 : 1
}

function advertisementsOf(each: Layer3Interface): Advertisements | null {
  if (!sendsAdvertisements(each)) return null
  const ra = each.ra ?? RouterAdvertisements.parse({})
  return {
    managed: ra.managed,
    other: ra.other,
    lifetime: ra.lifetime ?? 3 * ra.maximumInterval,
    maximum: ra.maximumInterval,
    minimum: minimumInterval(ra),
    prefixes: prefixesOf(each, ra),
  }
}

/** What every routed interface has, whatever it is made of. */
function routed(each: Layer3Interface): Pick<VppInterface, 'up' | 'ipv6' | 'addresses' | 'advertisements' | 'twin'> {
  return {
    up: each.enabled,
    ipv6: each.ospf6 !== undefined || each.addresses.some((address) => address.includes(':')),
    addresses: each.addresses.map((address) => formatPrefix(parseInterfaceAddress(address))).toSorted(),
    advertisements: advertisementsOf(each),
    twin: each.link,
  }
}

type Tags = Pick<Subinterface, 'vlan' | 'innerVlan' | 'protocol'>

function vlanMaking(port: string, { vlan, innerVlan, protocol }: Tags, exact: boolean): Making {
  return { driver: 'vlan', port, number: subinterfaceNumber(vlan, innerVlan), outer: vlan, inner: innerVlan ?? 0, protocol, exact }
}

/** Ports with nothing but a place in a bridge need no twin; with VLANs they do, for the twins of those stand on it. */
function needsTwin(config: RouterConfig, port: Interface): boolean {
  return port.subinterfaces.length > 0 || !config.bridges.some(({ members }) => members.some((each) => memberName(each) === port.name))
}

/** Linux builds a twin with two tags on a twin with the outer one, which must be there although nothing is addressed to it. */
function outerVlans(port: Interface, path: string): Named[] {
  const single = new Set(port.subinterfaces.filter((sub) => sub.innerVlan === undefined).map((sub) => sub.vlan))
  const double = port.subinterfaces.filter((sub) => sub.innerVlan !== undefined && !single.has(sub.vlan))
  const first = new Map(double.toReversed().map((sub) => [sub.vlan, sub]))
  return [...first.values()].map(({ vlan, protocol }) => ({
    name: vppVlanName(port.name, vlan),
    path: `${path}.subinterfaces[${port.subinterfaces.findIndex((sub) => sub.vlan === vlan)}]`,
    interface: {
      ...bare(vlanMaking(port.name, { vlan, protocol }, true)),
      up: port.enabled,
      mtu: port.mtu,
      twin: vlanName(port.name, vlan),
    },
  }))
}

function portInterfaces(config: RouterConfig, byPath: ReadonlyMap<string, Layer3Interface>, port: Interface, index: number): Named[] {
  const path = `interfaces[${index}]`
  const own = byPath.get(path)
  const subinterfaces = port.subinterfaces.flatMap((sub, place): Named[] => {
    const each = byPath.get(`${path}.subinterfaces[${place}]`)
    const name = vppVlanName(port.name, sub.vlan, sub.innerVlan)
    return each === undefined
      ? []
      : [{ name, path: each.path, interface: { ...bare(vlanMaking(port.name, sub, true)), ...routed(each), mtu: each.mtu } }]
  })
  const twin = needsTwin(config, port) ? port.name : null
  const base = { ...bare(unknownCard), ...(own === undefined ? {} : routed(own)), mtu: port.mtu, twin }
  return [{ name: port.name, path, interface: base }, ...outerVlans(port, path), ...subinterfaces]
}

function loopbackInterfaces(config: RouterConfig, byPath: ReadonlyMap<string, Layer3Interface>): Named[] {
  return config.loopbacks.flatMap(({ instance }, index) => {
    const each = byPath.get(`loopbacks[${index}]`)
    const making: Making = { driver: 'loopback', instance }
    return each === undefined ? [] : [{ name: `loop${instance}`, path: each.path, interface: { ...bare(making), ...routed(each) } }]
  })
}

/** A VLAN that is not routed: any frame under the tag, whatever is inside, unless an inner tag is named. */
function switched(config: RouterConfig, port: string, tags: Tags, path: string): Named {
  const enabled = config.interfaces.find(({ name }) => name === port)?.enabled !== false
  return {
    name: vppVlanName(port, tags.vlan, tags.innerVlan),
    path,
    interface: { ...bare(vlanMaking(port, tags, tags.innerVlan !== undefined)), up: enabled },
  }
}

function bridgeInterfaces(config: RouterConfig, byPath: ReadonlyMap<string, Layer3Interface>): Named[] {
  return config.bridges.flatMap((bridge, index) => {
    const each = byPath.get(`bridges[${index}]`)
    const making: Making = { driver: 'loopback', instance: bridgeInstance(config, bridge) }
    const own = { ...bare(making), ...(each === undefined ? {} : routed(each)), mtu: bridge.mtu, bridge: { id: bridge.id, routed: true } }
    const members = bridge.members.flatMap(({ interface: port, vlan }, place): Named[] => {
      if (vlan === undefined) return []
      const member = switched(config, port, { vlan, protocol: 'dot1q' }, `bridges[${index}].members[${place}]`)
      return [{ ...member, interface: { ...member.interface, bridge: { id: bridge.id, routed: false }, popped: 1 } }]
    })
    return [
      ...members,
      { name: `loop${bridgeInstance(config, bridge)}`, path: `bridges[${index}]`, interface: { ...own, twin: bridgeName(bridge) } },
    ]
  })
}

function crossInterfaces(config: RouterConfig, cross: CrossConnect, index: number): Named[] {
  const [from, to] = [cross.from, cross.to].map((port) => switched(config, port, cross, `crossConnects[${index}]`))
  if (from === undefined || to === undefined) return []
  return [
    { ...from, interface: { ...from.interface, crossConnect: to.name } },
    { ...to, interface: { ...to.interface, crossConnect: from.name } },
  ]
}

/** Name of the interface towards the service containers. */
export const containerInterface = `host-${containerLink.dataplane}`

function containerInterfaces(config: RouterConfig): Named[] {
  const own = ownAddresses(config).find(({ kind }) => kind === 'container')
  if (own === undefined) return []
  const making: Making = { driver: 'af-packet', link: containerLink.dataplane }
  const addresses = [formatPrefix(own.address)]
  return [{ name: containerInterface, path: 'container', interface: { ...bare(making), up: true, mtu: 1500, addresses } }]
}

/** Whole untagged ports that are members of a bridge. */
function bridgedPorts(config: RouterConfig): ReadonlyMap<string, number> {
  return new Map(
    config.bridges.flatMap(({ id, members }) => members.flatMap((each) => (each.vlan === undefined ? [[each.interface, id]] : []))),
  )
}

/** All interfaces of the configuration by their names in VPP, each after those that it stands on. */
export function renderInterfaces(config: RouterConfig): Named[] {
  const byPath = new Map(layer3Interfaces(config).map((each) => [each.path, each]))
  const bridged = bridgedPorts(config)
  const all = [
    ...config.interfaces.flatMap((port, index) => portInterfaces(config, byPath, port, index)),
    ...loopbackInterfaces(config, byPath),
    ...bridgeInterfaces(config, byPath),
    ...config.crossConnects.flatMap((cross, index) => crossInterfaces(config, cross, index)),
    ...containerInterfaces(config),
  ]
  return all.map((each) => {
    const id = bridged.get(each.name)
    return id === undefined ? each : { ...each, interface: { ...each.interface, bridge: { id, routed: false } } }
  })
}
