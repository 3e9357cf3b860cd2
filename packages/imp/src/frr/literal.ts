/**
 * Addresses and prefixes as FRR prints them (lib/ntop.c): as RFC 5952, but IPv4-compatible addresses end in IPv4 (`::192.0.2.1`), which
 * only routes of transition mechanisms have.
 */
import { formatAddress, parseAddress, parsePrefix, type Address } from '@imp/kit/base/ip.ts'

function printed(address: Address): string {
  // `::1` and `::ffff` have seven leading zero groups and stay as they are; with six, the last 32 bits are written as IPv4.
  const compatible = address.family === 6 && address.value > 0xffffn && address.value <= 0xffff_ffffn
  return compatible ? `::${formatAddress({ family: 4, value: address.value })}` : formatAddress(address)
}

/** An address in FRR's own spelling. */
export function addressLiteral(text: string): string {
  return printed(parseAddress(text))
}

/** A prefix in FRR's own spelling. */
export function prefixLiteral(text: string): string {
  const prefix = parsePrefix(text)
  return `${printed(prefix)}/${prefix.length}`
}

/** `ip` or `ipv6`: the word that FRR's commands for this family begin with. */
export function familyWord(family: 4 | 6): 'ip' | 'ipv6' {
  return family === 4 ? 'ip' : 'ipv6'
}
