/** Types of VPP's API that people write as one text, and their bytes: addresses, prefixes, hardware addresses. */
import { formatAddress, parseAddress, parseInterfaceAddress, type Address, type Family } from '@imp/kit/base/ip.ts'

export interface TextType {
  readonly size: number
  /** Throws an Error that names the text. */
  write(text: string, into: Buffer, at: number): void
  read(from: Buffer, at: number): string
}

function writeAddress(address: Address, into: Buffer, at: number): void {
  if (address.family === 4) {
    into.writeUInt32BE(Number(address.value), at)
    return
  }
  into.writeBigUInt64BE(address.value >> 64n, at)
  into.writeBigUInt64BE(address.value & 0xffff_ffff_ffff_ffffn, at + 8)
}

function readAddress(family: Family, from: Buffer, at: number): string {
  // IPv4 without bigint: there are thousands of them in a dump.
  if (family === 4) return `${from[at]}.${from[at + 1]}.${from[at + 2]}.${from[at + 3]}`
  return formatAddress({ family, value: (from.readBigUInt64BE(at) << 64n) | from.readBigUInt64BE(at + 8) })
}

const widths = { 4: 4, 6: 16 } as const

function addressType(family: Family): TextType {
  return {
    size: widths[family],
    write: (text, into, at) => writeAddress(parseAddress(text, family), into, at),
    read: (from, at) => readAddress(family, from, at),
  }
}

function prefixType(family: Family): TextType {
  const width = widths[family]
  return {
    size: width + 1,
    write(text, into, at) {
      const prefix = parseInterfaceAddress(text, family)
      writeAddress(prefix, into, at)
      into.writeUInt8(prefix.length, at + width)
    },
    read: (from, at) => `${readAddress(family, from, at)}/${from.readUInt8(at + width)}`,
  }
}

/** One byte of family (0 is IPv4, 1 is IPv6), then a union as wide as an IPv6 address. */
const address: TextType = {
  size: 17,
  write(text, into, at) {
    const parsed = parseAddress(text)
    into.fill(0, at, at + 17)
    into.writeUInt8(parsed.family === 4 ? 0 : 1, at)
    writeAddress(parsed, into, at + 1)
  },
  read: (from, at) => readAddress(from[at] === 1 ? 6 : 4, from, at + 1),
}

const prefix: TextType = {
  size: 18,
  write(text, into, at) {
    const slash = text.indexOf('/')
    const { length } = parseInterfaceAddress(text)
    address.write(text.slice(0, slash), into, at)
    into.writeUInt8(length, at + 17)
  },
  read: (from, at) => `${address.read(from, at)}/${from.readUInt8(at + 17)}`,
}

const mac: TextType = {
  size: 6,
  write(text, into, at) {
    if (!/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/.test(text)) throw new Error(`${JSON.stringify(text)} is not a hardware address`)
    into.write(text.replaceAll(':', ''), at, 'hex')
  },
  read: (from, at) => from.toString('hex', at, at + 6).replace(/(..)(?=.)/g, '$1:'),
}

/** By the names that VPP gives the types. */
export const textTypes: ReadonlyMap<string, TextType> = new Map([
  ['ip4_address', addressType(4)],
  ['ip6_address', addressType(6)],
  ['ip4_prefix', prefixType(4)],
  ['ip6_prefix', prefixType(6)],
  ['address', address],
  ['prefix', prefix],
  ['mac_address', mac],
])
