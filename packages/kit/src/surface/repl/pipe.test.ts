import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { pass, readPipe } from './pipe.ts'

const text = 'eth0 up\neth1 down\nlo up'

describe('text through stages', () => {
  const table: [string[][], string][] = [
    [[['match', 'up$']], 'eth0 up\nlo up'],
    [[['except', '^eth']], 'lo up'],
    [
      [
        ['match', 'eth'],
        ['except', 'down'],
      ],
      'eth0 up',
    ],
    [[['count']], '3 lines'],
    [[['match', 'nothing']], ''],
    [[['find', 'down']], 'eth1 down\nlo up'],
    [[['find', 'nothing']], ''],
    [[['last', '2']], 'eth1 down\nlo up'],
    [[['last']], text],
    [[['no-more']], text],
    [[['match', 'nothing'], ['count']], '0 lines'],
    [[['match', 'lo'], ['count']], '1 line'],
  ]
  for (const [stages, expected] of table) test(JSON.stringify(stages), () => assert.equal(pass(readPipe(stages), text), expected))
})

test('a text without lines has none', () => assert.equal(pass(readPipe([['count']]), ''), '0 lines'))

test('json is told to the command', () => {
  assert.deepEqual(readPipe([['json']]), { json: true, filters: [] })
  assert.equal(readPipe([['json'], ['match', 'x']]).filters.length, 1)
})

test('a file is where the text ends', () => {
  assert.equal(
    readPipe([
      ['match', 'x'],
      ['save', 'x.txt'],
    ]).save,
    'x.txt',
  )
})

describe('refused before anything runs', () => {
  const table: [string[][], RegExp][] = [
    [[[]], /needs a word/],
    [[['grep', 'x']], /there is no \| grep/],
    [[['match']], /needs a regular expression/],
    [[['match', 'a', 'b']], /takes one/],
    [[['except', '(']], /is no regular expression/],
    [[['count', '3']], /takes no words/],
    [[['match', 'x'], ['json']], /json comes first/],
    [[['json', 'x']], /takes no words/],
    [[['save']], /name of one file/],
    [[['save', 'x'], ['count']], /save comes last/],
    [[['last', 'x']], /number of lines/],
    [[['last', '0']], /number of lines/],
    [[['no-more', 'x']], /takes no words/],
  ]
  for (const [stages, message] of table)
    test(JSON.stringify(stages), () => assert.throws(() => readPipe(stages), { code: 'input', message }))
})
