import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assert as holds, double, integer, nat, property, record } from 'fast-check'
import { Fault } from '@imp/kit/base/fault.ts'
import { blockAt, compileMapping, dotted, forward, reverse } from './mapping.ts'

const wide = compileMapping({ inside: '192.168.0.0/16', outside: '198.51.100.96/30' })

test('a /16 behind four addresses leaves three ports to each host', () => {
  assert.deepEqual(
    { ratio: wide.ratio, portsPerHost: wide.portsPerHost, hosts: wide.hosts, pool: wide.pool },
    { ratio: 16384, portsPerHost: 3, hosts: 65536, pool: 4 },
  )
})

const table = [
  {
    inside: '192.168.0.0/16',
    outside: '198.51.100.96/30',
    host: '192.168.107.173',
    address: '198.51.100.97',
    firstPort: 34567,
    lastPort: 34569,
  },
  { inside: '192.168.0.0/16', outside: '198.51.100.96/30', host: '192.168.0.9', address: '198.51.100.96', firstPort: 1051, lastPort: 1053 },
  {
    inside: '192.168.0.0/16',
    outside: '198.51.100.96/30',
    host: '192.168.77.77',
    address: '198.51.100.97',
    firstPort: 11239,
    lastPort: 11241,
  },
  { inside: '10.0.0.0/24', outside: '203.0.113.0/30', host: '10.0.0.63', address: '203.0.113.0', firstPort: 64528, lastPort: 65535 },
  { inside: '10.0.0.0/24', outside: '203.0.113.0/30', host: '10.0.0.64', address: '203.0.113.1', firstPort: 1024, lastPort: 2031 },
  { inside: '10.0.0.0/24', outside: '203.0.113.0/24', host: '10.0.0.255', address: '203.0.113.255', firstPort: 1024, lastPort: 65535 },
  { inside: '255.255.255.255/32', outside: '1.1.1.1/32', host: '255.255.255.255', address: '1.1.1.1', firstPort: 1024, lastPort: 65535 },
  {
    inside: '255.255.255.0/24',
    outside: '223.255.255.254/32',
    host: '255.255.255.255',
    address: '223.255.255.254',
    firstPort: 65284,
    lastPort: 65535,
  },
]
for (const { inside, outside, host, ...block } of table) {
  test(`${host} of ${inside} is ${block.address} ports ${block.firstPort}-${block.lastPort} of ${outside}`, () => {
    const mapping = compileMapping({ inside, outside })
    assert.deepEqual(forward(mapping, host), block)
    assert.deepEqual(reverse(mapping, block.address, block.firstPort), { inside: host, block })
    assert.deepEqual(reverse(mapping, block.address, block.lastPort), { inside: host, block })
  })
}

test('reverse says why there is nobody', () => {
  const odd = compileMapping({ inside: '10.0.0.0/16', outside: '203.0.113.0/30' })
  assert.deepEqual(reverse(odd, '203.0.113.4', 2000), { none: '203.0.113.4 is not in the pool' })
  assert.deepEqual(reverse(odd, '203.0.113.0', 1023), { none: 'ports under 1024 are never given to a host' })
  // 16384 hosts of 3 ports leave 15360 of 64512 over; the arithmetic of the next address must not leak in.
  assert.deepEqual(reverse(odd, '203.0.113.0', 50175), {
    inside: '10.0.63.255',
    block: { address: '203.0.113.0', firstPort: 50173, lastPort: 50175 },
  })
  assert.deepEqual(reverse(odd, '203.0.113.0', 50176), { none: 'the last 15360 ports of an address are never given to a host' })
  assert.deepEqual(reverse(odd, '203.0.113.0', 65536), { none: '65536 is not a port' })
  assert.deepEqual(reverse(odd, '203.0.113.0', 2000.5), { none: '2000.5 is not a port' })
})

test('forward knows nobody outside the mapping', () => {
  assert.equal(forward(wide, '192.169.0.0'), undefined)
  assert.throws(() => forward(wide, '192.168.0'), /not an IPv4 address/)
})

test('mappings that cannot be are refused', () => {
  const isInput = (error: unknown): boolean => error instanceof Fault && error.code === 'input'
  assert.throws(() => compileMapping({ inside: '10.0.0.0/25', outside: '203.0.113.0/24' }), isInput)
  assert.throws(() => compileMapping({ inside: '10.0.0.0/8', outside: '203.0.113.0/32' }), isInput)
})

const anyMapping = record({
  insideLength: integer({ min: 8, max: 32 }),
  shared: integer({ min: 0, max: 15 }),
  inside: nat(0xffffffff),
  outside: nat(0xffffffff),
}).map(({ insideLength, shared, inside, outside }) => {
  const outsideLength = Math.min(32, insideLength + shared)
  const network = (address: number, length: number): string =>
    `${dotted(Math.floor(address / 2 ** (32 - length)) * 2 ** (32 - length))}/${length}`
  return compileMapping({ inside: network(inside, insideLength), outside: network(outside, outsideLength) })
})

test('reverse undoes forward for any port of any host', () => {
  holds(
    property(anyMapping, double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), nat(), (mapping, where, pick) => {
      const inside = dotted(mapping.insideBase + Math.floor(where * mapping.hosts))
      const block = forward(mapping, inside)
      assert.ok(block !== undefined)
      assert.deepEqual(reverse(mapping, block.address, block.firstPort + (pick % mapping.portsPerHost)), { inside, block })
    }),
  )
})

test('blocks of one address follow each other without a gap or an overlap', () => {
  holds(
    property(anyMapping, double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (mapping, where) => {
      const offset = Math.floor(where * mapping.hosts)
      const here = blockAt(mapping, offset)
      assert.ok(here.first >= 1024 && here.last <= 65535 && here.last - here.first + 1 === mapping.portsPerHost)
      assert.ok(here.outside >= mapping.outsideBase && here.outside < mapping.outsideBase + mapping.pool)
      if (offset + 1 === mapping.hosts) return
      const next = blockAt(mapping, offset + 1)
      const adjacent =
        next.outside === here.outside ? next.first === here.last + 1 : next.outside === here.outside + 1 && next.first === 1024
      assert.ok(adjacent)
    }),
  )
})
