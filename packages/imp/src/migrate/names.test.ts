import assert from 'node:assert/strict'
import { test } from 'node:test'
import { array, assert as holds, integer, property, record, string } from 'fast-check'
import { Description, interfaceName } from '@imp/kit/base/schema.ts'
import { chooseNames, legalDescription, longestPortName } from './names.ts'

const table = [
  { texts: ['lan', 'wan'], names: ['lan', 'wan'] },
  { texts: ['lan 1', 'lan-1', 'lan.1'], names: ['lan-1-2', 'lan-1', 'lan-1-3'] },
  { texts: ['a very long name indeed', 'a very long name again'], names: ['a-very-long-nam', 'a-very-long-n-2'] },
  { texts: ['Büro', '10ge', '42', '', undefined], names: ['Buro', 'ge', 'port', 'port-2', 'port-3'] },
  { texts: ['lan\n!', 'mtu', 'lo'], names: ['lan', 'mtu-2', 'lo-2'] },
  { texts: ['same', 'same', 'same'], names: ['same', 'same-2', 'same-3'] },
]

for (const { texts, names } of table) {
  test(`${JSON.stringify(texts)} become ${names.join(', ')}`, () => {
    assert.deepEqual(chooseNames(texts.map((text) => ({ text, fallback: 'port', longest: 15 }))), names)
  })
}

test('names are legal, unlike each other and the taken ones, and legal ones stay', () => {
  const wanted = record({ text: string({ unit: 'binary' }), longest: integer({ min: 5, max: 15 }) })
  holds(
    property(array(wanted, { maxLength: 8 }), (list) => {
      const names = chooseNames(
        list.map((each) => ({ ...each, fallback: 'port' })),
        new Set(['taken']),
      )
      assert.equal(new Set([...names, 'taken']).size, list.length + 1)
      for (const [index, { text, longest }] of list.entries()) {
        assert.ok(interfaceName(longest).safeParse(names[index]).success)
        const isFirst = list.findIndex((each) => each.text === text) === index
        if (isFirst && text !== 'taken' && interfaceName(longest).safeParse(text).success) assert.equal(names[index], text)
      }
    }),
    { numRuns: 100 },
  )
})

test('a port leaves room for its longest VLAN', () => {
  assert.deepEqual([longestPortName([]), longestPortName(['.7', '.100']), longestPortName(['.500.7'])], [15, 11, 9])
})

test('any text becomes a legal description', () => {
  holds(
    property(string({ unit: 'binary', maxLength: 120 }), (text) => {
      const description = legalDescription(text)
      assert.ok(Description.safeParse(description).success, JSON.stringify(description))
    }),
    { numRuns: 100 },
  )
  assert.equal(legalDescription('core "one"!\nsecond'), 'core one second')
  assert.equal(legalDescription('fibre to the office'), 'fibre to the office')
})
