/** Ports, VLANs, loopbacks, bridges and cross-connects: what the configuration says about them, and the names that they get. */
import { z } from 'zod'
import { parseInterfaceAddress } from '@imp/kit/base/ip.ts'
import { Address6, Description, InterfaceAddress, Mac, PciAddress, Prefix6, VlanId, interfaceName } from '@imp/kit/base/schema.ts'
import { SecretReference } from '../secrets/model.ts'

export const Role = z
  .enum(['external', 'internal'])
  .describe('external: towards an upstream, traffic is translated here; internal: towards own networks')
export type Role = z.output<typeof Role>

export const Nic = z
  .strictObject({
    name: interfaceName()
      .describe('name that Linux gives the card')
      .meta({ examples: ['enp1s0f0'] })
      .exactOptional(),
    mac: Mac.describe('permanent hardware address, for cards whose name may change').exactOptional(),
    pci: PciAddress.describe('PCI address, required for a card that VPP drives by DPDK').exactOptional(),
  })
  .refine((nic) => Object.keys(nic).length === 1, 'must have exactly one of name, mac and pci')
  .meta({ description: 'how the network card is found', minProperties: 1, maxProperties: 1 })
export type Nic = z.output<typeof Nic>

const Addresses = z
  .array(InterfaceAddress)
  .default([])
  .describe('IPv4 and IPv6 addresses with the length of their network; link-local addresses come by themselves')

const Mtu = z
  .int()
  .min(1280)
  .max(9216)
  .describe('largest packet in bytes, without the Ethernet header; IPv6 needs 1280 (RFC 8200 5)')
  .meta({ examples: [1500, 9000] })

export const AdvertisedPrefix = z.strictObject({
  prefix: Prefix6.describe('network that hosts may take addresses from; address autoconfiguration needs a /64 (RFC 4862 5.5.3)'),
  validLifetime: z.int().min(1).max(4294967295).default(2592000).describe('seconds that addresses stay valid (RFC 4861 6.2.1)'),
  preferredLifetime: z
    .int()
    .min(0)
    .max(4294967295)
    .default(604800)
    .describe('seconds that addresses are preferred; not above validLifetime'),
  autonomous: z.boolean().default(true).describe('hosts make addresses of their own from it (A flag)'),
  onLink: z.boolean().default(true).describe('its addresses are reached without a router (L flag)'),
})

export const RouterAdvertisements = z
  .strictObject({
    send: z
      .boolean()
      .describe(
        'whether to send them; without this, internal interfaces with an IPv6 network of a /64 or larger do and external ones do not',
      )
      .exactOptional(),
    maximumInterval: z.int().min(4).max(1800).default(30).describe('longest time between two of them in seconds (RFC 4861 6.2.1)'),
    minimumInterval: z
      .int()
      .min(3)
      .max(1350)
      .describe('shortest time between two of them in seconds, at most 3/4 of the longest; FRR always takes a third of the longest')
      .exactOptional(),
    lifetime: z
      .int()
      .min(0)
      .max(9000)
      .describe('seconds that hosts keep this router as default router, 0 for never; three times maximumInterval unless told')
      .exactOptional(),
    managed: z.boolean().default(false).describe('hosts get addresses by DHCPv6 (M flag)'),
    other: z.boolean().default(false).describe('hosts get other settings by DHCPv6 (O flag)'),
    preference: z.enum(['low', 'medium', 'high']).default('medium').describe('preference among several routers (RFC 4191)'),
    mtu: z.int().min(1280).max(65535).describe('MTU that hosts shall use on this link').exactOptional(),
    prefixes: z
      .array(AdvertisedPrefix)
      .default([])
      .describe('advertised prefixes; without any, the /64 around each IPv6 address of the interface'),
    rdnss: z.array(Address6).default([]).describe('recursive name servers (RFC 8106)'),
    dnssl: z
      .array(
        z
          .string()
          .regex(/^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'must be a domain name')
          .max(253),
      )
      .default([])
      .describe('domains in which hosts look for short names (RFC 8106)'),
  })
  .describe('IPv6 router advertisements')
