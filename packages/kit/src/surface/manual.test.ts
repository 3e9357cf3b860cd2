import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { manualOf, roffText } from './manual.ts'
import { registry } from './sample.ts'

test('the manual page is as written down', async (t) => {
  const golden = join(import.meta.dirname, 'golden', 'manual.1')
  const page = await manualOf(registry, { version: '1.2.3', date: '2026-11-30', seeAlso: ['other(1)'] })
  t.assert.fileSnapshot(page, golden, { serializers: [String] })
})

const texts: readonly (readonly [text: string, roff: string])[] = [
  ['--dry-run', '\\-\\-dry\\-run'],
  ['.git is no request', '\\&.git is no request'],
  ['first\n.second', 'first\n\\&.second'],
  ['\'quoted\' and "quoted"', '\\(aqquoted\\(aq and \\(dqquoted\\(dq'],
  ['a\\nb', 'a\\(rsnb'],
  ['two\n\nparagraphs', 'two\nparagraphs'],
]
for (const [text, roff] of texts) test(`${JSON.stringify(text)} in roff`, () => assert.equal(roffText(text), roff))
