/** Static routes, policy routes, BGP and OSPF. */
import { z } from 'zod'
import { Address, Address4, Asn, Description, Prefix, interfaceName } from '@imp/kit/base/schema.ts'
import { SecretReference } from '../secrets/model.ts'

export const Route = z
  .strictObject({
    prefix: Prefix.describe('destination; 0.0.0.0/0 and ::/0 are the default routes').meta({ examples: ['0.0.0.0/0', '2001:db8:a::/48'] }),
    via: Address.describe('next hop; a link-local one needs interface as well').exactOptional(),
    interface: z
      .string()
      .min(1)
      .max(15)
      .describe('name of the interface to leave by')
      .meta({ examples: ['wan'] })
      .exactOptional(),
    blackhole: z.literal(true).describe('drop packets to this destination silently').exactOptional(),
    distance: z.int().min(1).max(254).describe('administrative distance, lower wins; 1 unless told').exactOptional(),
  })
  .refine((route) => (route.blackhole === true) !== (route.via !== undefined || route.interface !== undefined), {
    message: 'needs a next hop: via, interface or both, or else blackhole',
  })
export type Route = z.output<typeof Route>

export const PolicyRoute = z.strictObject({
  name: interfaceName(32)
    .describe('what to call it, unique')
    .meta({ examples: ['offices-by-isp2'] }),
  from: z.array(Prefix).min(1).describe('packets from these networks, all of one family'),
  incoming: z.string().min(1).max(15).describe('only when they come in by this interface').exactOptional(),
  via: Address.describe('next hop that they take instead of the routing table, when it is not a network of our own'),
})
export type PolicyRoute = z.output<typeof PolicyRoute>

const PrefixRange = z.strictObject({
  prefix: Prefix.describe('network'),
  maximumLength: z
    .int()
    .min(0)
    .max(128)
    .describe('longest prefix inside it that matches too; only the network itself unless told')
    .exactOptional(),
})
export type PrefixRange = z.output<typeof PrefixRange>

const Community = z
  .string()
  .regex(
    /^(\d{1,5}:\d{1,5}|no-export|no-advertise|local-AS|no-peer|blackhole|graceful-shutdown)$/,
    'must be a community such as 64500:100 or no-export',
  )
  .refine((text) => text.split(':').every((part) => !/^\d+$/.test(part) || Number(part) <= 65535), 'both halves must be at most 65535')
  .meta({ examples: ['64500:100', 'no-export'] })

const TaggedRoutes = z
  .strictObject({
    community: Community.describe('routes that carry this community'),
    reject: z.literal(true).describe('are not taken').exactOptional(),
    localPreference: z.int().min(0).max(4294967295).describe('get this preference instead of that of the peer').exactOptional(),
  })
  .refine((tagged) => (tagged.reject === true) !== (tagged.localPreference !== undefined), {
    message: 'needs either reject or localPreference',
  })
export type TaggedRoutes = z.output<typeof TaggedRoutes>

export const ImportPolicy = z
  .strictObject({
    acceptDefault: z.boolean().default(false).describe('take a default route from this peer'),
    acceptBogons: z
      .boolean()
      .default(false)
      .describe('take private, documentation and very small networks too, as in a laboratory or between own networks'),
    accept: z.array(PrefixRange).describe('take only these prefixes; everything that is sensible unless told').exactOptional(),
    reject: z.array(PrefixRange).default([]).describe('never take these prefixes'),
    communities: z
      .array(TaggedRoutes)
      .default([])
      .describe('what to do with routes by the communities that the peer put on them; of several preferences the first wins'),
    localPreference: z
      .int()
      .min(0)
      .max(4294967295)
      .describe('preference of its routes over those of other peers, higher wins; 100 unless told')
      .exactOptional(),
  })
  .describe('which routes to take; from other autonomous systems never bogons, own prefixes and, unless acceptDefault, the default route')
export type ImportPolicy = z.output<typeof ImportPolicy>

export const ExportPolicy = z
  .strictObject({
    announced: z.array(Prefix).describe('announce only these of the announced prefixes; all of its family unless told').exactOptional(),
    prepend: z
      .int()
      .min(0)
      .max(10)
      .default(0)
      .describe('put our own AS number this many times more into the path, to attract less traffic'),
    med: z.int().min(0).max(4294967295).describe('multi-exit discriminator, lower attracts more traffic').exactOptional(),
    communities: z.array(Community).default([]).describe('communities to tag the announcements with'),
    default: z.boolean().default(false).describe('announce a default route to this peer, whether or not we have one'),
    sendCommunities: z.boolean().default(true).describe('pass communities on to this peer, ours and those of other peers'),
  })
  .describe('which routes to announce; to other autonomous systems never anything but announced prefixes')
export type ExportPolicy = z.output<typeof ExportPolicy>

