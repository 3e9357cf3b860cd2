import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { fakeHost } from '@imp/kit/host/fake.ts'
import { readOverrides } from './folder.ts'

const read = (files: Record<string, string>) => readOverrides(fakeHost({ files }).files, '/o')

suite('the folder of the drop-ins', () => {
  test('is read by kind and name; what editors leave behind is not meant', async () => {
    const files = {
      '/o/nft/b.nft': 'B',
      '/o/nft/a.nft': 'A',
      '/o/frr/x.conf': 'X',
      '/o/frr/x.conf~': 'old',
      '/o/frr/.x.conf': 'hidden',
      '/o/README': '',
    }
    assert.deepEqual(await read(files), [
      { kind: 'frr', name: 'x', text: 'X' },
      { kind: 'nft', name: 'a', text: 'A' },
      { kind: 'nft', name: 'b', text: 'B' },
    ])
    assert.deepEqual(await read({}), [])
  })

  test('takes no names that a table cannot have, and no folders for files', async () => {
    await assert.rejects(read({ '/o/nft/a b.nft': '' }), { code: 'input', message: /a b is not a name for a drop-in/ })
    await assert.rejects(read({ '/o/frr/deep.conf/x': '' }), { code: 'input', message: /is not a plain file/ })
  })
})