export type RouterAdvertisements = z.output<typeof RouterAdvertisements>

const ospfFields = {
  area: z.int().min(0).max(4294967295).default(0).describe('area of this interface, 0 is the backbone'),
  passive: z.boolean().default(false).describe('announce the networks of this interface but speak to nobody on it'),
  cost: z.int().min(1).max(65535).describe('cost of leaving by this interface; derived from its speed unless told').exactOptional(),
  network: z
    .enum(['broadcast', 'point-to-point'])
    .describe('point-to-point skips the election of a designated router on links with two routers')
    .exactOptional(),
  helloInterval: z.int().min(1).max(65535).default(10).describe('seconds between hello packets; equal on all routers of the link'),
  deadInterval: z
    .int()
    .min(1)
    .max(65535)
    .default(40)
    .describe('seconds of silence until a neighbour is gone; equal on all routers of the link'),
  bfd: z.boolean().default(false).describe('notice a dead neighbour within a second by BFD (RFC 5880)'),
}
const OspfAuthentication = z
  .strictObject({
    keyId: z.int().min(1).max(255).default(1).describe('number of the key, the same on all routers of the link'),
    key: SecretReference.describe('secret of at most 16 characters, the same on all routers of the link'),
  })
  .describe('sign packets, and take only those signed alike (MD5, RFC 2328 D.3)')

export const InterfaceOspf = z
  .strictObject({ ...ospfFields, authentication: OspfAuthentication.exactOptional() })
  .describe('makes the interface part of OSPF for IPv4')
export type InterfaceOspf = z.output<typeof InterfaceOspf>
export const InterfaceOspf6 = z.strictObject(ospfFields).describe('makes the interface part of OSPFv3 for IPv6')
export type InterfaceOspf6 = z.output<typeof InterfaceOspf6>

const layer3 = {
  description: Description.describe('one line for people').exactOptional(),
  addresses: Addresses,
  ra: RouterAdvertisements.exactOptional(),
  ospf: InterfaceOspf.exactOptional(),
  ospf6: InterfaceOspf6.exactOptional(),
}

const VlanProtocol = z.enum(['dot1q', 'dot1ad']).default('dot1q').describe('outer tag: IEEE 802.1Q (customer tag) or 802.1ad (service tag)')
const InnerVlan = VlanId.describe('inner tag of a frame with two tags (QinQ)').exactOptional()

export const Subinterface = z.strictObject({
  vlan: VlanId.describe('VLAN identifier; the outer one when innerVlan is there'),
  innerVlan: InnerVlan,
  protocol: VlanProtocol,
  name: interfaceName()
    .describe('name of the interface; <port>.<vlan> or <port>.<vlan>.<innerVlan> unless told')
    .meta({ examples: ['guests'] })
    .exactOptional(),
  role: Role.describe('role of this VLAN; that of its port unless told').exactOptional(),
  enabled: z.boolean().default(true).describe('whether the VLAN carries traffic'),
  mtu: Mtu.describe('largest packet in bytes; that of its port unless told').exactOptional(),
  ...layer3,
})
export type Subinterface = z.output<typeof Subinterface>

export const Interface = z.strictObject({
  name: interfaceName()
    .describe('name in this configuration, in Linux, in VPP and in FRR; at most 15 bytes, shorter when it has VLANs')
    .meta({ examples: ['wan', 'lan'] }),
  role: Role,
  nic: Nic.describe('how the network card is found; by a Linux name equal to the name of the interface unless told').exactOptional(),
  enabled: z.boolean().default(true).describe('whether the port is up'),
  mtu: Mtu.default(1500),
  ...layer3,
  subinterfaces: z.array(Subinterface).default([]).describe('VLANs of this port with addresses of their own'),
})
export type Interface = z.output<typeof Interface>

