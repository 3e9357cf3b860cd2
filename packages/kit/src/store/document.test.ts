import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { z } from 'zod'
import { fakeHost } from '../host/fake.ts'
import { decode, encode, findDocument, readDocument, writeDocument, type DocumentKind } from './document.ts'

const fields = z.strictObject({ name: z.string(), sizes: z.array(z.int()), nested: z.record(z.string(), z.boolean()).optional() })
const kind: DocumentKind<typeof fields> = {
  schema: 'test.thing',
  version: 3,
  fields,
  migrations: {
    1: ({ title, ...rest }) => ({ ...rest, name: title }),
    2: ({ size, ...rest }) => ({ ...rest, sizes: [size] }),
  },
}

test('what is encoded is decoded', () => {
  const arbitrary = fc.record(
    {
      name: fc.string({ unit: 'binary' }),
      sizes: fc.array(fc.maxSafeInteger().map((size) => size + 0)),
      nested: fc.dictionary(
        fc.string().filter((key) => key !== '__proto__'),
        fc.boolean(),
        { noNullPrototype: true },
      ),
    },
    { requiredKeys: ['name', 'sizes'], noNullPrototype: true },
  )
  fc.assert(
    fc.property(arbitrary, (value) => {
      const text = encode(kind, value)
      assert.deepEqual(decode(kind, text, 'it'), value)
      assert.equal(encode(kind, decode(kind, text, 'it')), text)
      assert.match(text, /^\{\n {2}"schema": "test.thing",\n {2}"version": 3,\n/)
      assert.ok(text.endsWith('}\n'))
    }),
  )
})

test('older versions are migrated, one step after the other', () => {
  assert.deepEqual(decode(kind, '{"schema":"test.thing","version":1,"title":"a","size":5}', 'it'), { name: 'a', sizes: [5] })
  assert.deepEqual(decode(kind, '{"schema":"test.thing","version":2,"name":"a","size":5}', 'it'), { name: 'a', sizes: [5] })
})

describe('what is refused', () => {
  const table: [string, string, { code: string; message: RegExp }][] = [
    ['no JSON', '{', { code: 'input', message: /^x\.json is not JSON$/ }],
    ['no object', '[]', { code: 'input', message: /^x\.json: 1 error$/ }],
    ['no envelope', '{"name":"a"}', { code: 'input', message: /^x\.json: 2 errors$/ }],
    ['another schema', '{"schema":"vmm.vm","version":1}', { code: 'input', message: /is a "vmm.vm" document, not "test.thing"/ }],
    [
      'a newer version',
      '{"schema":"test.thing","version":4}',
      { code: 'unsupported', message: /newer version \(test.thing 4, this program knows 3\)/ },
    ],
    ['an unknown key', '{"schema":"test.thing","version":3,"name":"a","sizes":[],"extra":1}', { code: 'input', message: /1 error/ }],
    ['version zero', '{"schema":"test.thing","version":0}', { code: 'input', message: /1 error/ }],
  ]
  for (const [title, text, expected] of table) test(title, () => assert.throws(() => decode(kind, text, 'x.json'), expected))
})

test('a missing migration is a bug of ours', () => {
  assert.throws(() => decode({ schema: 'a', version: 2, fields: z.strictObject({}) }, '{"schema":"a","version":1}', 'x'), { code: 'bug' })
})

test('files', async () => {
  const host = fakeHost()
  assert.equal(await findDocument(host, kind, '/x'), undefined)
  await assert.rejects(readDocument(host, kind, '/x'), { code: 'not-found' })
  await writeDocument(host, kind, '/x', { name: 'a', sizes: [] })
  assert.deepEqual(await findDocument(host, kind, '/x'), { name: 'a', sizes: [] })
})
