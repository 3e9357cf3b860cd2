/**
 * Addresses and prefixes as values. Strict on the way in (no `010.0.0.1`, no `10.1`, no zones), RFC 5952 on the way out.
 */
import { text4, text6, value4, value6 } from './ip-literal.ts'

export type Family = 4 | 6

export interface Address {
  readonly family: Family
  readonly value: bigint
}

/** A network: `value` has no host bits. */
export interface Prefix {
  readonly family: Family
  readonly value: bigint
  readonly length: number
}

/** An address on an interface: address and the length of its network. */
export interface InterfaceAddress extends Address {
  readonly length: number
}

/** Bits in an address of the family: 32 or 128. */
export function bits(family: Family): 32 | 128 {
  return family === 4 ? 32 : 128
}

function wrong(text: string, expected: string): Error {
  return new Error(`${JSON.stringify(text)} is not ${expected}`)
}

/** What literals stand for: rules read each of them many times. Emptied when it is full, so that no input can fill the memory. */
const read = new Map<string, Address>()
const mostRead = 1 << 16

function readAddress(text: string): Address | undefined {
  const known = read.get(text)
  if (known !== undefined) return known
  const [four, six] = [value4(text), value6(text)]
  const address: Address | undefined =
    four !== undefined ? { family: 4, value: four } : six !== undefined ? { family: 6, value: six } : undefined
  if (address === undefined) return undefined
  if (read.size >= mostRead) read.clear()
  read.set(text, address)
  return address
}

/** Reads an address literal; throws an Error that names the text. */
export function parseAddress(text: string, family?: Family): Address {
  const address = readAddress(text)
  if (address !== undefined && (family ?? address.family) === address.family) return address
  throw wrong(text, family === undefined ? 'an IPv4 or IPv6 address' : `an IPv${family} address`)
}

function split(text: string, expected: string): [string, number] {
  const match = /^([^/]+)\/(0|[1-9]\d{0,2})$/.exec(text)
  if (match === null || match[1] === undefined) throw wrong(text, `${expected} (address/length)`)
  return [match[1], Number(match[2])]
}

/** Reads `address/length`, host bits allowed; throws an Error that names the text. */
export function parseInterfaceAddress(text: string, family?: Family): InterfaceAddress {
  const [literal, length] = split(text, 'an address with prefix length')
  const address = parseAddress(literal, family)
  if (length > bits(address.family)) throw wrong(text, `valid: the length is at most ${bits(address.family)}`)
  return { ...address, length }
}

/** Reads a network prefix and refuses host bits; throws an Error that names the text and the network that was meant. */
export function parsePrefix(text: string, family?: Family): Prefix {
  const [literal, length] = split(text, 'a network prefix')
  const address = parseAddress(literal, family)
  if (length > bits(address.family)) throw wrong(text, `valid: the length is at most ${bits(address.family)}`)
  const prefix = networkOf({ ...address, length })
  if (prefix.value !== address.value) throw new Error(`${JSON.stringify(text)} has host bits: the network is ${formatPrefix(prefix)}`)
  return prefix
}

export function formatAddress(address: Address): string {
  return address.family === 4 ? text4(address.value) : text6(address.value)
}

export function formatPrefix(prefix: Prefix | InterfaceAddress): string {
  return `${formatAddress(prefix)}/${prefix.length}`
}

/** Number of addresses in a prefix of this length. */
export function sizeOf(prefix: { readonly family: Family; readonly length: number }): bigint {
  return 1n << BigInt(bits(prefix.family) - prefix.length)
}

export function networkOf(address: InterfaceAddress): Prefix {
  const size = sizeOf(address)
  return { family: address.family, value: (address.value / size) * size, length: address.length }
}

/** The last address; the first is the prefix itself. */
export function lastOf(prefix: Prefix): Address {
  return { family: prefix.family, value: prefix.value + sizeOf(prefix) - 1n }
}

export function contains(outer: Prefix, inner: Address | Prefix): boolean {
  if (outer.family !== inner.family) return false
  const length = 'length' in inner ? inner.length : bits(inner.family)
  if (length < outer.length) return false
  return inner.value >= outer.value && inner.value < outer.value + sizeOf(outer)
}

export function overlaps(a: Prefix, b: Prefix): boolean {
  return contains(a, b) || contains(b, a)
}

export function sameAddress(a: Address, b: Address): boolean {
  return a.family === b.family && a.value === b.value
}

/** The address `offset` places into the prefix; throws a RangeError outside it. */
export function addressAt(prefix: Prefix, offset: bigint): Address {
  if (offset < 0n || offset >= sizeOf(prefix)) throw new RangeError(`${formatPrefix(prefix)} has no address number ${offset}`)
  return { family: prefix.family, value: prefix.value + offset }
}

/** The addresses that hosts may use: without network and broadcast address, except in /31 (RFC 3021), /32, /127 and /128. */
export function hostRange(prefix: Prefix): { first: bigint; last: bigint } {
  const last = prefix.value + sizeOf(prefix) - 1n
  if (prefix.family === 6) return { first: prefix.length >= 127 ? prefix.value : prefix.value + 1n, last }
  return prefix.length >= 31 ? { first: prefix.value, last } : { first: prefix.value + 1n, last: last - 1n }
}

/** The first host address that is not taken, or undefined when the prefix is full. */
export function allocate(prefix: Prefix, taken: ReadonlySet<bigint>): Address | undefined {
  const { first, last } = hostRange(prefix)
  for (let value = first; value <= last; value += 1n) if (!taken.has(value)) return { family: prefix.family, value }
  return undefined
}

/** Splits a prefix into its subnets of a length; throws a RangeError when the length is shorter. */
export function* subnets(prefix: Prefix, length: number): Generator<Prefix> {
  if (length < prefix.length || length > bits(prefix.family)) {
    throw new RangeError(`${formatPrefix(prefix)} cannot be split into /${length}`)
  }
  const size = sizeOf({ family: prefix.family, length })
  const end = prefix.value + sizeOf(prefix)
  for (let value = prefix.value; value < end; value += size) yield { family: prefix.family, value, length }
}

/** Order for output: IPv4 first, then by address, then shorter prefixes first. */
export function compare(a: Address | Prefix, b: Address | Prefix): number {
  if (a.family !== b.family) return a.family - b.family
  if (a.value !== b.value) return a.value < b.value ? -1 : 1
  return ('length' in a ? a.length : bits(a.family)) - ('length' in b ? b.length : bits(b.family))
}
