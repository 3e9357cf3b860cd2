import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { addressLiteral, prefixLiteral } from './literal.ts'

/** What FRR 8.4.4 printed for each of these in `show running-config`. */
const addresses: readonly (readonly [string, string])[] = [
  ['192.0.2.1', '192.0.2.1'],
  ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
  ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
  ['::ffff:1.2.3.4', '::ffff:102:304'],
  ['::1.2.3.4', '::1.2.3.4'],
  ['::1:2', '::0.1.0.2'],
  ['::1', '::1'],
]

suite('literals as FRR prints them', () => {
  for (const [text, printed] of addresses) test(`${text} is ${printed}`, () => assert.equal(addressLiteral(text), printed))

  test('prefixes keep their length', () => {
    assert.equal(prefixLiteral('::ffff:0:0/96'), '::ffff:0:0/96')
    assert.equal(prefixLiteral('::/0'), '::/0')
    assert.equal(prefixLiteral('10.0.0.0/8'), '10.0.0.0/8')
  })
})
