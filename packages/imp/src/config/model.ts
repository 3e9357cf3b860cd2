/** The configuration of a router: `router.json`, the models of all rooms in one strict object. */
import { z } from 'zod'
import type { Finding } from '@imp/kit/base/fault.ts'
import { bits, networkOf, parseInterfaceAddress, type Address, type InterfaceAddress, type Prefix } from '@imp/kit/base/ip.ts'
import { HostName, Name } from '@imp/kit/base/schema.ts'
import { Container, containerAddresses } from '../containers/model.ts'
import { Bridge, CrossConnect, Interface, Loopback, layer3Interfaces, type Layer3Interface } from '../interfaces/model.ts'
import { Management } from '../management/model.ts'
import { Nat } from '../nat/model.ts'
import { Nat64 } from '../nat64/model.ts'
import { Bgp, Ospf, Ospf6, PolicyRoute, Route, maximumPolicyRoutes } from '../routing/model.ts'

/** Name of the schema in the document's envelope, and the version that this program writes. */
export const routerSchema = 'imp.router'
export const routerVersion = 1

const CoreList = z
  .string()
  .regex(/^\d+(-\d+)?(,\d+(-\d+)?)*$/, 'must be a list of cores such as 2-5 or 2,4')
  .meta({ examples: ['2-5', '2,4'] })

export const Cpu = z
  .strictObject({
    main: z.int().min(0).max(1023).describe('core of the main thread of the dataplane').exactOptional(),
    workers: CoreList.describe('cores that do nothing but forward packets').exactOptional(),
  })
  .describe('which cores the dataplane takes; chosen by the number of cores unless told')

export const Module = z.strictObject({
  name: Name.describe('name of an installed module').meta({ examples: ['nat64'] }),
  enabled: z.boolean().default(true).describe('whether it runs'),
  config: z.record(z.string(), z.unknown()).default({}).describe('settings of the module, checked by the module itself'),
})

export const RouterConfig = z
  .strictObject({
    $schema: z
      .string()
      .max(4096)
      .describe('where editors find the JSON Schema of this file')
      .meta({ examples: ['./imp.router.schema.json'] })
      .exactOptional(),
    schema: z.literal(routerSchema).describe('kind of this document'),
    version: z.literal(routerVersion).describe('version of the layout of this document'),
    hostname: HostName.describe('name of the router'),
    dataplane: z.enum(['linux', 'vpp']).default('linux').describe('what forwards packets: the Linux kernel, or VPP'),
    management: Management.exactOptional(),
    interfaces: z.array(Interface).default([]).describe('ports of the dataplane'),
    loopbacks: z.array(Loopback).default([]).describe('addresses of the router itself'),
    bridges: z.array(Bridge).default([]).describe('ports and VLANs joined to one Ethernet, with a routed address'),
    crossConnects: z.array(CrossConnect).default([]).describe('VLANs that pass from one port to another unrouted'),
    routes: z.array(Route).default([]).describe('static routes'),
    policyRoutes: z
      .array(PolicyRoute)
      .max(maximumPolicyRoutes)
      .default([])
      .describe('routes by source, asked in this order before the routing table'),
    bgp: Bgp.exactOptional(),
    ospf: Ospf.exactOptional(),
    ospf6: Ospf6.exactOptional(),
    nat: Nat.exactOptional(),
    nat64: Nat64.exactOptional(),
    container: Container.exactOptional(),
    cpu: Cpu.exactOptional(),
    modules: z.array(Module).default([]).describe('operator-defined extensions of the dataplane'),
  })
  .meta({ title: 'IMP router configuration' })
export type RouterConfig = z.output<typeof RouterConfig>

/** As people may write it: fields with defaults left out. */
export type RouterConfigInput = z.input<typeof RouterConfig>

/** An address that this router has in the dataplane, and the network around it. */
export interface OwnAddress {
  /** Name of the interface in the configuration. */
  readonly name: string
  /** Place in the configuration. */
  readonly path: string
  readonly kind: Layer3Interface['kind'] | 'container'
  readonly role: Layer3Interface['role']
  readonly text: string
  readonly address: InterfaceAddress
  readonly network: Prefix
}

