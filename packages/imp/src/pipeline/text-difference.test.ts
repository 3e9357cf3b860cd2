import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { array, assert as always, constantFrom, property } from 'fast-check'
import { textDifference } from './text-difference.ts'

/** What patch(1) would make of it: the old text with the hunks applied. */
function patched(before: string, lines: readonly string[]): string {
  const old = before.split('\n').slice(0, -1)
  const made: string[] = []
  let place = 0
  for (const line of lines) {
    const header = /^@@ -(\d+)(?:,(\d+))? /.exec(line)
    if (header !== null) {
      const start = Number(header[1]) - (header[2] === '0' ? 0 : 1)
      made.push(...old.slice(place, start))
      place = start
    } else if (line.startsWith('+')) made.push(line.slice(1))
    else {
      assert.equal(line.slice(1), old[place])
      if (line.startsWith(' ')) made.push(line.slice(1))
      place += 1
    }
  }
  return [...made, ...old.slice(place)].map((line) => `${line}\n`).join('')
}

const text = array(constantFrom('a', 'b', 'c', 'd'), { maxLength: 40 }).map((lines) => lines.map((line) => `${line}\n`).join(''))

suite('the difference of two texts', () => {
  test('turns the old one into the new one', () => {
    always(
      property(text, text, (before, after) => {
        const { lines, added, removed } = textDifference(before, after)
        assert.equal(patched(before, lines), after)
        assert.equal(lines.filter((line) => line.startsWith('+')).length, added)
        assert.equal(lines.filter((line) => line.startsWith('-')).length, removed)
      }),
    )
  })

  test('is in the unified format, with three lines around', () => {
    assert.deepEqual(textDifference('1\n2\n3\n4\n5\n6\n7\n8\n', '1\n2\n3\n4\nfive\n6\n7\n8\n').lines, [
      '@@ -2,7 +2,7 @@',
      ' 2',
      ' 3',
      ' 4',
      '-5',
      '+five',
      ' 6',
      ' 7',
      ' 8',
    ])
    assert.deepEqual(textDifference('', 'a\n').lines, ['@@ -0,0 +1 @@', '+a'])
    assert.deepEqual(textDifference('a\n', 'a\n').lines, [])
  })

  test('of texts that have little in common stays bounded', () => {
    const numbers = (from: number): string => Array.from({ length: 20_000 }, (_, index) => `${from + index}\n`).join('')
    const { added, removed, lines } = textDifference(numbers(0), numbers(100_000))
    assert.deepEqual([added, removed, lines.at(-1)], [20_000, 20_000, '\\ 38001 more lines'])
  })
})
