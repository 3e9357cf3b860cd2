import assert from 'node:assert/strict'
import { isIP } from 'node:net'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import {
  addressAt,
  allocate,
  bits,
  compare,
  contains,
  formatAddress,
  formatPrefix,
  hostRange,
  lastOf,
  networkOf,
  overlaps,
  parseAddress,
  parseInterfaceAddress,
  parsePrefix,
  sameAddress,
  sizeOf,
  subnets,
  type Address,
  type Prefix,
} from './ip.ts'

describe('literals that are no address', () => {
  const table = [
    '',
    '10.1',
    '010.0.0.1',
    '1.2.3.4.5',
    '256.0.0.1',
    '1.2.3.4 ',
    '0x1.2.3.4',
    '1.2.3',
    'fe80::1%eth0',
    ':::',
    '1::2::3',
    '12345::',
    'a.b.c.d',
    '2001:db8::/32',
    '[::1]',
  ]
  for (const text of table) test(JSON.stringify(text), () => assert.throws(() => parseAddress(text), /is not an IPv4 or IPv6 address/))
})

describe('prefixes that are none', () => {
  const table: [string, RegExp][] = [
    ['10.0.0.0', /address\/length/],
    ['10.0.0.0/33', /at most 32/],
    ['2001:db8::/129', /at most 128/],
    ['10.0.0.0/08', /address\/length/],
    ['10.0.0.0/-1', /address\/length/],
    ['10.0.0.0/ 8', /address\/length/],
    ['10.0.0.0/8/8', /address\/length/],
    ['10.0.0.1/8', /has host bits: the network is 10\.0\.0\.0\/8/],
    ['2001:db8::1/32', /has host bits: the network is 2001:db8::\/32/],
  ]
  for (const [text, message] of table) test(text, () => assert.throws(() => parsePrefix(text), message))
})

test('the family that is asked for is the family that is accepted', () => {
  assert.throws(() => parseAddress('192.0.2.1', 6), /is not an IPv6 address/)
  assert.throws(() => parseAddress('::1', 4), /is not an IPv4 address/)
  assert.throws(() => parseInterfaceAddress('::1/64', 4), /is not an IPv4 address/)
})

test('IPv6 is written as RFC 5952 says', () => {
  const table = {
    '2001:DB8:0:0:0:0:0:1': '2001:db8::1',
    '2001:db8:0:0:1:0:0:1': '2001:db8::1:0:0:1',
    '2001:db8:0:1:1:1:1:1': '2001:db8:0:1:1:1:1:1',
    '0:0:0:0:0:0:0:0': '::',
  }
  for (const [text, expected] of Object.entries(table)) assert.equal(formatAddress(parseAddress(text)), expected)
})

const address: fc.Arbitrary<Address> = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 32n - 1n }).map((value) => ({ family: 4, value }) as const),
  fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }).map((value) => ({ family: 6, value }) as const),
)
const prefix: fc.Arbitrary<Prefix> = address.chain((each) =>
  fc.integer({ min: 0, max: bits(each.family) }).map((length) => networkOf({ ...each, length })),
)

test('what is written is read back, and is an address for others too', () => {
  fc.assert(
    fc.property(address, (each) => {
      const text = formatAddress(each)
      assert.equal(isIP(text), each.family)
      assert.deepEqual(parseAddress(text), each)
    }),
  )
  fc.assert(fc.property(prefix, (each) => assert.deepEqual(parsePrefix(formatPrefix(each)), each)))
})

test('a prefix contains exactly its first to its last address', () => {
  fc.assert(
    fc.property(prefix, address, (outer, inner) => {
      const inside = inner.family === outer.family && inner.value >= outer.value && inner.value <= lastOf(outer).value
      assert.equal(contains(outer, inner), inside)
      assert.ok(contains(outer, lastOf(outer)) && contains(outer, outer))
      assert.equal(lastOf(outer).value - outer.value + 1n, sizeOf(outer))
    }),
  )
})

