/** Frames that are meant as bytes and masks, as the classifier of VPP compares them. Pure. */
import type { Prefix } from '@imp/kit/base/ip.ts'
import { ethertypes, type Match } from './vpp-filter.ts'

/** A VLAN tag before the packet. */
export interface Tag {
  readonly ethertype: number
  readonly id: number
}

export interface Pattern {
  /** Both of the same length, a multiple of that which the classifier compares at once. */
  readonly mask: Buffer
  readonly bytes: Buffer
}

/** Bytes that the classifier compares at once, and how many times it does at most (VPP, vnet/classify/vnet_classify.h, u32x4). */
export const vectorBytes = 16
const mostVectors = 5

/** Bytes of the addresses of a frame, before its EtherType. */
const macBytes = 12
const tagBytes = 4

/** Where things are in a header (RFC 791, RFC 8200). */
const places = {
  4: { protocol: 9, source: 12, destination: 16, ports: 20, addressBytes: 4 },
  6: { protocol: 6, source: 8, destination: 24, ports: 40, addressBytes: 16 },
} as const

function setNumber(frame: Pattern, at: number, size: 1 | 2, value: number, mask: number = 2 ** (8 * size) - 1): void {
  frame.bytes.writeUIntBE(value & mask, at, size)
  frame.mask.writeUIntBE(mask, at, size)
}

function setPrefix(frame: Pattern, at: number, { value, length }: Prefix, size: number): void {
  for (let index = 0; index < size; index += 1) {
    const kept = Math.min(8, Math.max(0, length - 8 * index))
    const byte = Number((value >> BigInt(8 * (size - 1 - index))) & 0xffn)
    setNumber(frame, at + index, 1, byte, (0xff00 >> kept) & 0xff)
  }
}

function setPacket(frame: Pattern, start: number, match: Match): void {
  const { ethertype, protocol, source, destination, sourcePort, destinationPort } = match
  if (ethertype !== ethertypes.ip && ethertype !== ethertypes.ip6) return
  const place = places[ethertype === ethertypes.ip ? 4 : 6]
  if (protocol !== undefined) setNumber(frame, start + place.protocol, 1, protocol)
  if (source !== undefined) setPrefix(frame, start + place.source, source, place.addressBytes)
  if (destination !== undefined) setPrefix(frame, start + place.destination, destination, place.addressBytes)
  if (sourcePort === undefined && destinationPort === undefined) return
  if (ethertype === ethertypes.ip) {
    // Ports are where they are sought only behind a header without options, and in the first fragment.
    setNumber(frame, start, 1, 5, 0x0f)
    setNumber(frame, start + 6, 2, 0, 0x1fff)
  }
  if (sourcePort !== undefined) setNumber(frame, start + place.ports, 2, sourcePort)
  if (destinationPort !== undefined) setNumber(frame, start + place.ports + 2, 2, destinationPort)
}

/** Without the vectors behind the last byte that counts. */
function trimmed({ mask, bytes }: Pattern): Pattern {
  const last = mask.findLastIndex((byte) => byte !== 0)
  const size = vectorBytes * Math.max(1, Math.ceil((last + 1) / vectorBytes))
  return { mask: mask.subarray(0, size), bytes: bytes.subarray(0, size) }
}

/** The frames of a match that carry these tags first, the outer one before the inner one. */
export function patternOf(match: Match, tags: readonly Tag[]): Pattern {
  const size = mostVectors * vectorBytes
  const frame: Pattern = { mask: Buffer.alloc(size), bytes: Buffer.alloc(size) }
  const all = [...tags, ...(match.vlan === undefined ? [] : [{ ethertype: ethertypes.vlan, id: match.vlan }])]
  for (const [index, { ethertype, id }] of all.entries()) {
    setNumber(frame, macBytes + tagBytes * index, 2, ethertype)
    setNumber(frame, macBytes + tagBytes * index + 2, 2, id, 0x0fff)
  }
  const at = macBytes + tagBytes * all.length
  if (match.ethertype !== undefined) setNumber(frame, at, 2, match.ethertype)
  setPacket(frame, at + 2, match)
  return trimmed(frame)
}
