/**
 * Text of addresses to numbers and back. A configuration has tens of thousands of them, each read by several rules: node:net decides
 * what is valid, and the number follows without objects in between. Tests compare every step with ip-address.
 */
import { isIPv4, isIPv6 } from 'node:net'

/** The value of an IPv4 literal (four decimal numbers without leading zeros), or undefined when it is none. */
export function value4(text: string): bigint | undefined {
  return isIPv4(text) ? BigInt(quad(text)) : undefined
}

function quad(text: string): number {
  return text.split('.').reduce((value, part) => value * 256 + Number(part), 0)
}

/** Groups of four digits; an IPv4 address at the end stands for two of them (RFC 4291 2.2). */
function hexDigits(part: string): string {
  if (part === '') return ''
  const groups = part.split(':')
  return groups.map((group) => (group.includes('.') ? quad(group).toString(16).padStart(8, '0') : group.padStart(4, '0'))).join('')
}

/** The value of an IPv6 literal without a zone, or undefined when it is none. */
export function value6(text: string): bigint | undefined {
  if (text.includes('%') || !isIPv6(text)) return undefined
  const [head = '', tail] = text.split('::')
  const first = hexDigits(head)
  return BigInt(`0x${tail === undefined ? first : first + hexDigits(tail).padStart(32 - first.length, '0')}`)
}

export function text4(value: bigint): string {
  const number = Number(value)
  return `${number >>> 24}.${(number >>> 16) & 255}.${(number >>> 8) & 255}.${number & 255}`
}

/** The first of the longest runs of two or more zero groups (RFC 5952 4.2). */
function longestRun(groups: readonly string[]): { readonly start: number; readonly length: number } {
  let longest = { start: 0, length: 1 }
  let length = 0
  for (const [index, group] of groups.entries()) {
    length = group === '0' ? length + 1 : 0
    if (length > longest.length) longest = { start: index + 1 - length, length }
  }
  return longest
}

/** The canonical text of RFC 5952: lower case, no leading zeros, the longest run of zeros as `::`. */
export function text6(value: bigint): string {
  const digits = value.toString(16).padStart(32, '0')
  const groups = Array.from({ length: 8 }, (_, index) => digits.slice(4 * index, 4 * index + 4).replace(/^0{1,3}/, ''))
  const { start, length } = longestRun(groups)
  if (length < 2) return groups.join(':')
  return `${groups.slice(0, start).join(':')}::${groups.slice(start + length).join(':')}`
}
