import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { localHost } from '@imp/kit/host/local.ts'
import { readOrigin } from './open.ts'

test('a source is a path, a path with a prefix, or the name of an image', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'open-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const tar = join(directory, 'a:b.tar')
  const layout = join(directory, 'layout')
  writeFileSync(tar, '')
  mkdirSync(layout)
  writeFileSync(join(layout, 'oci-layout'), '{}')
  const origin = (text: string) => readOrigin(localHost(), text)
  assert.deepEqual(await origin(tar), { kind: 'tar', path: tar })
  assert.deepEqual(await origin(`tar:${tar}`), { kind: 'tar', path: tar })
  assert.deepEqual(await origin(layout), { kind: 'oci', path: layout })
  assert.deepEqual(await origin(`oci:${layout}:1.2`), { kind: 'oci', path: layout, tag: '1.2' })
  assert.deepEqual(await origin(`docker-archive:${tar}:web:1`), { kind: 'docker-archive', path: tar, tag: 'web:1' })
  assert.deepEqual(await origin(`oci-archive:${tar}:1`), { kind: 'oci-archive', path: tar, tag: '1' })
  assert.deepEqual(await origin('localhost:5000/team/web:1'), {
    kind: 'registry',
    reference: { registry: 'localhost:5000', repository: 'team/web', version: '1' },
  })
  await assert.rejects(origin('./nothing.tar'), { code: 'not-found' })
  await assert.rejects(origin('oci:/nothing'), { code: 'not-found' })
  await assert.rejects(origin('Not A Name'), { code: 'input' })
})
