/** Who was behind an outside address and port, and where an inside host appears: arithmetic over a configuration, no log is asked. */
import { Fault } from '@imp/kit/base/fault.ts'
import { contains, parseAddress, parsePrefix } from '@imp/kit/base/ip.ts'
import { compileMapping, forward, reverse, type PortBlock } from './mapping.ts'
import type { Nat } from './model.ts'

/** An address with a port, or an address alone. */
export interface Endpoint {
  readonly address: string
  readonly port?: number
}

/** A host with the ports that nobody else has. */
export interface Holder {
  readonly inside: string
  readonly block: PortBlock
  /** Networks towards which the host keeps its inside address. */
  readonly untranslated: readonly string[]
}

/** Reads `ADDRESS` or `ADDRESS:PORT` of IPv4; throws an Error that names the text. */
export function parseEndpoint(text: string): Endpoint {
  const [address = '', port, ...others] = text.split(':')
  parseAddress(address, 4)
  if (port === undefined) return { address }
  if (others.length > 0 || !/^(0|[1-9]\d{0,4})$/.test(port) || Number(port) > 65_535) {
    throw new Error(`${JSON.stringify(text)} does not end with a port (0 to 65535)`)
  }
  return { address, port: Number(port) }
}

function isWithin(address: string, prefix: string): boolean {
  return contains(parsePrefix(prefix), parseAddress(address))
}

function untranslatedOf(nat: Nat, inside: string): string[] {
  return nat.bypass.filter(({ source }) => isWithin(inside, source)).map(({ destination }) => destination)
}

function nobody(message: string, hint: string): Fault {
  return new Fault('not-found', message, { hint })
}

function pools(nat: Nat): string {
  return `pools: ${nat.mappings.map(({ outside }) => outside).join(', ')}`
}

/** The host that had an outside address and port. A `not-found` fault with the reason when no host can have had it. */
export function holderOf(nat: Nat, address: string, port: number): Holder {
  const mapping = nat.mappings.find(({ outside }) => isWithin(address, outside))
  if (mapping === undefined) {
    const inside = nat.mappings.some((each) => isWithin(address, each.inside))
    throw nobody(`${address} is no address of a NAT pool`, inside ? `it is an inside address: imp nat lookup ${address}` : pools(nat))
  }
  const found = reverse(compileMapping(mapping), address, port)
  if ('none' in found) throw nobody(`no host can have had ${address}:${port}: ${found.none}`, 'look at the port again')
  return { inside: found.inside, block: found.block, untranslated: untranslatedOf(nat, found.inside) }
}

/** The outside address and ports of an inside host. A `not-found` fault when it is not translated. */
export function blockOf(nat: Nat, inside: string): Holder {
  const mapping = nat.mappings.find((each) => isWithin(inside, each.inside))
  const block = mapping === undefined ? undefined : forward(compileMapping(mapping), inside)
  if (block !== undefined) return { inside, block, untranslated: untranslatedOf(nat, inside) }
  const shared = nat.mappings.some(({ outside }) => isWithin(inside, outside))
  throw nobody(
    `${inside} is in no NAT mapping`,
    shared ? `it is an outside address that several hosts share: add the port, imp nat lookup ${inside}:40000` : pools(nat),
  )
}
