import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { readDestination, readEgress, writeDestination } from './destination.ts'
import { readForward } from './forward.ts'
import { addressIn6, collide, shadowed, writeForward } from './model.ts'

const words: readonly (readonly [word: string, written: string])[] = [
  ['8080:80', '8080:80/tcp'],
  ['5353:53/udp', '5353:53/udp'],
  ['127.0.0.1:8080:80', '127.0.0.1:8080:80/tcp'],
  ['0.0.0.0:8080:80', '8080:80/tcp'],
  ['[2001:db8:0:0::1]:8080:80', '[2001:db8::1]:8080:80/tcp'],
  ['8000-8010:9000-9010', '8000-8010:9000-9010/tcp'],
  ['8000-8010:9000', '8000-8010:9000-9010/tcp'],
]

for (const [word, written] of words) {
  test(`the forward ${word} is written ${written}, which means the same`, () => {
    assert.equal(writeForward(readForward(word)), written)
    assert.deepEqual(readForward(written), readForward(word))
  })
}

const wrong = [
  '80',
  '80:80/icmp',
  '0:80',
  '70000:80',
  '9-8:1-2',
  '1-3:1-2',
  '65535-65536:1-2',
  '1-2000:1-2000',
  '300.0.0.1:80:80',
  '[zz]:1:1',
  '80:80 ',
]

for (const word of wrong) {
  test(`the forward ${JSON.stringify(word)} is refused`, () => {
    assert.throws(() => readForward(word), { name: 'Fault', code: 'input' })
  })
}

test('two forwards collide when, and only when, one packet could mean both', () => {
  const forward = fc.record({
    host: fc.integer({ min: 1, max: 30 }),
    count: fc.integer({ min: 1, max: 10 }),
    protocol: fc.constantFrom('tcp' as const, 'udp' as const),
    address: fc.constantFrom(undefined, '192.0.2.1', '192.0.2.2'),
  })
  fc.assert(
    fc.property(forward, forward, (a, b) => {
      const packets = (each: typeof a): string[] =>
        (each.address === undefined ? ['192.0.2.1', '192.0.2.2'] : [each.address]).flatMap((address) =>
          Array.from({ length: each.count }, (_, index) => `${each.protocol} ${address} ${each.host + index}`),
        )
      const both = new Set(packets(a))
      const expected = packets(b).some((packet) => both.has(packet))
      assert.equal(collide({ ...a, guest: 1 }, { ...b, guest: 1 }), expected)
    }),
  )
})

test('a program that waits at another address or protocol is in nobody’s way', () => {
  const listeners = [{ protocol: 'tcp', address: '127.0.0.1', port: 8080 }] as const
  assert.equal(shadowed(readForward('8080:80'), listeners), listeners[0])
  assert.equal(shadowed(readForward('192.0.2.1:8080:80'), listeners), undefined)
  assert.equal(shadowed(readForward('8080:80/udp'), listeners), undefined)
})

for (const [word, written] of [
  ['192.0.2.0/24', '192.0.2.0/24'],
  ['192.0.2.7:443', '192.0.2.7/32:443'],
  ['192.0.2.0/24:80-90', '192.0.2.0/24:80-90'],
  ['2001:db8::1', '2001:db8::1/128'],
  ['[2001:db8::/32]:443', '[2001:db8::/32]:443'],
  ['dns', 'dns'],
] as const) {
  test(`the destination ${word} is written ${written}`, () => {
    assert.equal(writeDestination(readDestination(word)), written)
  })
}

for (const word of ['', 'example', '192.0.2.1/24', '192.0.2.0/33', '192.0.2.1:0', '192.0.2.1:90-80', '192.0.2.1:70000']) {
  test(`the destination ${JSON.stringify(word)} is refused`, () => {
    assert.throws(() => readDestination(word), { name: 'Fault', code: 'input' })
  })
}

test('a list that no policy uses is refused', () => {
  assert.throws(() => readEgress('internet', ['dns']), { name: 'Fault', code: 'input' })
  assert.throws(() => readEgress(undefined, ['dns']), { name: 'Fault', code: 'input' })
  assert.equal(readEgress(undefined, []), undefined)
})

test('a guest has the same place in both of its networks', () => {
  assert.equal(addressIn6('fd00:20::/64', '172.20.0.0/24', '172.20.0.17'), 'fd00:20::11')
})
