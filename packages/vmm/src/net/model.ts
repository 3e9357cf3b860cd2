/** Networks of machines: what a machine keeps of its network, and the names and numbers that follow from it. */
import { z } from 'zod'
import { formatAddress, parseAddress, parsePrefix } from '@imp/kit/base/ip.ts'
import { Address, Address4, Address6, interfaceName, Mac, Name, Port, Prefix, Prefix4, Prefix6 } from '@imp/kit/base/schema.ts'

/** `bridge`: an address of its own behind a bridge of this computer; `user`: behind the engine, without root; `none`. */
export const NetworkKind = z.enum(['bridge', 'user', 'none'])
export type NetworkKind = z.output<typeof NetworkKind>

/** What guests may reach beyond this computer: everything, nothing, or what is listed. */
export const Egress = z.enum(['internet', 'isolated', 'allow-list'])
export type Egress = z.output<typeof Egress>

/** Where guests under an allow-list may go: all of a prefix, TCP and UDP ports of it, or name servers anywhere. */
export const Destination = z.union([
  z.literal('dns'),
  z.strictObject({ prefix: Prefix, ports: z.strictObject({ first: Port, last: Port }).optional() }),
])
export type Destination = z.output<typeof Destination>

export const EgressPolicy = z.strictObject({ policy: Egress, allow: z.array(Destination).max(256) })
export type EgressPolicy = z.output<typeof EgressPolicy>

/** An address of its own on the bridge of a network. */
export const BridgedNetwork = z.strictObject({
  kind: z.literal('bridge'),
  /** The default one unless told. */
  network: Name.optional(),
  mac: Mac,
  address: Address4,
  address6: Address6.optional(),
  /** That of the network unless told. */
  egress: EgressPolicy.optional(),
})
export type BridgedNetwork = z.output<typeof BridgedNetwork>

export const MachineNetwork = z.discriminatedUnion('kind', [
  BridgedNetwork,
  z.strictObject({ kind: z.literal('user'), mac: Mac, sshPort: Port }),
  z.strictObject({ kind: z.literal('none') }),
])
export type MachineNetwork = z.output<typeof MachineNetwork>

/** Networks that a machine is on beside its first one: each takes a TAP with one digit behind the machine's id. */
export const maximumFurtherNetworks = 7

/** A TAP that the caller made and wired; the machine gets a further interface on it. */
export const CallerTap = z.strictObject({ tap: interfaceName(), mac: Mac })
export type CallerTap = z.output<typeof CallerTap>

/** Ports of this computer that lead to as many of the guest. */
export const PortForward = z.strictObject({
  host: Port,
  guest: Port,
  /** TCP unless told. */
  protocol: z.enum(['tcp', 'udp']).optional(),
  /** How many ports, counted from both; one unless told. */
  count: z.int().min(2).max(1024).optional(),
  /** Address of this computer; all of them unless told. */
  address: Address.optional(),
})
export type PortForward = z.output<typeof PortForward>

export const BridgeSettings = z.strictObject({
  bridge: interfaceName(),
  subnet: Prefix4,
  gateway: Address4,
  /** IPv6 network of the guests, whose first address is ours. */
  subnet6: Prefix6.optional(),
  /** Bytes; 1500 unless told. */
  mtu: z.int().min(1280).max(65_535).optional(),
  /** Guests do not reach each other. */
  isolated: z.boolean().optional(),
  /** Everything unless told. */
  egress: EgressPolicy.optional(),
})
export type BridgeSettings = z.output<typeof BridgeSettings>

/** A network of machines beside the default one, as its owner made it. */
export const Network = z.strictObject({
  name: Name,
  bridge: interfaceName(),
  subnet: Prefix4,
  gateway: Address4,
  subnet6: Prefix6.optional(),
  mtu: z.int().min(1280).max(65_535).optional(),
  isolated: z.boolean(),
  egress: EgressPolicy,
  created: z.iso.datetime(),
})
export type Network = z.output<typeof Network>

/** Name of the network that the settings describe (`vmm config show`). */
export const defaultNetwork = 'default'

/** A machine on the bridge, as the firewall knows it. */
export const Member = z.strictObject({
  tap: interfaceName(),
  mac: Mac,
  address: Address4,
  address6: Address6.optional(),
  forwards: z.array(PortForward),
  egress: EgressPolicy.optional(),
})
export type Member = z.output<typeof Member>

/** The user-mode network of QEMU (net/slirp.c): guest, gateway and name server are always these. */
export const userNetwork = { address: '10.0.2.15/24', gateway: '10.0.2.2', nameserver: '10.0.2.3' } as const

/** The TAP of a machine on the first of its networks, or on a further one: at most 14 of the 15 bytes that an interface name may have. */
export function tapOf(id: string, place = 0): string {
  return place === 0 ? `vmm-${id}` : `vmm-${id}-${place}`
}

function octets(value: bigint): string {
  return value.toString(16).padStart(8, '0').match(/../g)?.join(':') ?? ''
}

/** Locally administered, and found again from the address: 06:00 and its four octets. */
export function macOfAddress(address: string): string {
  return `06:00:${octets(parseAddress(address, 4).value)}`
}