function ownContainerAddress(config: RouterConfig): OwnAddress[] {
  if (config.container === undefined) return []
  const { network, gateway } = containerAddresses(config.container)
  if (gateway === undefined) return []
  const text = `${gateway}/${network.length}`
  const address = parseInterfaceAddress(text)
  return [{ name: 'container', path: 'container.network', kind: 'container', role: 'internal', text, address, network }]
}

/** All addresses of the dataplane: those of interfaces, loopbacks and bridges, then that of the container network. */
export function ownAddresses(config: RouterConfig): OwnAddress[] {
  const interfaces = layer3Interfaces(config).flatMap(({ name, path, kind, role, addresses }) =>
    addresses.map((text, index): OwnAddress => {
      const address = parseInterfaceAddress(text)
      return { name, path: `${path}.addresses[${index}]`, kind, role, text, address, network: networkOf(address) }
    }),
  )
  return [...interfaces, ...ownContainerAddress(config)]
}

/** Own addresses by where they are: what rules about thousands of routes ask. */
export interface OwnNetworks {
  readonly all: readonly OwnAddress[]
  /** The interface that has exactly this address. */
  at(address: Address): OwnAddress | undefined
  /** Those in whose network the address is, the smallest network first. */
  around(address: Address): OwnAddress[]
  /** The interface of exactly this network. */
  of(network: Prefix): OwnAddress | undefined
}

function networkKey({ family, value, length }: Prefix): string {
  return `${family} ${value} ${length}`
}

export function ownNetworks(config: RouterConfig): OwnNetworks {
  const all = ownAddresses(config)
  const byAddress = new Map(all.toReversed().map((own) => [`${own.address.family} ${own.address.value}`, own]))
  const byNetwork = Map.groupBy(all, ({ network }) => networkKey(network))
  const lengths = [...new Set(all.map(({ network }) => network.length))].toSorted((a, b) => b - a)
  return {
    all,
    at: ({ family, value }) => byAddress.get(`${family} ${value}`),
    around: ({ family, value }) =>
      lengths
        .filter((length) => length <= bits(family))
        .flatMap((length) => byNetwork.get(networkKey(networkOf({ family, value, length }))) ?? []),
    of: (network) => byNetwork.get(networkKey(network))?.[0],
  }
}

function finding(severity: Finding['severity'], path: string, value: unknown, message: string, hint: string): Finding {
  const text = value === undefined ? undefined : JSON.stringify(value)
  const shown = text !== undefined && text.length > 80 ? `${text.slice(0, 77)}...` : text
  return { path, severity, message, hint, ...(shown === undefined ? {} : { value: shown }) }
}

/** A finding that keeps a configuration from being used. `value` is what stands at the path. */
export function wrong(path: string, value: unknown, message: string, hint: string): Finding {
  return finding('error', path, value, message, hint)
}

/** Fields that name a member of a list in paths, the first that all members have counts. */
export const keyFields = ['name', 'instance', 'id', 'vlan', 'prefix', 'community'] as const
export type KeyField = (typeof keyFields)[number]

/** A finding that a person should know about; the configuration can be used. */
export function doubtful(path: string, value: unknown, message: string, hint: string): Finding {
  return finding('warning', path, value, message, hint)
}

/** One `wrong` for every item whose key an earlier item has; items whose key is undefined have none. */
export function duplicates<T>(
  items: readonly T[],
  keyOf: (item: T) => string | undefined,
  report: (item: T, earlier: T) => Finding,
): Finding[] {
  const seen = new Map<string, T>()
  return items.flatMap((item) => {
    const key = keyOf(item)
    if (key === undefined) return []
    const earlier = seen.get(key)
    if (earlier !== undefined) return [report(item, earlier)]
    seen.set(key, item)
    return []
  })
}
