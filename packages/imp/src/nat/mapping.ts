/**
 * The arithmetic of deterministic NAT, the same as that of VPP's det44 plugin (src/plugins/nat/det44/det44_inlines.h): every inside host
 * owns one block of consecutive ports of one outside address, so who had an address and port follows from the configuration of
 * that time, without logs.
 */
import { Fault } from '@imp/kit/base/fault.ts'
import { contains, formatAddress, parseAddress, parsePrefix, type Prefix } from '@imp/kit/base/ip.ts'
import type { NatMapping } from './model.ts'

/** Ports under this one are never given to a host (RFC 6056 3.2). */
export const firstPort = 1024
const lastPort = 65535
const ports = lastPort - firstPort + 1

export interface CompiledMapping {
  readonly inside: Prefix
  readonly outside: Prefix
  /** Number of addresses on either side. */
  readonly hosts: number
  readonly pool: number
  /** Inside hosts that share one outside address. */
  readonly ratio: number
  /** Ports that each host has. */
  readonly portsPerHost: number
  /** First addresses as numbers, for arithmetic without bigint. */
  readonly insideBase: number
  readonly outsideBase: number
}

/** Ports `first` to `last`, inclusive, of an outside address. */
export interface PortBlock {
  readonly address: string
  readonly firstPort: number
  readonly lastPort: number
}

/** The inside host behind an outside address and port with all its ports, or why there is none. */
export type Reverse = { readonly inside: string; readonly block: PortBlock } | { readonly none: string }

/** How many hosts share an address and how many ports each gets; a ratio under 1 or no ports mean that the mapping cannot be. */
export function sharing(insideLength: number, outsideLength: number): { readonly ratio: number; readonly portsPerHost: number } {
  const ratio = 2 ** (outsideLength - insideLength)
  return { ratio, portsPerHost: ratio < 1 ? 0 : Math.floor(ports / ratio) }
}

/** Works a mapping out. An `input` fault when the outside is larger than the inside, or too small to give every host a port. */
export function compileMapping(mapping: NatMapping): CompiledMapping {
  const inside = parsePrefix(mapping.inside, 4)
  const outside = parsePrefix(mapping.outside, 4)
  const { ratio, portsPerHost } = sharing(inside.length, outside.length)
  const title = `NAT of ${mapping.inside} to ${mapping.outside}`
  if (ratio < 1) throw new Fault('input', `${title}: outside is larger than inside`, { hint: 'use a smaller outside prefix' })
  if (portsPerHost < 1)
    throw new Fault('input', `${title}: ${ratio} hosts per address leave no port to each`, { hint: 'use a larger outside prefix' })
  return {
    inside,
    outside,
    hosts: 2 ** (32 - inside.length),
    pool: 2 ** (32 - outside.length),
    ratio,
    portsPerHost,
    insideBase: Number(inside.value),
    outsideBase: Number(outside.value),
  }
}

/** Dotted quad of an IPv4 address as a number. */
export function dotted(address: number): string {
  return `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`
}

/** The block of the host at this place of the inside network. */
export function blockAt(
  mapping: CompiledMapping,
  offset: number,
): { readonly outside: number; readonly first: number; readonly last: number } {
  const first = firstPort + mapping.portsPerHost * (offset % mapping.ratio)
  return { outside: mapping.outsideBase + Math.floor(offset / mapping.ratio), first, last: first + mapping.portsPerHost - 1 }
}

/** What an inside host looks like from outside; undefined when it is not in the mapping. Throws an Error for what is no IPv4 address. */
export function forward(mapping: CompiledMapping, inside: string): PortBlock | undefined {
  const address = parseAddress(inside, 4)
  if (!contains(mapping.inside, address)) return undefined
  const { outside, first, last } = blockAt(mapping, Number(address.value) - mapping.insideBase)
  return { address: dotted(outside), firstPort: first, lastPort: last }
}

/** Which inside host an outside address and port belong to. Throws an Error for what is no IPv4 address. */
export function reverse(mapping: CompiledMapping, outside: string, port: number): Reverse {
  const address = parseAddress(outside, 4)
  if (!contains(mapping.outside, address)) return { none: `${formatAddress(address)} is not in the pool` }
  if (!Number.isInteger(port) || port < 0 || port > lastPort) return { none: `${port} is not a port` }
  if (port < firstPort) return { none: `ports under ${firstPort} are never given to a host` }
  const place = Math.floor((port - firstPort) / mapping.portsPerHost)
  if (place >= mapping.ratio) {
    const spare = ports - mapping.portsPerHost * mapping.ratio
    return { none: `the last ${spare} ports of an address are never given to a host` }
  }
  const offset = (Number(address.value) - mapping.outsideBase) * mapping.ratio + place
  const { outside: number, first, last } = blockAt(mapping, offset)
  return { inside: dotted(mapping.insideBase + offset), block: { address: dotted(number), firstPort: first, lastPort: last } }
}
