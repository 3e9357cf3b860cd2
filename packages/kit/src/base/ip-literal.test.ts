import assert from 'node:assert/strict'
import { isIPv4, isIPv6 } from 'node:net'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { Address4, Address6 } from 'ip-address'
import { text4, text6, value4, value6 } from './ip-literal.ts'

const any4 = fc.bigInt(0n, (1n << 32n) - 1n)
/** Zeros are what texts differ by: most groups of half of the addresses are zero. */
const any6 = fc
  .array(fc.oneof(fc.constant(0n), fc.bigInt(0n, 0xffffn), fc.bigInt(0n, 15n)), { minLength: 8, maxLength: 8 })
  .map((groups) => groups.reduce((value, group) => (value << 16n) | group, 0n))
const almost = fc.string({ unit: fc.constantFrom('0', '1', '9', '25', 'a', 'F', '.', ':', '::', '%', '/'), maxLength: 16 })

suite('literals of addresses', () => {
  test('IPv4 is written as ip-address writes it, and read back', () => {
    fc.assert(
      fc.property(any4, (value) => {
        assert.equal(text4(value), Address4.fromBigInt(value).correctForm())
        assert.equal(value4(text4(value)), value)
      }),
    )
  })

  test('IPv6 is written as ip-address writes it, and every spelling is read as the same value', () => {
    fc.assert(
      fc.property(any6, (value) => {
        const address = Address6.fromBigInt(value)
        assert.equal(text6(value), address.correctForm())
        for (const text of [address.correctForm(), address.canonicalForm(), address.to4in6(), address.correctForm().toUpperCase()])
          assert.equal(value6(text), value, text)
      }),
    )
  })

  test('node:net takes and refuses the same texts', () => {
    fc.assert(
      fc.property(fc.oneof(almost, any6.map(text6)), (text) => {
        assert.equal(value4(text) !== undefined, isIPv4(text), text)
        assert.equal(value6(text) !== undefined, isIPv6(text) && !text.includes('%'), text)
      }),
      { numRuns: 1000 },
    )
  })

  test('what is no address for ip-address is none for us', () => {
    fc.assert(
      fc.property(almost, (text) => {
        const [four, six] = [value4(text), value6(text)]
        if (four !== undefined) assert.equal(four, new Address4(text).bigInt())
        if (six !== undefined) assert.equal(six, new Address6(text).bigInt())
        if (/[/%]/.test(text)) assert.equal(four ?? six, undefined)
      }),
      { numRuns: 500 },
    )
  })

  for (const text of ['', '10.1', '010.0.0.1', '1.2.3.4.5', '256.0.0.1', ' 1.2.3.4', '0x7f.0.0.1', '1.2.3.4/24'])
    test(`${JSON.stringify(text)} is no IPv4 address`, () => assert.equal(value4(text), undefined))

  for (const text of ['', ':', ':::', '1::2::3', 'fe80::1%eth0', '12345::', '1:2:3:4:5:6:7:8:9', '::1.2.3', '::01.2.3.4', '[::1]', '::/0'])
    test(`${JSON.stringify(text)} is no IPv6 address`, () => assert.equal(value6(text), undefined))
})
