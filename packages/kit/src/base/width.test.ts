import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { displayWidth, printable, truncate, wrap } from './width.ts'

describe('display width', () => {
  const table: [string, number][] = [
    ['', 0],
    ['abc', 3],
    ['Zürich', 6],
    ['e\u0301', 1],
    ['日本', 4],
    ['한국', 4],
    ['ｆｕｌｌ', 8],
    ['🚀', 2],
    ['👩‍👩‍👧', 2],
    ['❤️', 2],
    ['●✓✗█░…', 6],
    ['\u001b[31mred\u001b[39m', 3],
    ['\u200d', 0],
  ]
  for (const [text, width] of table) test(JSON.stringify(text), () => assert.equal(displayWidth(text), width))
})

test('truncate never exceeds the columns and keeps what fits', () => {
  assert.equal(truncate('日本語', 5), '日本…')
  assert.equal(truncate('日本語', 6), '日本語')
  assert.equal(truncate('abc', 0), '')
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.nat(20), (text, columns) => {
      const plain = printable(text)
      const cut = truncate(plain, columns)
      assert.ok(displayWidth(cut) <= columns)
      if (displayWidth(plain) <= columns) assert.equal(cut, plain)
    }),
  )
})

test('wrap keeps every word and fits unless a word does not', () => {
  assert.deepEqual(wrap('one two three', 7), ['one two', 'three'])
  assert.deepEqual(wrap('a\nb', 7), ['a', 'b'])
  assert.deepEqual(wrap('extraordinary a', 5), ['extraordinary', 'a'])
  fc.assert(
    fc.property(fc.array(fc.stringMatching(/^[a-z日]{1,12}$/)), fc.integer({ min: 1, max: 30 }), (words, columns) => {
      const lines = wrap(words.join(' '), columns)
      assert.deepEqual(lines.join(' ').split(' '), words.join(' ').split(' '))
      assert.ok(lines.every((line) => displayWidth(line) <= columns || !line.includes(' ')))
    }),
  )
})

test('printable lets nothing through that steers a terminal', () => {
  assert.equal(printable('a\u001b[2Jb\u0007c\td\r\ne\u202ef\u009b31m'), 'abc  d\nef')
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => assert.doesNotMatch(printable(text), /[^\P{Cc}\n]/u)))
})
