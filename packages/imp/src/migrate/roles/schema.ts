/**
 * The earlier layout of the reference system at the border: types are strict, unknown keys stay to be reported.
 */
import { z } from 'zod'
import {
  OldContainer,
  OldCpu,
  OldManagement,
  addressFields,
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

const Subinterface = z.looseObject(subinterfaceFields)
const portFields = { iface: z.string(), pci: text, ...addressFields, subinterfaces: list(Subinterface) }
const External = z.looseObject({ ...portFields, ipv4_gateway: text, ipv6_gateway: text })
const Internal = z.looseObject({ ...portFields, vpp_name: text, network: text, ipv6_network: text, ipv6_ra_prefix: text })
export const OldBgp = z.looseObject({ enabled: flag, asn: integer, router_id: text, peer_ipv4: text, peer_ipv6: text, peer_asn: integer })

/** The earlier layout at the border: types are strict, unknown keys stay to be reported. */
export const RolesDocument = z.looseObject({
  hostname: text,
  management: OldManagement.nullish(),
  external: External.nullish(),
  internal: list(Internal),
  bgp: OldBgp.nullish(),
  nat: z.looseObject({ bgp_prefix: text, ...translationFields }).nullish(),
  container: OldContainer.nullish(),
  cpu: OldCpu.nullish(),
  vlan_passthrough: list(z.looseObject({ ...passthroughFields, internal_interface: z.string() })),
  loopbacks: list(z.looseObject(loopbackFields)),
  bvi_domains: list(z.looseObject(bridgeFields)),
})
export type RolesDocument = z.output<typeof RolesDocument>
export type External = z.output<typeof External>
export type Internal = z.output<typeof Internal>
export type Subinterface = z.output<typeof Subinterface>
export type OldBgp = z.output<typeof OldBgp>