test('two prefixes overlap when they share an address', () => {
  fc.assert(
    fc.property(prefix, prefix, (a, b) => {
      const shared = a.family === b.family && a.value <= lastOf(b).value && b.value <= lastOf(a).value
      assert.equal(overlaps(a, b), shared)
      assert.equal(overlaps(a, b), overlaps(b, a))
    }),
  )
})

test('subnets tile their prefix', () => {
  const pair = prefix.chain((outer) =>
    fc.integer({ min: outer.length, max: Math.min(outer.length + 6, bits(outer.family)) }).map((length) => ({ outer, length })),
  )
  fc.assert(
    fc.property(pair, ({ outer, length }) => {
      const all = [...subnets(outer, length)]
      assert.equal(all.length, 2 ** (length - outer.length))
      assert.equal(all[0]?.value, outer.value)
      assert.deepEqual(all.at(-1) && lastOf(all.at(-1)!), lastOf(outer))
      all.slice(1).forEach((each, index) => assert.equal(each.value, lastOf(all[index]!).value + 1n))
    }),
  )
  assert.throws(() => [...subnets(parsePrefix('10.0.0.0/8'), 7)], RangeError)
  assert.throws(() => [...subnets(parsePrefix('10.0.0.0/8'), 33)], RangeError)
})

test('addresses of hosts', () => {
  const range = (text: string): string[] => {
    const network = parsePrefix(text)
    const { first, last } = hostRange(network)
    return [first, last].map((value) => formatAddress({ family: network.family, value }))
  }
  assert.deepEqual(range('192.0.2.0/24'), ['192.0.2.1', '192.0.2.254'])
  assert.deepEqual(range('192.0.2.0/31'), ['192.0.2.0', '192.0.2.1'])
  assert.deepEqual(range('192.0.2.7/32'), ['192.0.2.7', '192.0.2.7'])
  assert.deepEqual(range('2001:db8::/127'), ['2001:db8::', '2001:db8::1'])
  assert.deepEqual(range('2001:db8::/126'), ['2001:db8::1', '2001:db8::3'])
})

test('allocation gives every host address once and then none', () => {
  const network = parsePrefix('192.0.2.0/29')
  const taken = new Set<bigint>()
  const given: string[] = []
  for (let next = allocate(network, taken); next !== undefined; next = allocate(network, taken)) {
    taken.add(next.value)
    given.push(formatAddress(next))
  }
  assert.deepEqual(given, ['192.0.2.1', '192.0.2.2', '192.0.2.3', '192.0.2.4', '192.0.2.5', '192.0.2.6'])
})

test('places in a prefix', () => {
  const network = parsePrefix('192.0.2.0/30')
  assert.equal(formatAddress(addressAt(network, 3n)), '192.0.2.3')
  assert.throws(() => addressAt(network, 4n), RangeError)
  assert.throws(() => addressAt(network, -1n), RangeError)
})

test('the order is total', () => {
  fc.assert(
    fc.property(fc.oneof(address, prefix), fc.oneof(address, prefix), fc.oneof(address, prefix), (a, b, c) => {
      assert.equal(Math.sign(compare(a, b)) + Math.sign(compare(b, a)), 0)
      if (compare(a, b) <= 0 && compare(b, c) <= 0) assert.ok(compare(a, c) <= 0)
    }),
  )
  const sorted = ['2001:db8::/32', '10.0.0.0/16', '10.0.0.0/8', '9.0.0.0/8'].map((text) => parsePrefix(text)).toSorted(compare)
  assert.deepEqual(sorted.map(formatPrefix), ['9.0.0.0/8', '10.0.0.0/8', '10.0.0.0/16', '2001:db8::/32'])
})

test('the same address', () => {
  assert.ok(sameAddress(parseAddress('::1'), parseAddress('0:0:0:0:0:0:0:1')))
  assert.ok(!sameAddress(parseAddress('0.0.0.1'), parseAddress('::1')))
})
