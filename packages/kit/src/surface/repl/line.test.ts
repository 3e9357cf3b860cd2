import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { asksForHelp, positionOf, quoteWord, splitLine } from './line.ts'

describe('a line is split as a shell would split it', () => {
  const table: [string, string[], string[][]?][] = [
    ['', []],
    ['  ', []],
    ['lab up  x.yaml ', ['lab', 'up', 'x.yaml']],
    [`say 'a b' "c 'd'" e\\ f`, ['say', 'a b', "c 'd'", 'e f']],
    [`a'b'"c"d`, ['abcd']],
    [`''`, ['']],
    [String.raw`"a\"b\\c\d"`, [String.raw`a"b\c\d`]],
    ['list | match up|count', ['list'], [['match', 'up'], ['count']]],
    [`list | match 'a|b'`, ['list'], [['match', 'a|b']]],
    ['list |', ['list'], [[]]],
    ['status # what runs | count', ['status']],
    ['# nothing', []],
    ["a#b 'c'#d", ['a#b', 'c#d']],
    ['wöb 名前', ['wöb', '名前']],
  ]
  for (const [line, words, stages = []] of table) test(JSON.stringify(line), () => assert.deepEqual(splitLine(line), { words, stages }))
})

test('an open quote is refused', () => {
  for (const line of [`a 'b`, `a "b`, `a b\\`, `list | match 'a`]) assert.throws(() => splitLine(line), { code: 'input' })
})

test('any words survive quoting', () => {
  const words = fc.array(fc.string({ unit: 'grapheme' }))
  fc.assert(fc.property(words, (said) => assert.deepEqual(splitLine(said.map(quoteWord).join(' ')), { words: said, stages: [] })))
})

describe('where the cursor stands', () => {
  const table: [string, string[], string, string, boolean][] = [
    ['', [], '', '', false],
    ['la', [], 'la', 'la', false],
    ['lab ', ['lab'], '', '', false],
    ['lab up ex', ['lab', 'up'], 'ex', 'ex', false],
    [`check 'my f`, ['check'], 'my f', `'my f`, false],
    [`check my\\ f`, ['check'], 'my f', `my\\ f`, false],
    ['list | ma', [], 'ma', 'ma', true],
    ['list | match x', ['match'], 'x', 'x', true],
  ]
  for (const [line, before, last, typed, piped] of table)
    test(JSON.stringify(line), () => assert.deepEqual(positionOf(line), { before, last, typed, piped }))
})

test('a question mark is help or a character like others', () => {
  for (const line of ['', 'la', 'lab ', 'lab up --x', 'list |', 'list | ma']) assert.equal(asksForHelp(line), true, line)
  for (const line of [`check 'a`, 'list | match a', 'list | match ', 'exec x -- ls a', 'a # b', 'a\\'])
    assert.equal(asksForHelp(line), false, line)
})
