/**
 * Filters of pcap-filter(7) as far as VPP can have them: its classifier compares masked bytes at fixed places of the frame, so that a
 * filter is a list of patterns of which one must match. Pure.
 */
import { Fault } from '@imp/kit/base/fault.ts'
import { bits, contains, parseAddress, parsePrefix, type Prefix } from '@imp/kit/base/ip.ts'

/** What a frame must be; everything that is left out is free. */
export interface Match {
  /** VLAN of the first tag. */
  readonly vlan?: number
  readonly ethertype?: number
  /** Of the IP header. */
  readonly protocol?: number
  readonly source?: Prefix
  readonly destination?: Prefix
  readonly sourcePort?: number
  readonly destinationPort?: number
}

/** EtherTypes of IEEE 802 (IANA). */
export const ethertypes = { ip: 0x0800, arp: 0x0806, ip6: 0x86dd, vlan: 0x8100, serviceVlan: 0x88a8 } as const
/** Protocol numbers (IANA). */
const [icmp, tcp, udp, icmp6] = [1, 6, 17, 58]

/** Patterns that VPP would have to compare with every packet, at most. */
const mostPatterns = 32

const { ip, ip6, arp } = ethertypes
const transports: readonly Match[] = [tcp, udp].flatMap((protocol) => [ip, ip6].map((ethertype) => ({ ethertype, protocol })))

/** Primitives of one word, each as its alternatives. */
const words: Readonly<Record<string, readonly Match[]>> = {
  ip: [{ ethertype: ip }],
  ip6: [{ ethertype: ip6 }],
  arp: [{ ethertype: arp }],
  icmp: [{ ethertype: ip, protocol: icmp }],
  icmp6: [{ ethertype: ip6, protocol: icmp6 }],
  tcp: transports.filter(({ protocol }) => protocol === tcp),
  udp: transports.filter(({ protocol }) => protocol === udp),
}

function notUnderstood(clause: string, cause?: unknown): Fault {
  return new Fault('input', `VPP cannot filter packets by ${JSON.stringify(clause)}`, {
    ...(cause === undefined ? {} : { cause }),
    hint: 'it knows host, net, port (each with src or dst before it), tcp, udp, icmp, icmp6, ip, ip6, arp and vlan, joined by "and"; or record without a filter, and filter what was exported',
  })
}

function numberOf(text: string, least: number, most: number, clause: string): number {
  const number = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN
  if (number >= least && number <= most) return number
  throw notUnderstood(clause)
}

function networkOf(text: string, clause: string): Prefix {
  try {
    if (text.includes('/')) return parsePrefix(text)
    const address = parseAddress(text)
    return { ...address, length: bits(address.family) }
  } catch (error) {
    throw notUnderstood(clause, error)
  }
}

/** Either direction unless one is named. */
function directed(direction: string | undefined, value: number | Prefix, source: keyof Match, destination: keyof Match): Match[] {
  return [...(direction === 'dst' ? [] : [{ [source]: value }]), ...(direction === 'src' ? [] : [{ [destination]: value }])]
}

function alternativesOf(clause: string): readonly Match[] {
  const known = words[clause]
  if (known !== undefined) return known
  const [, kind, direction, what = '', value = ''] =
    /^(?:(ip|ip6|tcp|udp) )?(?:(src|dst) )?(?:(host|net|port|vlan) )?([\w.:/]+)$/.exec(clause) ?? []
  const kinds = kind === undefined ? undefined : words[kind]
  if (what === 'vlan') {
    if (kind !== undefined || direction !== undefined) throw notUnderstood(clause)
    return [{ vlan: numberOf(value, 1, 4094, clause) }]
  }
  if (what === 'port')
    return product(kinds ?? transports, directed(direction, numberOf(value, 0, 65_535, clause), 'sourcePort', 'destinationPort'))
  // An address alone is none of pcap-filter(7): it would be taken for a name of a host.
  if (what === '' && direction === undefined) throw notUnderstood(clause)
  if ((what === 'net') !== value.includes('/') && what !== '') throw notUnderstood(clause)
  const network = networkOf(value, clause)
  const family = [{ ethertype: network.family === 4 ? ip : ip6 }]
  return product(product(kinds ?? [{}], family), directed(direction, network, 'source', 'destination'))
}

function narrower(a: Prefix, b: Prefix): Prefix | undefined {
  if (contains(a, b)) return b
  return contains(b, a) ? a : undefined
}

/** What both want, or undefined when no packet is both. */
function both(a: Match, b: Match): Match | undefined {
  const result: Record<string, unknown> = { ...a, ...b }
  for (const key of ['vlan', 'ethertype', 'protocol', 'sourcePort', 'destinationPort'] as const)
    if (a[key] !== undefined && b[key] !== undefined && a[key] !== b[key]) return undefined
  for (const key of ['source', 'destination'] as const) {
    const [one, other] = [a[key], b[key]]
    if (one === undefined || other === undefined) continue
    const common = narrower(one, other)
    if (common === undefined) return undefined
    result[key] = common
  }
  return result
}

function product(left: readonly Match[], right: readonly Match[]): Match[] {
  return left.flatMap((a) => right.flatMap((b) => both(a, b) ?? []))
}

/** The frames that a filter takes, as alternatives. An `input` fault for a filter that VPP cannot have or no frame can meet. */
export function parseVppFilter(filter: string): readonly Match[] {
  const clauses = filter
    .trim()
    .split(/\s+(?:and|&&)\s+/)
    .map((clause) => clause.replaceAll(/\s+/g, ' '))
  const matches = clauses.map(alternativesOf).reduce<readonly Match[]>((all, each) => product(all, each), [{}])
  if (matches.length === 0)
    throw new Fault('input', `no packet can meet the filter ${JSON.stringify(filter)}`, { hint: 'leave one of its conditions out' })
  if (matches.length <= mostPatterns) return matches
  throw new Fault('input', `VPP would compare every packet with ${matches.length} patterns for the filter ${JSON.stringify(filter)}`, {
    hint: `at most ${mostPatterns} are taken: name directions (src, dst) or a protocol`,
  })
}