export const Loopback = z.strictObject({
  instance: z.int().min(0).max(16383).describe('number of the loopback, unique'),
  name: interfaceName()
    .describe('name; lo<instance> unless told')
    .meta({ examples: ['router-id'] })
    .exactOptional(),
  ...layer3,
  addresses: Addresses.describe('addresses of the router itself, that no port can take down with it; usually /32 and /128'),
})
export type Loopback = z.output<typeof Loopback>

export const BridgeMember = z.strictObject({
  interface: interfaceName()
    .describe('name of a port')
    .meta({ examples: ['lan'] }),
  vlan: VlanId.describe('only frames with this tag, which is taken off in the bridge; the whole untagged port unless told').exactOptional(),
})
export type BridgeMember = z.output<typeof BridgeMember>

export const Bridge = z.strictObject({
  id: z
    .int()
    .min(1)
    .max(16383)
    .describe('number of the bridge domain, unique')
    .meta({ examples: [100] }),
  name: interfaceName()
    .describe('name of the routed interface of the bridge; br<id> unless told')
    .meta({ examples: ['customers'] })
    .exactOptional(),
  role: Role.default('internal'),
  members: z.array(BridgeMember).min(1).describe('ports, or VLANs of ports, that are one Ethernet'),
  mtu: Mtu.default(1500),
  ...layer3,
})
export type Bridge = z.output<typeof Bridge>

export const CrossConnect = z.strictObject({
  name: interfaceName(12).describe('what to call it; cross<vlan> or cross<vlan>-<innerVlan> unless told').exactOptional(),
  from: interfaceName()
    .describe('name of a port')
    .meta({ examples: ['wan'] }),
  to: interfaceName()
    .describe('name of another port')
    .meta({ examples: ['lan'] }),
  vlan: VlanId.describe('tag of the frames that pass, the same on both sides; the outer one when there are two'),
  protocol: VlanProtocol,
  innerVlan: InnerVlan.describe('only frames with this second tag; without it any frame under the outer tag passes, whatever it holds'),
})
export type CrossConnect = z.output<typeof CrossConnect>

/** The part of the configuration that this room owns. */
export interface Links {
  readonly dataplane: 'linux' | 'vpp'
  readonly interfaces: readonly Interface[]
  readonly loopbacks: readonly Loopback[]
  readonly bridges: readonly Bridge[]
  readonly crossConnects: readonly CrossConnect[]
}

/** How the card of a port is found: as told, or by a Linux name equal to the name of the port. */
export function nicOf(port: Interface): Nic {
  return port.nic ?? { name: port.name }
}

/** Linux name of a VLAN on a port, `lan.100`, or with two tags `lan.100.7`. May be longer than Linux allows: `check` refuses it then. */
export function vlanName(port: string, vlan: number, innerVlan?: number): string {
  return innerVlan === undefined ? `${port}.${vlan}` : `${port}.${vlan}.${innerVlan}`
}

export function subinterfaceName(port: Interface | string, subinterface: Subinterface): string {
  const parent = typeof port === 'string' ? port : port.name
  return subinterface.name ?? vlanName(parent, subinterface.vlan, subinterface.innerVlan)
}

export function loopbackName(loopback: Loopback): string {
  return loopback.name ?? `lo${loopback.instance}`
}

export function bridgeName(bridge: Bridge): string {
  return bridge.name ?? `br${bridge.id}`
}

/** Linux name of what joins the bridge: the port itself, or the VLAN of it. */
export function memberName(member: BridgeMember): string {
  return member.vlan === undefined ? member.interface : vlanName(member.interface, member.vlan)
}

export function crossConnectName(cross: CrossConnect): string {
  return cross.name ?? (cross.innerVlan === undefined ? `cross${cross.vlan}` : `cross${cross.vlan}-${cross.innerVlan}`)
}

