/**
 * What VPP shall have, and what it has, in the same words: things by key, each whole. A change is a patch of such things, so that it can
 * be carried out from any state, forwards and backwards, as often as it takes.
 */
import { z } from 'zod'
import type { Nic } from '../../interfaces/model.ts'

/** How an interface comes into being. What this says cannot be changed while it lives. */
export const Making = z.discriminatedUnion('driver', [
  /** A card that VPP drives since its start: DPDK's. */
  z.strictObject({ driver: z.literal('card') }),
  z.strictObject({ driver: z.literal('af-packet'), link: z.string() }),
  z.strictObject({ driver: z.literal('loopback'), instance: z.int() }),
  z.strictObject({ driver: z.literal('memif'), socket: z.int(), role: z.enum(['master', 'slave']), mac: z.string() }),
  z.strictObject({
    driver: z.literal('vlan'),
    port: z.string(),
    number: z.int(),
    outer: z.int(),
    /** 0 without one. */
    inner: z.int(),
    protocol: z.enum(['dot1q', 'dot1ad']),
    /** Frames with further tags do not belong to it; only such an interface may have addresses and a twin. */
    exact: z.boolean(),
  }),
])
export type Making = z.output<typeof Making>

export const AdvertisedPrefix = z.strictObject({
  prefix: z.string(),
  valid: z.int(),
  preferred: z.int(),
  onLink: z.boolean(),
  autonomous: z.boolean(),
  /** Whether the lifetimes count down towards a day on which the prefix ends, as VPP would have it, instead of staying as they are. */
  ending: z.boolean(),
})

/** Router advertisements; times in seconds. */
export const Advertisements = z.strictObject({
  managed: z.boolean(),
  other: z.boolean(),
  lifetime: z.int(),
  maximum: z.int(),
  minimum: z.int(),
  prefixes: z.array(AdvertisedPrefix),
})
export type Advertisements = z.output<typeof Advertisements>

export const Attachment = z.strictObject({ policy: z.int(), priority: z.int(), family: z.union([z.literal(4), z.literal(6)]) })
export type Attachment = z.output<typeof Attachment>

export const VppInterface = z.strictObject({
  making: Making,
  up: z.boolean(),
  /** Bytes of the largest packet; null where it is left to VPP. */
  mtu: z.int().nullable(),
  ipv6: z.boolean(),
  addresses: z.array(z.string()),
  /** Name of the Linux interface that stands for it. */
  twin: z.string().nullable(),
  bridge: z.strictObject({ id: z.int(), routed: z.boolean() }).nullable(),
  /** Interface that gets every frame of this one. */
  crossConnect: z.string().nullable(),
  /** Tags that are taken off on the way in and put back on the way out. */
  popped: z.int(),
  advertisements: Advertisements.nullable(),
  attachments: z.array(Attachment),
  /** Its side of the translation: deterministic NAT, or NAT64. */
  side: z.enum(['inside', 'outside']).nullable(),
})
export type VppInterface = z.output<typeof VppInterface>

/** Rules as `permit 10.0.0.0/8 0.0.0.0/0`. */
export const AccessList = z.strictObject({ rules: z.array(z.string()) })
export type AccessList = z.output<typeof AccessList>

/** Packets that the list permits go to the next hops, each `169.254.1.5 memif1/0`. */
export const Policy = z.strictObject({ list: z.string(), paths: z.array(z.string()) })
export type Policy = z.output<typeof Policy>

const Nothing = z.strictObject({})

/** Seconds that a session is kept without a packet. */
export const Timeouts = z.strictObject({ udp: z.int(), tcpEstablished: z.int(), tcpTransitory: z.int(), icmp: z.int() })

/**
 * Things by key: sockets and bridges by number, lists by tag, policies by number, routes by prefix, maps by `inside outside`, timeouts by
 * service, neighbours by `address interface`. Prefixes and pool addresses are those of NAT64.
 */