export const BgpPeer = z.strictObject({
  name: interfaceName(32)
    .describe('what to call it, unique')
    .meta({ examples: ['transit1'] }),
  address: Address.describe('address of the peer; its family is the family of the routes').meta({
    examples: ['198.51.100.1', '2001:db8:ffff::1'],
  }),
  asn: Asn.describe('autonomous system of the peer; equal to our own for iBGP'),
  description: Description.describe('one line for people').exactOptional(),
  enabled: z.boolean().default(true).describe('whether to speak to it'),
  updateSource: z
    .string()
    .min(1)
    .max(45)
    .describe('own address, or name of the interface whose address is used; that towards the peer unless told')
    .meta({ examples: ['router-id', '203.0.113.1'] })
    .exactOptional(),
  multihop: z
    .int()
    .min(2)
    .max(255)
    .describe('greatest number of hops to a peer of another AS that is not on a connected network')
    .exactOptional(),
  keepalive: z.int().min(1).max(21845).describe('seconds between keepalives; a third of holdTime unless told').exactOptional(),
  holdTime: z.int().min(3).max(65535).default(90).describe('seconds of silence until the session is gone (RFC 4271 10)'),
  connectRetry: z.int().min(1).max(65535).default(10).describe('seconds between attempts to connect'),
  maximumPrefixes: z
    .int()
    .min(1)
    .max(4294967295)
    .describe('end the session when the peer sends more; the protection against a full table by accident')
    .exactOptional(),
  bfd: z.boolean().default(false).describe('notice a dead peer within a second by BFD (RFC 5880)'),
  password: SecretReference.describe(
    'secret that signs the packets of the session (TCP MD5, RFC 2385), the same on both sides',
  ).exactOptional(),
  ttlSecurity: z
    .int()
    .min(1)
    .max(254)
    .describe('take packets only from a peer at most so many hops away, 1 for a connected one (GTSM, RFC 5082); the peer must do the same')
    .meta({ examples: [1] })
    .exactOptional(),
  gracefulRestart: z
    .literal(false)
    .describe('false keeps this peer out of graceful restart: its routes go at once when its session does')
    .exactOptional(),
  reflectorClient: z
    .boolean()
    .default(false)
    .describe('pass routes of other iBGP peers on to this one and its routes on to them (route reflector, RFC 4456)'),
  nextHopSelf: z
    .boolean()
    .describe('whether an iBGP peer sends what it forwards by our external routes to us instead of to their next hop; true unless told')
    .exactOptional(),
  import: ImportPolicy.prefault({}),
  export: ExportPolicy.prefault({}),
})
export type BgpPeer = z.output<typeof BgpPeer>

export const GracefulRestart = z
  .strictObject({
    restartTime: z.int().min(1).max(4095).default(120).describe('seconds that peers wait for us to come back'),
    staleTime: z.int().min(1).max(4095).default(360).describe('seconds that routes of a peer that restarts stay in use'),
  })
  .describe('forwarding goes on while bgpd restarts, here and at the peers (RFC 4724); acts on sessions that begin after the change')
export type GracefulRestart = z.output<typeof GracefulRestart>

export const Bgp = z
  .strictObject({
    asn: Asn.describe('own autonomous system'),
    routerId: Address4.describe('identity of this router, one of its IPv4 addresses').meta({ examples: ['203.0.113.1'] }),
    announced: z
      .array(Prefix)
      .default([])
      .describe('own networks that the world shall see; what is in none of them is never announced to another AS')
      .meta({ examples: [['203.0.113.0/24', '2001:db8:10::/48']] }),
    clusterId: Address4.describe('identity of the cluster of route reflectors to which this router belongs; its router id unless told')
      .meta({ examples: ['203.0.113.1'] })
      .exactOptional(),
    gracefulRestart: GracefulRestart.exactOptional(),
    peers: z.array(BgpPeer).default([]).describe('routers to exchange routes with'),
  })
  .describe('BGP; left out, it is off')
export type Bgp = z.output<typeof Bgp>

const Announced = z
  .array(Prefix)
  .default([])
  .describe('networks of static routes, and of interfaces that take no part, to announce as external ones; nothing else of these is')

export const Ospf = z
  .strictObject({
    routerId: Address4.describe('identity of this router; that of BGP unless told').exactOptional(),
    defaultOriginate: z.boolean().default(false).describe('announce a default route while there is one'),
    announced: Announced,
  })
  .describe('OSPF for IPv4; interfaces take part by their own ospf; left out, it is off')
export type Ospf = z.output<typeof Ospf>

export const Ospf6 = z
  .strictObject({
    routerId: Address4.describe('identity of this router; that of ospf, then that of BGP unless told').exactOptional(),
    defaultOriginate: z.boolean().default(false).describe('announce a default route while there is one'),
    announced: Announced,
  })
  .describe('OSPFv3 for IPv6; interfaces take part by their own ospf6; left out, it is off')
export type Ospf6 = z.output<typeof Ospf6>

/** Kernel routing table and firewall mark of the policy route at this place of the list: 1001 and 1 for the first. */
export function policyTable(index: number): { readonly table: number; readonly mark: number } {
  return { table: 1001 + index, mark: 1 + index }
}

/** Greatest number of policy routes: marks live in the lowest eight bits. */
export const maximumPolicyRoutes = 255

/** Mask of the firewall marks that policy routes use. */
export const policyMarkMask = 0xff

/** Whether an update source is an address; otherwise it is the name of an interface. */
export function isAddress(updateSource: string): boolean {
  return Address.safeParse(updateSource).success
}

/** Seconds between keepalives to a peer: at most a third of the hold time (RFC 4271 10), to which FRR cuts it without a word. */
export function keepaliveOf(peer: BgpPeer): number {
  const third = Math.floor(peer.holdTime / 3)
  return Math.min(peer.keepalive ?? third, third)
}

interface RouterIds {
  readonly bgp?: Bgp
  readonly ospf?: Ospf
  readonly ospf6?: Ospf6
}

/** Identity of the router in OSPF: its own, or that of BGP. */
export function ospfRouterId(config: RouterIds): string | undefined {
  return config.ospf?.routerId ?? config.bgp?.routerId
}

/** Identity of the router in OSPFv3: its own, or that of OSPF, or that of BGP. */
export function ospf6RouterId(config: RouterIds): string | undefined {
  return config.ospf6?.routerId ?? ospfRouterId(config)
}
