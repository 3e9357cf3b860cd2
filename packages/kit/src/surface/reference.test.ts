import { join } from 'node:path'
import { test } from 'node:test'
import { referenceOf } from './reference.ts'
import { registry } from './sample.ts'

test('the reference is as written down', async (t) => {
  const golden = join(import.meta.dirname, 'golden', 'reference.md')
  t.assert.fileSnapshot(await referenceOf(registry), golden, { serializers: [String] })
})
