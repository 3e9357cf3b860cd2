/** What the guided configuration asks: the answers, whole as a file gives them or in part as a person is giving them. */
import { z } from 'zod'
import { Address, Address4, Asn, HostName, InterfaceAddress, Prefix, interfaceName } from '@imp/kit/base/schema.ts'
import { NatBypass, NatMapping } from '../nat/model.ts'
import { Nat64 } from '../nat64/model.ts'

/** The phases, in the order in which they are asked. */
export const phases = ['nics', 'roles', 'management', 'external', 'internal', 'bgp', 'nat'] as const
export type PhaseName = (typeof phases)[number]

const NicReference = z
  .string()
  .min(1)
  .max(64)
  .regex(/^[^\s/]+$/, 'must be a Linux name, a MAC or a PCI address')
  .describe('network card: its Linux name, MAC or PCI address')
  .meta({ examples: ['enp1s0', '02:00:5e:00:53:01', '0000:01:00.0'] })

const Addresses = z.array(InterfaceAddress).default([]).describe('IPv4 and IPv6 addresses with the length of their network')
const Gateways = z
  .array(Address)
  .default([])
  .meta({ examples: [['192.0.2.1', '2001:db8::1']] })

export const ManagementAnswers = z.strictObject({
  nic: NicReference,
  mode: z.enum(['dhcp', 'static']).default('dhcp').describe('where the addresses come from'),
  addresses: Addresses,
  gateways: Gateways.describe('default gateways of the machine itself, one for each family'),
  dns: z.array(Address).default([]).describe('name servers of the machine itself'),
})

export const ExternalAnswers = z.strictObject({
  nic: NicReference,
  name: interfaceName()
    .describe('name of the interface')
    .meta({ examples: ['wan'] }),
  addresses: Addresses,
  gateways: Gateways.describe('next routers of the default routes behind this interface'),
})

export const InternalAnswers = z.strictObject({
  nic: NicReference,
  name: interfaceName()
    .describe('name of the interface')
    .meta({ examples: ['lan'] }),
  addresses: Addresses,
  advertise: z.boolean().describe('send IPv6 router advertisements; with an IPv6 /64 or larger unless told').exactOptional(),
})

export const PeerAnswers = z.strictObject({
  name: interfaceName(32)
    .describe('what to call it, unique')
    .meta({ examples: ['transit1'] }),
  address: Address,
  asn: Asn,
})

export const BgpAnswers = z.strictObject({
  asn: Asn.describe('own autonomous system'),
  routerId: Address4.describe('identity of this router, one of its IPv4 addresses'),
  announced: z.array(Prefix).default([]).describe('own networks that the world shall see'),
  peers: z.array(PeerAnswers).default([]),
})

export const NatAnswers = z.strictObject({
  mappings: z.array(NatMapping).min(1).describe('inside networks and their pools'),
  bypass: z.array(NatBypass).default([]).describe('pairs of networks between which nothing is translated'),
})

/** How long sessions are kept is not asked about. */
export const Nat64Answers = Nat64.omit({ timeouts: true })

const None = z.literal('none')

/** A file of answers. What is left out stays as it is; `none` takes it away. */
export const Answers = z
  .strictObject({
    hostname: HostName.describe('name of the router').exactOptional(),
    management: z.union([None, ManagementAnswers]).describe('out-of-band port').exactOptional(),
    external: z.array(ExternalAnswers).describe('all ports towards upstreams').exactOptional(),
    internal: z.array(InternalAnswers).describe('all ports towards own networks').exactOptional(),
    bgp: z.union([None, BgpAnswers]).exactOptional(),
    nat: z.union([None, NatAnswers]).describe('deterministic NAT').exactOptional(),
    nat64: z.union([None, Nat64Answers]).describe('NAT64, by which hosts with IPv6 only reach IPv4').exactOptional(),
  })
  .meta({ title: 'Answers of the guided configuration' })

/** Answers of which some are still to come; every answer that is there is good by itself. */
export const DraftAnswers = z.strictObject({
  hostname: HostName.exactOptional(),
  management: z.union([None, ManagementAnswers.partial()]).exactOptional(),
  external: z.array(ExternalAnswers.partial()).exactOptional(),
  internal: z.array(InternalAnswers.partial()).exactOptional(),
  bgp: z.union([None, BgpAnswers.extend({ peers: z.array(PeerAnswers.partial()).default([]) }).partial()]).exactOptional(),
  nat: z
    .union([
      None,
      z.strictObject({ mappings: z.array(NatMapping.partial()).default([]), bypass: z.array(NatBypass.partial()).default([]) }),
    ])
    .exactOptional(),
  nat64: z.union([None, Nat64Answers.partial()]).exactOptional(),
})
export type DraftAnswers = z.output<typeof DraftAnswers>

export type PortAnswers = z.output<typeof ExternalAnswers> | z.output<typeof InternalAnswers>

/** Members that are whole; the others wait for their last answer. */
export function whole<T extends z.ZodType>(schema: T, members: readonly unknown[] | undefined): z.output<T>[] {
  return (members ?? []).flatMap((member) => {
    const { data, success } = schema.safeParse(member)
    return success ? [data] : []
  })
}

/** A network card as it was found. */
export interface DetectedNic {
  readonly name: string
  readonly alternativeNames: readonly string[]
  readonly mac: string
  /** The address that the card was made with, where it has another one now. */
  readonly permanentMac?: string
  /** PCI address of the card, or of the virtio device that it is. */
  readonly pci?: string
  /** Whether the kernel calls it a PCI device itself, by which a configuration may find it. */
  readonly onPci: boolean
  /** Name of the kernel's driver, or the kind of a virtual link. */
  readonly driver?: string
  readonly virtual: boolean
  /** Something answers on the other side; undefined while the card is down, when nobody knows. */
  readonly carrier?: boolean
  /** Mbit/s. */
  readonly speed?: number
  /** Whether it is in the namespace of the router already, and not in the machine's own. */
  readonly inRouter: boolean
  readonly addresses: readonly string[]
}

/** Whether a reference of an answer, or of a configuration, means this card. */
export function means(reference: string, nic: DetectedNic): boolean {
  const known = [nic.name, ...nic.alternativeNames, nic.mac, nic.permanentMac, nic.pci]
  return known.includes(reference) || known.includes(reference.toLowerCase())
}

/** The card that a reference means. */
export function nicFor(nics: readonly DetectedNic[], reference: string | undefined): DetectedNic | undefined {
  return reference === undefined ? undefined : nics.find((nic) => means(reference, nic))
}

/** Whether two references mean the same card. */
export function sameNic(nics: readonly DetectedNic[], a: string | undefined, b: string | undefined): boolean {
  if (a === undefined || b === undefined) return false
  return a === b || nics.some((nic) => means(a, nic) && means(b, nic))
}
