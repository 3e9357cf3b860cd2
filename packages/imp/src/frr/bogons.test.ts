import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parsePrefix } from '@imp/kit/base/ip.ts'
import { isBogon } from './bogons.ts'

const cases: readonly (readonly [prefix: string, bogon: boolean])[] = [
  ['10.1.0.0/16', true],
  ['203.0.113.0/24', true],
  ['9.9.9.0/24', false],
  ['9.9.9.0/25', true],
  ['0.0.0.0/0', false],
  ['240.0.0.0/8', true],
  ['2001:db8:1::/48', true],
  ['2620:fe::/48', false],
  ['2620:fe::/49', true],
  ['fd00::/8', true],
  ['::/0', false],
]

for (const [prefix, bogon] of cases)
  test(`${prefix} is ${bogon ? 'a' : 'no'} bogon`, () => assert.equal(isBogon(parsePrefix(prefix)), bogon))
