import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { annotated, draftText, draftValue, isDraftOf } from './text.ts'

suite('a part of the configuration in an editor', () => {
  const value = { name: 'wan', note: 'https://example.net // no comment' }

  test('comes back as it went, whatever is commented', () => {
    const text = draftText('interfaces.wan', value)
    assert.deepEqual(draftValue(text), value)
    const finding = { path: 'interfaces[0].mtu', severity: 'error', message: 'is\ntoo small', hint: 'use 1500' } as const
    const marked = annotated(annotated(text, 'interfaces.wan', [finding]), 'interfaces.wan', [finding])
    assert.deepEqual(draftValue(marked), value)
    assert.equal(marked.split('\n').filter((line) => line.startsWith('//')).length, 2, 'old findings go')
    assert.match(marked, /^\/\/ interfaces\.wan\n\/\/ error interfaces\[0\]\.mtu: is too small \(use 1500\)\n\{/)
  })

  test('is known by its place', () => {
    assert.ok(isDraftOf(draftText('', value), '') && isDraftOf(annotated('{}', 'a', []), 'a'))
    assert.ok(!isDraftOf(draftText('a', value), '') && !isDraftOf('', ''))
  })

  test('must be JSON', () => {
    assert.throws(() => draftValue('{"a": }'), { code: 'input' })
    assert.throws(() => draftValue('// only\n'), { code: 'input', hint: /imp delete/ })
  })
})
