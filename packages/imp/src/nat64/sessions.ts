/** Sessions of NAT64: who talks to whom, and as whom. Pure. */
import { z } from 'zod'
import { formatAddress, parseAddress, parsePrefix } from '@imp/kit/base/ip.ts'
import { table } from '@imp/kit/base/text.ts'
import { embedAddress, type Nat64 } from './model.ts'

export const Session = z.strictObject({
  protocol: z.string(),
  state: z.string().describe('of TCP').exactOptional(),
  client: z.string().describe('IPv6 address of the host, with its port; of ICMP the identifier').exactOptional(),
  lent: z.string().describe('IPv4 address that the translator lends the host, where there is one').exactOptional(),
  destination: z.string().describe('IPv4 address and port that it talks to'),
  outside: z.string().describe('what the destination sees'),
  answered: z.boolean().describe('whether the destination has answered').exactOptional(),
})
export type Session = z.output<typeof Session>

export const ShownSessions = z.strictObject({
  prefix: z.string().describe('IPv6 prefix that stands for IPv4'),
  pool: z.string().describe('IPv4 addresses that the hosts share'),
  sessions: z.array(Session),
})
export type ShownSessions = z.output<typeof ShownSessions>

/** A flow that the kernel tracks; addresses with their ports behind the last colon, ICMP's destination without. */
export interface Tracked {
  readonly protocol: string
  readonly state?: string
  readonly inside: string
  readonly destination: string
  readonly outside: string
  readonly answered: boolean
}

/** The address and the port of an end. */
function endOf(text: string, hasPort: boolean): readonly [address: string, port: string] {
  const at = hasPort ? text.lastIndexOf(':') : text.length
  return [text.slice(0, at), text.slice(at + 1)]
}

/** What the two halves of a session have in common: the translator changes addresses and nothing else. */
function keyOf({ protocol, inside, destination }: Tracked, written: (address: string) => string): string {
  const [, port] = endOf(inside, true)
  const [address, far] = endOf(destination, protocol !== 'icmp' && protocol !== 'icmpv6')
  return [protocol.replace(/v6$/, ''), port, written(address), far].join(' ')
}

/** An end as people write it: `[2001:db8::1]:443`. */
export function endText(address: string, port: string | number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}

/**
 * The sessions of the Linux dataplane, each from the flow before the translator and the one behind it. A host is left out when two of
 * them use the same port towards the same destination: nothing tells then which is which.
 */
export function joinSessions({ prefix: text }: Nat64, before: readonly Tracked[], behind: readonly Tracked[]): Session[] {
  const prefix = parsePrefix(text)
  const embedded = (address: string): string => formatAddress(embedAddress(prefix, parseAddress(address, 4)))
  const plain = (address: string): string => formatAddress(parseAddress(address))
  const hosts = Map.groupBy(before, (flow) => keyOf(flow, plain))
  return behind.map((flow): Session => {
    const [host, ...others] = hosts.get(keyOf(flow, embedded)) ?? []
    const client = host === undefined || others.length > 0 ? {} : { client: endText(...endOf(host.inside, true)) }
    const { inside, ...seen } = flow
    return { ...seen, ...client, lent: endOf(inside, true)[0] }
  })
}

/** Names of protocols by their numbers (IANA); ICMP is that of the side of IPv4. */
const protocols: Readonly<Record<number, string>> = { 1: 'icmp', 6: 'tcp', 17: 'udp', 58: 'icmp' }

/** Rows of VPP's `nat64_st_dump`. */
export const VppSessions = z.array(
  z.looseObject({
    il_addr: z.string(),
    il_port: z.int(),
    ol_addr: z.string(),
    ol_port: z.int(),
    or_addr: z.string(),
    r_port: z.int(),
    proto: z.int(),
  }),
)

/** Rows of VPP's `nat64_bib_dump`: which port of the pool is whose. */
export const VppBindings = z.array(z.looseObject({ i_port: z.int(), o_addr: z.string(), o_port: z.int(), proto: z.int() }))

/**
 * The sessions of VPP, which knows no states of TCP. Version 25.06 writes the far port where that of the host belongs and leaves its own
 * place empty (nat/nat64/nat64_api.c, nat64_api_st_walk): the port of the host is that of its binding.
 */
export function vppSessions(rows: z.output<typeof VppSessions>, bindings: z.output<typeof VppBindings>): Session[] {
  const ports = new Map(bindings.map(({ proto, o_addr, o_port, i_port }) => [`${proto} ${o_addr} ${o_port}`, i_port]))
  return rows.map((row) => {
    const protocol = protocols[row.proto] ?? String(row.proto)
    const own = ports.get(`${row.proto} ${row.ol_addr} ${row.ol_port}`) ?? row.il_port
    const far = row.r_port === 0 ? row.il_port : row.r_port
    return {
      protocol,
      client: endText(formatAddress(parseAddress(row.il_addr, 6)), own),
      destination: protocol === 'icmp' ? row.or_addr : endText(row.or_addr, far),
      outside: endText(row.ol_addr, row.ol_port),
    }
  })
}

export function viewSessions({ prefix, pool, sessions }: ShownSessions): string {
  const head = `${prefix} stands for IPv4, hosts share ${pool}`
  if (sessions.length === 0) return `${head}\nno sessions`
  const rows = sessions.map(({ protocol, state, client, lent, destination, outside, answered }) => [
    protocol,
    client ?? `host of ${lent ?? 'nobody'}`,
    outside,
    destination,
    state?.toLowerCase() ?? (answered === undefined ? '' : answered ? 'answered' : 'unanswered'),
  ])
  return [head, '', ...table([['PROTOCOL', 'CLIENT', 'SEEN AS', 'DESTINATION', 'STATE'], ...rows])].join('\n')
}
