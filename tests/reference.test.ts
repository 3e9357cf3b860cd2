import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { documents } from '../tools/docs.ts'

const root = join(import.meta.dirname, '..')

for (const [path, text] of await documents())
  test(`${path} is what the source says; if not: node tools/docs.ts`, () => {
    assert.ok(existsSync(join(root, path)), 'it is not there')
    assert.equal(readFileSync(join(root, path), 'utf8'), text)
  })

test('docs/reference holds nothing else', async () => {
  const written = [...(await documents()).keys()].map((path) => path.replace('docs/reference/', ''))
  assert.deepEqual(readdirSync(join(root, 'docs/reference')).toSorted(), written.toSorted())
})
