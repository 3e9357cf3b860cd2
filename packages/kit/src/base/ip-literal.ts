/**
 * Text of addresses to numbers and back. A configuration has tens of thousands of them, each read by several rules: neither the
 * objects of a library nor the regular expression of node:net, which takes 6 ms to compile. Tests compare every step with ip-address.
 */

/** The number that an IPv4 literal stands for: four decimal numbers without leading zeros; undefined when it is none. */
function quad(text: string): number | undefined {
  const parts = text.split('.')
  const valid = parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255)
  return valid ? parts.reduce((value, part) => value * 256 + Number(part), 0) : undefined
}

/** The value of an IPv4 literal, or undefined when it is none. */
export function value4(text: string): bigint | undefined {
  const value = quad(text)
  return value === undefined ? undefined : BigInt(value)
}

/** The groups of one side of `::`, at the end of the text perhaps with an IPv4 address for two (RFC 4291 2.2); undefined when one is none. */
function groupsOf(side: string, isEnd: boolean): number[] | undefined {
  if (side === '') return []
  const groups = side.split(':')
  const last = groups.at(-1) ?? ''
  const four = isEnd && last.includes('.') ? quad(last) : undefined
  const plain = four === undefined ? groups : groups.slice(0, -1)
  if (!plain.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined
  const values = plain.map((group) => Number.parseInt(group, 16))
  return four === undefined ? values : [...values, four >>> 16, four & 0xffff]
}

/** The value of an IPv6 literal without a zone, or undefined when it is none. */
export function value6(text: string): bigint | undefined {
  const [left = '', right, more] = text.split('::')
  const head = groupsOf(left, right === undefined)
  const tail = right === undefined ? [] : groupsOf(right, true)
  if (head === undefined || tail === undefined || more !== undefined) return undefined
  const zeros = 8 - head.length - tail.length
  if (right === undefined ? zeros !== 0 : zeros < 1) return undefined
  const view = new DataView(new ArrayBuffer(16))
  head.forEach((group, index) => view.setUint16(2 * index, group))
  tail.forEach((group, index) => view.setUint16(2 * (index + 8 - tail.length), group))
  return (view.getBigUint64(0) << 64n) | view.getBigUint64(8)
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
  const view = new DataView(new ArrayBuffer(16))
  view.setBigUint64(0, value >> 64n)
  view.setBigUint64(8, value)
  const groups = [0, 2, 4, 6, 8, 10, 12, 14].map((offset) => view.getUint16(offset).toString(16))
  const { start, length } = longestRun(groups)
  if (length < 2) return groups.join(':')
  return `${groups.slice(0, start).join(':')}::${groups.slice(start + length).join(':')}`
}
