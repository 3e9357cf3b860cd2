import assert from 'node:assert/strict'
import { test } from 'node:test'
import { count, indent, nearest, table } from './text.ts'
import { displayWidth } from './width.ts'

test('tables align, without blanks at the end of lines', () => {
  assert.deepEqual(table([['a', 'bb', 'c'], ['aaa', 'b', ''], ['x']]), ['a    bb  c', 'aaa  b', 'x'])
  assert.deepEqual(table([]), [])
  assert.deepEqual(
    table(
      [
        ['日本', 'x'],
        ['a', 'y'],
      ],
      displayWidth,
    ),
    ['日本  x', 'a     y'],
  )
})

test('indent leaves empty lines empty', () => assert.equal(indent('a\n\nb'), '  a\n\n  b'))

test('counts', () => {
  assert.equal(count(1, 'peer'), '1 peer')
  assert.equal(count(0, 'peer'), '0 peers')
  assert.equal(count(2, 'address', 'addresses'), '2 addresses')
})

test('the nearest word, when one is near', () => {
  const words = ['start', 'stop', 'status', 'delete']
  const cases = { strat: 'start', stat: 'start', stpo: 'stop', stp: 'stop', deltee: 'delete', banana: undefined, '': undefined }
  for (const [word, expected] of Object.entries(cases)) assert.equal(nearest(word, words), expected, word)
  assert.equal(nearest('x', []), undefined)
})
