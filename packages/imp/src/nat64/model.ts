/** Stateful NAT64 (RFC 6146): hosts that have IPv6 only reach IPv4 through a prefix that stands for all of it (RFC 6052). */
import { z } from 'zod'
import { contains, parsePrefix, type Address, type Prefix } from '@imp/kit/base/ip.ts'
import { Prefix4, Prefix6 } from '@imp/kit/base/schema.ts'
import { layer3Interfaces, type Layer3Interface, type Links } from '../interfaces/model.ts'

/** The well-known prefix (RFC 6052 2.1), for which public resolvers synthesize addresses. */
export const wellKnownPrefix = '64:ff9b::/96'

/**
 * What the translator of the Linux dataplane is to the kernel: a link, and the IPv4 addresses that it lends to the hosts one to one before
 * their connections share the pool. Nobody outside ever sees them; benchmarks (RFC 2544), whom they are set aside for, meet no router in use.
 */
export const translatorLink = 'nat64'
export const translatorNetwork = '198.18.0.0/16'

/** Lengths that a translation prefix may have (RFC 6052 2.2). */
export const prefixLengths: readonly number[] = [32, 40, 48, 56, 64, 96]

/** Longest time that a session may be kept: a day. */
const longest = 86_400

export const Nat64Timeouts = z
  .strictObject({
    udp: z.int().min(1).max(longest).default(300).describe('seconds that a UDP session is kept without a packet (RFC 6146: at least 120)'),
    tcpEstablished: z
      .int()
      .min(1)
      .max(longest)
      .default(7440)
      .describe('seconds that an established TCP session is kept without a packet (RFC 6146: at least 7200)'),
    tcpTransitory: z
      .int()
      .min(1)
      .max(longest)
      .default(240)
      .describe('seconds that a TCP session is kept while it opens or closes (RFC 6146: at least 240)'),
    icmp: z.int().min(1).max(longest).default(60).describe('seconds that an echo session is kept without a packet'),
  })
  .describe('how long sessions without packets are kept; with the VPP dataplane')
export type Nat64Timeouts = z.output<typeof Nat64Timeouts>

export const Nat64 = z
  .strictObject({
    prefix: Prefix6.default(wellKnownPrefix)
      .describe('IPv6 prefix that stands for all of IPv4: the well-known one, or one of your own')
      .meta({ examples: [wellKnownPrefix, '2001:db8:64::/96'] }),
    pool: Prefix4.describe('public IPv4 addresses that the hosts share').meta({ examples: ['203.0.113.64/28'] }),
    interfaces: z
      .array(z.string().min(1).max(15))
      .min(1)
      .describe('internal interfaces whose hosts may use it; all that have IPv6 unless told')
      .meta({ examples: ['lan'] })
      .exactOptional(),
    timeouts: Nat64Timeouts.exactOptional(),
  })
  .describe('NAT64, by which hosts with IPv6 only reach IPv4')
export type Nat64 = z.output<typeof Nat64>

/**
 * IPv4 networks that are not globally reachable, which the well-known prefix must not stand for (RFC 6052 3.1; RFC 6890 and the
 * registry of special-purpose addresses that it began).
 */
export const notGlobal: readonly string[] = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.2.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/3',
]

const notGlobalPrefixes = notGlobal.map((text) => parsePrefix(text))

/** Whether all of the network, or the address, is without meaning beyond its own site. */
export function isNotGlobal(network: Address | Prefix): boolean {
  return notGlobalPrefixes.some((prefix) => contains(prefix, network))
}

export function isWellKnown({ prefix }: Pick<Nat64, 'prefix'>): boolean {
  const { family, value, length } = parsePrefix(prefix)
  const known = parsePrefix(wellKnownPrefix)
  return family === known.family && value === known.value && length === known.length
}

/** Bits 64 to 71 are zero whatever the length is (RFC 6052 2.2): an IPv4 address that would cover them goes on behind them. */
const reservedAt = 64
const reservedBits = 8

/**
 * The IPv6 network that stands for an IPv4 network (RFC 6052 2.2). The length of the prefix must be one of `prefixLengths`; networks
 * whose last bits would come after the reserved octet are longer by it.
 */
export function embed(prefix: Prefix, network: Prefix): Prefix {
  const places = Array.from({ length: network.length }, (_, index) => {
    const place = prefix.length + index
    return place >= reservedAt && prefix.length < 96 ? place + reservedBits : place
  })
  const bitAt = (index: number): bigint => (network.value >> BigInt(31 - index)) & 1n
  const value = places.reduce((sum, place, index) => sum | (bitAt(index) << BigInt(127 - place)), prefix.value)
  return { family: 6, value, length: (places.at(-1) ?? prefix.length - 1) + 1 }
}

/** The IPv6 address that stands for an IPv4 address: what follows its last bit is zero (RFC 6052 2.2). */
export function embedAddress(prefix: Prefix, address: Address): Address {
  const { family, value } = embed(prefix, { family: 4, value: address.value, length: 32 })
  return { family, value }
}

/** Whether hosts with IPv6 may be behind an interface of this router. */
export function mayHaveClients({ role, kind, addresses }: Layer3Interface): boolean {
  return role === 'internal' && kind !== 'loopback' && addresses.some((text) => text.includes(':'))
}

/** The interfaces whose hosts may use NAT64; none without it. */
export function clientInterfaces(config: Omit<Links, 'crossConnects'> & { readonly nat64?: Nat64 }): Layer3Interface[] {
  const { nat64 } = config
  if (nat64 === undefined) return []
  const { interfaces } = nat64
  return layer3Interfaces(config).filter((each) => mayHaveClients(each) && (interfaces?.includes(each.name) ?? true))
}

/** IPv6 networks that must not be translated: those of IPv4 networks that the well-known prefix must not stand for. */
export function untranslatable(nat64: Nat64): Prefix[] {
  const prefix = parsePrefix(nat64.prefix)
  return isWellKnown(nat64) ? notGlobalPrefixes.map((network) => embed(prefix, network)) : []
}
