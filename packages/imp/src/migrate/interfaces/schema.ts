/** The later layout of the reference system at the border: types are strict, unknown keys stay to be reported. */
import { z } from 'zod'
import {
  OldContainer,
  OldCpu,
  OldManagement,
  bridgeFields,
  flag,
  integer,
  list,
  loopbackFields,
  passthroughFields,
  subinterfaceFields,
  text,
  translationFields,
} from '../reference/fields.ts'

const layer3Fields = {
  ospf_area: integer,
  ospf_passive: flag,
  ospf6_area: integer,
  ospf6_passive: flag,
  ipv6_ra_enabled: flag,
  ipv6_ra_interval_max: integer,
  ipv6_ra_interval_min: integer,
  ipv6_ra_suppress: flag,
  ipv6_ra_prefixes: list(z.string()),
}
const OldLayer3 = z.looseObject(layer3Fields)
/** What interfaces, their VLANs, loopbacks and bridges all have. */
export type OldLayer3 = z.output<typeof OldLayer3>

const OldSubinterface = z.looseObject({ ...subinterfaceFields, ...layer3Fields })
export type OldSubinterface = z.output<typeof OldSubinterface>

const addresses = list(z.looseObject({ address: z.string(), prefix: integer }))
const OldInterface = z.looseObject({
  name: text,
  iface: z.string(),
  pci: text,
  ipv4: addresses,
  ipv6: addresses,
  mtu: integer,
  subinterfaces: list(OldSubinterface),
  ...layer3Fields,
})
export type OldInterface = z.output<typeof OldInterface>

const OldBgp = z.looseObject({
  enabled: flag,
  asn: integer,
  router_id: text,
  announced_prefixes: list(z.string()),
  peers: list(z.looseObject({ name: text, peer_ip: z.string(), peer_asn: integer, description: text, update_source: text })),
})
export type OldBgp = z.output<typeof OldBgp>

const OldOspf = z.looseObject({ enabled: flag, router_id: text, default_originate: flag })

/** The module that the reference system brings itself. */
const NatModule = z.looseObject({
  name: z.literal('nat'),
  enabled: flag,
  config: z.looseObject({ source_interfaces: list(z.string()), ...translationFields }).nullish(),
})
const OtherModule = z.looseObject({
  name: z.string().refine((name) => name !== 'nat'),
  enabled: flag,
  config: z.record(z.string(), z.unknown()).nullish(),
})
export type NatModule = z.output<typeof NatModule>

export const InterfacesDocument = z.looseObject({
  hostname: text,
  management: OldManagement.nullish(),
  interfaces: list(OldInterface),
  routes: list(z.looseObject({ destination: z.string(), via: text, interface: text })),
  bgp: OldBgp.nullish(),
  ospf: OldOspf.nullish(),
  ospf6: OldOspf.nullish(),
  container: OldContainer.nullish(),
  cpu: OldCpu.nullish(),
  vlan_passthrough: list(z.looseObject({ ...passthroughFields, from_interface: z.string(), to_interface: z.string() })),
  loopbacks: list(z.looseObject({ ...loopbackFields, ...layer3Fields })),
  bvi_domains: list(z.looseObject({ ...bridgeFields, ...layer3Fields })),
  modules: list(z.union([NatModule, OtherModule])),
})
export type InterfacesDocument = z.output<typeof InterfacesDocument>

/** The NAT module that runs, with its place; of several the first, since the reference system knows them by name. */
export function runningNat(document: InterfacesDocument): { readonly module: NatModule; readonly index: number } | undefined {
  for (const [index, module] of (document.modules ?? []).entries()) {
    if (isNat(module) && (module.enabled ?? true)) return { module, index }
  }
  return undefined
}

export function isNat(module: NonNullable<InterfacesDocument['modules']>[number]): module is NatModule {
  return module.name === 'nat'
}
