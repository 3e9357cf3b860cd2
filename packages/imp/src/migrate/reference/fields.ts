/** Fields that both layouts of the reference system's router.json share. Strict about types; unknown keys stay, to be reported. */
import { z } from 'zod'

export const text = z.string().nullish()
export const integer = z.int().nullish()
export const flag = z.boolean().nullish()

/** A list that may be missing or null. */
export function list<Item extends z.ZodType>(item: Item) {
  return z.array(item).nullish()
}

/** One address for each family, split into two fields. */
export const addressFields = { ipv4: text, ipv4_prefix: integer, ipv6: text, ipv6_prefix: integer }

export const OldManagement = z.looseObject({
  iface: z.string(),
  mode: z.enum(['dhcp', 'static']).nullish(),
  ipv4: text,
  ipv4_prefix: integer,
  ipv4_gateway: text,
})
export type OldManagement = z.output<typeof OldManagement>

export const OldContainer = z.looseObject({
  network: text,
  gateway: text,
  prefix: integer,
  bridge_ip: text,
  dhcp_start: text,
  dhcp_end: text,
  ipv6: text,
  ipv6_prefix: integer,
  ipv6_ra_prefix: text,
  bridge_ipv6: text,
})
export type OldContainer = z.output<typeof OldContainer>

export const OldCpu = z.looseObject({
  total_cores: integer,
  core_main: integer,
  core_workers: text,
  core_worker_count: integer,
  nat_main: integer,
  nat_workers: text,
  nat_worker_count: integer,
})

export const passthroughFields = { vlan_id: z.int(), vlan_type: z.enum(['dot1q', 'dot1ad']).nullish(), inner_vlan: integer }
export interface OldPassthrough {
  readonly vlan_id: number
  readonly vlan_type?: 'dot1q' | 'dot1ad' | null | undefined
  readonly inner_vlan?: number | null | undefined
}

export const subinterfaceFields = { vlan_id: z.int(), ...addressFields, create_lcp: flag }
export const loopbackFields = { instance: z.int(), name: text, ...addressFields, create_lcp: flag }
export const bridgeFields = {
  bridge_id: z.int(),
  name: text,
  members: list(z.looseObject({ interface: z.string(), vlan_id: integer })),
  ...addressFields,
  create_lcp: flag,
}
export interface OldBridge {
  readonly bridge_id: number
  readonly name?: string | null | undefined
  readonly members?: readonly { readonly interface: string; readonly vlan_id?: number | null | undefined }[] | null | undefined
}

export const translationFields = {
  mappings: list(z.looseObject({ source_network: z.string(), nat_pool: z.string() })),
  bypass_pairs: list(z.looseObject({ source: z.string(), destination: z.string() })),
}
export interface OldTranslation {
  readonly mappings?: readonly { readonly source_network: string; readonly nat_pool: string }[] | null | undefined
  readonly bypass_pairs?: readonly { readonly source: string; readonly destination: string }[] | null | undefined
}

export interface OldAddresses {
  readonly ipv4?: string | null | undefined
  readonly ipv4_prefix?: number | null | undefined
  readonly ipv6?: string | null | undefined
  readonly ipv6_prefix?: number | null | undefined
}
