/** What the Linux kernel of a router shall have, as data: rendered from the configuration, remembered in the running document. */
import { z } from 'zod'
import { Nic } from '../../interfaces/model.ts'

export const Family = z.union([z.literal(4), z.literal(6)])

/** A link as it shall be. Links come after those that they stand on. */
export const DesiredLink = z.strictObject({
  name: z.string(),
  kind: z.enum(['port', 'vlan', 'bridge', 'loopback', 'tun']),
  /** How the card of a port is found. */
  nic: Nic.exactOptional(),
  /** Link below a VLAN. */
  parent: z.string().exactOptional(),
  vlan: z.int().exactOptional(),
  protocol: z.enum(['802.1Q', '802.1ad']).exactOptional(),
  /** Bridge that it is a member of. */
  master: z.string().exactOptional(),
  /** Bytes; the kernel's own for the loopback, and for the link of a translator. */
  mtu: z.int().exactOptional(),
  up: z.boolean(),
  /** In `ip`'s spelling, with the length of the network. */
  addresses: z.array(z.string()),
})
export type DesiredLink = z.output<typeof DesiredLink>

/** Packets with this mark ask this routing table. */
export const Rule = z.strictObject({ family: Family, priority: z.int(), mark: z.int(), mask: z.int(), table: z.int() })
export type Rule = z.output<typeof Rule>

/** A table of nftables. */
export const TableName = z.strictObject({ family: z.enum(['ip', 'ip6', 'inet']), name: z.string() })
export type TableName = z.output<typeof TableName>

/** A table with its whole text, which replaces the table at once. */
export interface DesiredTable extends TableName {
  readonly text: string
}

export interface DesiredLinux {
  readonly links: readonly DesiredLink[]
  /** By key in sysctl(8)'s dotted spelling, where a dot inside an interface name is a slash. */
  readonly sysctls: Readonly<Record<string, string>>
  readonly rules: readonly Rule[]
  readonly tables: readonly DesiredTable[]
  /** What the translator of NAT64 is told; undefined when it shall not run. */
  readonly translator?: string
}

/** What we made in the kernel and remember, to take it away when it is no longer wanted. Texts of tables as digests of their listing. */
export const MadeLinux = z.strictObject({
  links: z.array(DesiredLink),
  rules: z.array(Rule),
  tables: z.array(TableName.extend({ listing: z.string() })),
})
export type MadeLinux = z.output<typeof MadeLinux>

/** Forgets how tables were listed: what was just loaded is judged by its source alone. */
export function withoutListings<Made extends MadeLinux>(made: Made): Made {
  return { ...made, tables: [] }
}

export const nothingMade: MadeLinux = { links: [], rules: [], tables: [] }