/** An interface that may carry addresses, whatever it is made of, with nothing left open. */
export interface Layer3Interface {
  /** Name in the configuration: what routes and peers refer to. */
  readonly name: string
  /** Linux interface that carries the addresses; FRR speaks of this one. `lo` for loopbacks of the Linux dataplane. */
  readonly link: string
  /** Place in the configuration, such as `interfaces[0].subinterfaces[1]`. */
  readonly path: string
  readonly kind: 'port' | 'subinterface' | 'loopback' | 'bridge'
  /** Name of the port below a subinterface. */
  readonly port?: string
  readonly role: Role
  readonly enabled: boolean
  readonly mtu: number
  readonly description?: string
  /** Addresses with the length of their network, as configured. */
  readonly addresses: readonly string[]
  readonly ra?: RouterAdvertisements
  readonly ospf?: InterfaceOspf
  readonly ospf6?: InterfaceOspf6
}

type Layer3Fields = Pick<Layer3Interface, 'description' | 'addresses' | 'ra' | 'ospf' | 'ospf6'>

function layer3Fields(from: Layer3Fields): Layer3Fields {
  return {
    addresses: from.addresses,
    ...(from.description === undefined ? {} : { description: from.description }),
    ...(from.ra === undefined ? {} : { ra: from.ra }),
    ...(from.ospf === undefined ? {} : { ospf: from.ospf }),
    ...(from.ospf6 === undefined ? {} : { ospf6: from.ospf6 }),
  }
}

function layer3Port(port: Interface, index: number): Layer3Interface[] {
  const { name, role, enabled, mtu } = port
  const path = `interfaces[${index}]`
  const subinterfaces = port.subinterfaces.map((sub, place): Layer3Interface => {
    const own = subinterfaceName(port, sub)
    return {
      name: own,
      link: own,
      path: `${path}.subinterfaces[${place}]`,
      kind: 'subinterface',
      port: name,
      role: sub.role ?? role,
      enabled: enabled && sub.enabled,
      mtu: sub.mtu ?? mtu,
      ...layer3Fields(sub),
    }
  })
  return [{ name, link: name, path, kind: 'port', role, enabled, mtu, ...layer3Fields(port) }, ...subinterfaces]
}

/** MTU of Linux's `lo`, which is also that of VPP's loopbacks for our purposes: nothing is cut on the way to the router itself. */
const loopbackMtu = 65536

/** Every interface that may carry addresses: ports, each with its VLANs, then loopbacks, then bridges, in the order of the configuration. */
export function layer3Interfaces(config: Omit<Links, 'crossConnects'>): Layer3Interface[] {
  return [
    ...config.interfaces.flatMap(layer3Port),
    ...config.loopbacks.map((loopback, index): Layer3Interface => {
      const name = loopbackName(loopback)
      const link = config.dataplane === 'linux' ? 'lo' : name
      const path = `loopbacks[${index}]`
      return { name, link, path, kind: 'loopback', role: 'internal', enabled: true, mtu: loopbackMtu, ...layer3Fields(loopback) }
    }),
    ...config.bridges.map((bridge, index): Layer3Interface => {
      const name = bridgeName(bridge)
      const { role, mtu } = bridge
      return { name, link: name, path: `bridges[${index}]`, kind: 'bridge', role, enabled: true, mtu, ...layer3Fields(bridge) }
    }),
  ]
}

/** The interfaces towards upstreams, on which traffic is translated. */
export function externalInterfaces(config: Omit<Links, 'crossConnects'>): Layer3Interface[] {
  return layer3Interfaces(config).filter((each) => each.role === 'external')
}

/** Whether router advertisements go out: as told, or else on internal interfaces with an IPv6 network that hosts can live in. */
export function sendsAdvertisements(each: Layer3Interface): boolean {
  if (each.kind === 'loopback') return false
  const networks = each.addresses.map((text) => parseInterfaceAddress(text)).filter(({ family, length }) => family === 6 && length <= 64)
  return each.ra?.send ?? (each.role === 'internal' && networks.length > 0)
}
