import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import { needsPages, showPages } from './pager.ts'

const ten = Array.from({ length: 10 }, (_, index) => `line ${index}`).join('\n')

/** What is on the paper after these keys, the prompts as `>`. */
async function shown(text: string, keys: readonly string[], size = { width: 80, height: 4 }): Promise<string> {
  const left = [...keys]
  let written = ''
  await showPages(text, { ...size, write: (more) => void (written += more), key: async () => left.shift() })
  return stripVTControlCharacters(written.replaceAll(/-- more --[^\r]*\r/g, '>'))
}

describe('pages', () => {
  const table: [keys: string[], lines: string][] = [
    [['q'], '012>'],
    [[' ', 'q'], '012>345>'],
    [['\r', 'j', 'q'], '012>3>4>'],
    [['x', 'y', 'q'], '012>'],
    [['G'], '012>3456789'],
    [[' ', ' ', ' '], '012>345>678>9'],
    [['\u0003'], '012>'],
    [[], '012>'],
  ]
  for (const [keys, lines] of table)
    test(JSON.stringify(keys), async () => assert.equal((await shown(ten, keys)).replaceAll(/line |\n/g, ''), lines))

  test('lines that the terminal wraps take the rows that they need', async () => {
    const text = ['a'.repeat(15), 'b', 'c', 'd'].join('\n')
    assert.equal(await shown(text, ['q'], { width: 10, height: 4 }), `${'a'.repeat(15)}\nb\n>`)
  })

  test('a line that is longer than the screen is shown nevertheless', async () => {
    assert.equal(await shown(`${'a'.repeat(50)}\nb`, ['q'], { width: 10, height: 4 }), `${'a'.repeat(50)}\n>`)
  })
})

test('what fits needs no pages', () => {
  assert.equal(needsPages('a\nb\nc', { width: 80, height: 4 }), false)
  assert.equal(needsPages('a\nb\nc\nd', { width: 80, height: 4 }), true)
  assert.equal(needsPages(`${'a'.repeat(81)}\nb\nc`, { width: 80, height: 4 }), true)
})