/** The MAC of a machine without an address of its own: 06:01 and its id. */
export function macOfId(id: string): string {
  return `06:01:${octets(BigInt(`0x${id}`))}`
}

/** `172.16.0.1/16`: the address of the bridge itself. */
export function gatewayAddress({ gateway, subnet }: BridgeSettings): string {
  return `${formatAddress(parseAddress(gateway, 4))}/${subnet.split('/')[1]}`
}

/** Our address in the IPv6 network of the guests, the first behind the anycast address of its routers (RFC 4291 2.6.1). */
export function gatewayAddress6(subnet6: string): string {
  const { value, length } = parsePrefix(subnet6, 6)
  return `${formatAddress({ family: 6, value: value + 1n })}/${length}`
}

/** The IPv6 address of a guest: it has the same place in its network as the IPv4 address has. */
export function addressIn6(subnet6: string, subnet: string, address: string): string {
  const place = parseAddress(address, 4).value - parsePrefix(subnet, 4).value
  return formatAddress({ family: 6, value: parsePrefix(subnet6, 6).value + place })
}

export function protocolOf({ protocol = 'tcp' }: PortForward): 'tcp' | 'udp' {
  return protocol
}

/** The word that stands for it: `8080:80/tcp`. */
export function writeForward(forward: PortForward): string {
  const { host, guest, count = 1, address } = forward
  const range = (first: number): string => (count === 1 ? String(first) : `${first}-${first + count - 1}`)
  const bound = address === undefined ? '' : `${address.includes(':') ? `[${address}]` : address}:`
  return `${bound}${range(host)}:${range(guest)}/${protocolOf(forward)}`
}

/** Ports of this computer one by one with the port of the guest that each leads to. */
export function portsOf({ host, guest, count = 1 }: PortForward): { host: number; guest: number }[] {
  return Array.from({ length: count }, (_, index) => ({ host: host + index, guest: guest + index }))
}

export function sameForward(a: PortForward, b: PortForward): boolean {
  return writeForward(a) === writeForward(b)
}

/** Whether one packet could mean both. */
export function collide(a: PortForward, b: PortForward): boolean {
  if (protocolOf(a) !== protocolOf(b)) return false
  if (a.address !== undefined && b.address !== undefined && a.address !== b.address) return false
  return a.host < b.host + (b.count ?? 1) && b.host < a.host + (a.count ?? 1)
}

/** A socket that takes packets from the network, as ss(8) shows it. */
export interface Listener {
  readonly protocol: 'tcp' | 'udp'
  /** Undefined for all addresses. */
  readonly address: string | undefined
  readonly port: number
}

/** The first listener whose packets the forward would take. */
export function shadowed(forward: PortForward, listeners: readonly Listener[]): Listener | undefined {
  return listeners.find(({ protocol, address, port }) =>
    collide(forward, { host: port, guest: 1, protocol, ...(address === undefined ? {} : { address }) }),
  )
}

/** What nft tells of all rules, as far as it decides whose packets pass (libnftables-json(5)). */
export const Ruleset = z.looseObject({
  nftables: z.array(
    z.looseObject({
      chain: z
        .looseObject({
          family: z.string(),
          table: z.string(),
          name: z.string(),
          hook: z.string().optional(),
          policy: z.string().optional(),
          type: z.string().optional(),
        })
        .optional(),
      rule: z
        .looseObject({
          family: z.string(),
          table: z.string(),
          chain: z.string(),
          handle: z.int(),
          comment: z.string().optional(),
          expr: z.array(z.record(z.string(), z.unknown())).default([]),
        })
        .optional(),
    }),
  ),
})
export type Rules = z.output<typeof Ruleset>['nftables']
export type Chain = NonNullable<Rules[number]['chain']>

/** The rules of a chain in their order. */
export function rulesOf(
  all: Rules,
  { family, table, name }: Pick<Chain, 'family' | 'table' | 'name'>,
): NonNullable<Rules[number]['rule']>[] {
  return all.flatMap(({ rule }) => (rule?.family === family && rule.table === table && rule.chain === name ? [rule] : []))
}

/** Whether a rule is for every packet and lets none pass; iptables writes its own kind of reject. */
function refusesAll(expr: readonly Record<string, unknown>[]): boolean {
  const refuses = (each: Record<string, unknown>): boolean =>
    'drop' in each || 'reject' in each || ('xt' in each && JSON.stringify(each['xt']).includes('"REJECT"'))
  return expr.some(refuses) && !expr.some((each) => 'match' in each)
}

/** Chains that packets pass on their way through this computer, and that let none pass which nobody accepts: by policy, or at their end. */
export function closedChains(all: Rules): Chain[] {
  const families = new Set(['ip', 'ip6', 'inet'])
  return all.flatMap(({ chain }) => {
    if (chain?.hook !== 'forward' || !families.has(chain.family)) return []
    return chain.policy === 'drop' || refusesAll(rulesOf(all, chain).at(-1)?.expr ?? []) ? [chain] : []
  })
}