export const kindsOfThings = {
  services: Nothing,
  sockets: z.strictObject({ path: z.string() }),
  bridges: Nothing,
  interfaces: VppInterface,
  lists: AccessList,
  policies: Policy,
  routes: z.strictObject({ path: z.string() }),
  maps: Nothing,
  prefixes: Nothing,
  poolAddresses: Nothing,
  timeouts: Timeouts,
  /** Told rather than asked for (RFC 4861 is not spoken with them); in processes beside the core only. */
  neighbours: z.strictObject({ mac: z.string() }),
} as const
export type Section = keyof typeof kindsOfThings
export const sections = Object.keys(kindsOfThings) as Section[]

export type Things = { readonly [Key in Section]: Readonly<Record<string, z.output<(typeof kindsOfThings)[Key]>>> }

export const nothing: Things = {
  services: {},
  sockets: {},
  bridges: {},
  interfaces: {},
  lists: {},
  policies: {},
  routes: {},
  maps: {},
  prefixes: {},
  poolAddresses: {},
  timeouts: {},
  neighbours: {},
}

function patchOf<T extends z.ZodType>(thing: T) {
  return z.record(z.string(), thing.nullable()).exactOptional()
}

/** Things as they shall become; null for those that shall go. */
export const Patch = z.strictObject({
  services: patchOf(kindsOfThings.services),
  sockets: patchOf(kindsOfThings.sockets),
  bridges: patchOf(kindsOfThings.bridges),
  interfaces: patchOf(kindsOfThings.interfaces),
  lists: patchOf(kindsOfThings.lists),
  policies: patchOf(kindsOfThings.policies),
  routes: patchOf(kindsOfThings.routes),
  maps: patchOf(kindsOfThings.maps),
  prefixes: patchOf(kindsOfThings.prefixes),
  poolAddresses: patchOf(kindsOfThings.poolAddresses),
  timeouts: patchOf(kindsOfThings.timeouts),
  neighbours: patchOf(kindsOfThings.neighbours),
})
export type Patch = z.output<typeof Patch>

/** What a configuration asks of one VPP process. */
export interface DesiredInstance {
  readonly things: Things
  /** Places in the configuration by `section key`. */
  readonly paths: Readonly<Record<string, string>>
  /** Where the process is told lines instead of things (`model.ts`): all of them, without their mark. */
  readonly lines?: readonly string[]
}

/** The card of a port. */
export interface PortCard {
  readonly nic: Nic
  /** Name that it gets on an appliance where its own is that of an interface. */
  readonly movedTo: string
}

export interface DesiredVpp {
  readonly core: DesiredInstance
  /** The processes beside it, by name; `nat` is there when something is translated. */
  readonly beside: Readonly<Record<string, DesiredInstance>>
  /** How the cards of ports are found, by name of the port. Their making is worked out when it is known what is there. */
  readonly cards: Readonly<Record<string, PortCard>>
  /** Ports whose link comes later than VPP's configuration: they are left out until it is there. */
  readonly optional: readonly string[]
}

/** What was made before there was a section has nothing in it. */
const keysIn = (): z.ZodDefault<z.ZodArray<z.ZodString>> => z.array(z.string()).default([])

const Keys = z.strictObject(
  Object.fromEntries(sections.map((section) => [section, keysIn()])) as Record<Section, ReturnType<typeof keysIn>>,
)

/** What we made in each process and remember, to take it away when it is no longer wanted: keys by section, by name of the process. */
export const MadeVpp = z.record(z.string(), Keys)
export type MadeVpp = z.output<typeof MadeVpp>

export function keysOf(things: Things): Record<Section, string[]> {
  return Object.fromEntries(sections.map((section) => [section, Object.keys(things[section])])) as Record<Section, string[]>
}

export const nothingMadeInVpp: MadeVpp = {}

/** What was made for this state, as far as that is known without looking. */
export function madeOf({ core, beside }: Pick<DesiredVpp, 'core' | 'beside'>): MadeVpp {
  const all = Object.entries({ core, ...beside })
  return Object.fromEntries(all.map(([name, { things }]) => [name, keysOf(things)]))
}
