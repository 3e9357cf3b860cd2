import assert from 'node:assert/strict'
import { test } from 'node:test'
import { array, assert as check, property, string } from 'fast-check'
import { shellQuote } from '@imp/kit/host/exec.ts'
import { splitWords } from './words.ts'

const table: [string, string[]][] = [
  ['', []],
  ['  ip   link ', ['ip', 'link']],
  [`echo 'a b' c`, ['echo', 'a b', 'c']],
  [`echo "a \\" \\\\ b"`, ['echo', 'a " \\ b']],
  [`a\\ b`, ['a b']],
  [`''`, ['']],
  [`x'y'"z"`, ['xyz']],
  [`nft 'add rule; x'`, ['nft', 'add rule; x']],
]

for (const [line, words] of table) test(`words of ${JSON.stringify(line)}`, () => assert.deepEqual(splitWords(line), words))

for (const line of [`'open`, `"open`, 'a | b', 'a > b', 'echo $HOME', 'trailing\\', 'a; b']) {
  test(`refuses ${line}`, () => assert.throws(() => splitWords(line)))
}

test('what is quoted for a shell splits into the same words', () => {
  check(
    property(array(string({ unit: 'grapheme' })), (words) => {
      assert.deepEqual(splitWords(words.map(shellQuote).join(' ')), words)
    }),
  )
})
