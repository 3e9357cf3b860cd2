import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Finding } from '@imp/kit/base/fault.ts'
import { withRemedy } from './remedy.ts'

function hintFor(path: string, rest: Partial<Finding> = {}): string | undefined {
  return withRemedy({ path, severity: 'error', message: 'is wrong', ...rest }).hint
}

const cases: readonly (readonly [path: string, hint: RegExp])[] = [
  ['interfaces[0].role', /^write "external" or "internal"$/],
  ['interfaces[3].addresses[1]', /^write something like "192\.0\.2\.1\/24"$/],
  ['bgp.asn', /^write something like 64500, from 1 to 4294967294$/],
  ['cpu.main', /^write a number from 0 to 1023$/],
  ['interfaces', /^write a list/],
  ['bgp', /^write an object with asn, routerId/],
  ['interfaces[0].description', /^here belongs: one line for people$/],
]

suite('remedies for what the schema refuses', () => {
  for (const [path, hint] of cases) test(path, () => assert.match(hintFor(path) ?? '', hint))

  test('for an unknown key, the key that was meant or those that there are', () => {
    const unknown = { message: 'unknown key', hint: 'remove it, or check its spelling' }
    assert.equal(hintFor('interfaces[0].adresses', unknown), 'did you mean addresses?')
    assert.match(hintFor('nat.pools', unknown) ?? '', /^remove it; there are mappings, bypass$/)
    assert.equal(hintFor('interfaces[0]["a b"]', unknown), unknown.hint)
  })

  test('are left as they are where there is one, and where the schema knows no such place', () => {
    assert.equal(hintFor('bgp.asn', { hint: 'as it is' }), 'as it is')
    assert.equal(hintFor('elsewhere[0].a'), undefined)
  })
})
