import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { formatAddress, formatPrefix, parseAddress, parsePrefix } from '@imp/kit/base/ip.ts'
import { embed, embedAddress, isNotGlobal, untranslatable } from './model.ts'

/** The table of RFC 6052 2.4. */
const examples: readonly (readonly [prefix: string, address: string])[] = [
  ['2001:db8::/32', '2001:db8:c000:221::'],
  ['2001:db8:100::/40', '2001:db8:1c0:2:21::'],
  ['2001:db8:122::/48', '2001:db8:122:c000:2:2100::'],
  ['2001:db8:122:300::/56', '2001:db8:122:3c0:0:221::'],
  ['2001:db8:122:344::/64', '2001:db8:122:344:c0:2:2100:0'],
  ['2001:db8:122:344::/96', '2001:db8:122:344::c000:221'],
  ['64:ff9b::/96', '64:ff9b::c000:221'],
]

suite('addresses that stand for IPv4', () => {
  for (const [prefix, address] of examples)
    test(`are those of RFC 6052 behind ${prefix}`, () => {
      assert.equal(formatAddress(embedAddress(parsePrefix(prefix), parseAddress('192.0.2.33'))), address)
    })

  test('are of networks as well, which keep out of the reserved octet', () => {
    assert.equal(formatPrefix(embed(parsePrefix('64:ff9b::/96'), parsePrefix('10.0.0.0/8'))), '64:ff9b::a00:0/104')
    assert.equal(formatPrefix(embed(parsePrefix('2001:db8:100::/40'), parsePrefix('192.0.2.0/24'))), '2001:db8:1c0:2::/64')
    assert.equal(formatPrefix(embed(parsePrefix('2001:db8:100::/40'), parsePrefix('192.0.2.32/28'))), '2001:db8:1c0:2:20::/76')
    assert.equal(formatPrefix(embed(parsePrefix('2001:db8::/32'), parsePrefix('0.0.0.0/0'))), '2001:db8::/32')
  })

  test('are refused behind the well-known prefix where IPv4 is not global', () => {
    const refused = untranslatable({ prefix: '64:ff9b::/96', pool: '203.0.113.64/28' }).map(formatPrefix)
    assert.ok(refused.includes('64:ff9b::c0a8:0/112'))
    assert.deepEqual(untranslatable({ prefix: '2001:db8:64::/96', pool: '203.0.113.64/28' }), [])
    assert.ok(isNotGlobal(parsePrefix('172.20.0.0/16')))
    assert.ok(!isNotGlobal(parseAddress('192.31.196.1')))
  })
})
