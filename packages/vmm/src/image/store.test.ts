import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { localHost } from '@imp/kit/host/local.ts'
import { invoke } from '@imp/kit/op/operation.ts'
import { contextFor, type VmmContext } from '../context.ts'
import type { Image } from './model.ts'
import { operations } from './ops.ts'
import { deleteImage, publishImage } from './store.ts'
import { contextOn } from '@imp/kit/op/sample.ts'

const digests = { old: 'a'.repeat(64), next: 'b'.repeat(64), other: 'c'.repeat(64) } as const

function image(name: string, digest: string): Image {
  const created = '2026-01-01T00:00:00.000Z'
  return { name, recipe: 'debian', release: 'bookworm', architecture: 'amd64', packages: [], size: 4, digest, inputs: 'x', created }
}

suite('images on disk', () => {
  let context: VmmContext
  let data: string

  before(async () => {
    data = await mkdtemp(join(tmpdir(), 'vmm-images-'))
    context = await contextFor(contextOn(localHost()), false, { VMM_DATA_DIR: data })
    await mkdir(join(data, 'vms'))
  })
  after(() => rm(data, { recursive: true }))

  const publish = async (name: string, digest: string): Promise<void> => {
    const built = join(data, 'built')
    await writeFile(built, 'hsqs')
    await publishImage(context, built, image(name, digest))
  }
  const files = async (): Promise<string[]> => (await readdir(join(data, 'images', 'files'))).map((file) => file.slice(0, 1)).toSorted()
  const machine = (name: string, words: object): Promise<void> => writeFile(join(data, 'vms', `${name}.json`), JSON.stringify(words))
  const call = async (words: string, input: object): Promise<unknown> => {
    const found = operations.find((each) => each.path.join(' ') === words)
    assert.ok(found !== undefined, words)
    return invoke(found, context, input)
  }

  test('a file that a killed command left is taken away with the next build', async () => {
    await mkdir(join(data, 'images', 'files'), { recursive: true })
    await writeFile(join(data, 'images', 'files', `${'d'.repeat(64)}.squashfs`), '')
    await publish('web', digests.old)
    assert.deepEqual(await files(), ['a'])
  })

  test('the former file stays while a machine has a layer for it, and goes afterwards', async () => {
    await machine('m1', { image: 'web', imageDigest: digests.old })
    await publish('web', digests.next)
    assert.deepEqual(await files(), ['a', 'b'])
    await machine('m1', { image: 'web', imageDigest: digests.next })
    await publish('other', digests.other)
    assert.deepEqual(await files(), ['b', 'c'])
  })

  test('two names of the same content share one file', async () => {
    await publish('twin', digests.next)
    await deleteImage(context, 'twin')
    assert.deepEqual(await files(), ['b', 'c'])
  })

  test('an image that a machine is made from is not deleted', async () => {
    await assert.rejects(call('image delete', { name: 'web' }), { code: 'conflict', message: 'the image web is used by m1' })
    await rm(join(data, 'vms', 'm1.json'))
    assert.deepEqual(await call('image delete', { name: 'web' }), { answer: 'result', value: { name: 'web' } })
    assert.deepEqual(await files(), ['c'])
  })

  test('an image that is not there is told with the nearest name', async () => {
    await assert.rejects(call('image show', { name: 'othr' }), { code: 'not-found', hint: 'did you mean other?' })
  })

  for (const file of ['motd', 'motd:relative', './motd:/etc/../motd', ':/etc/motd', 'a:/b:'])
    test(`the file ${file} is refused`, async () => {
      await assert.rejects(call('image build', { name: 'x', files: [file] }), { code: 'input' })
    })

  for (const name of ['../x', 'X', 'a_', 'a..b', ''])
    test(`the name ${JSON.stringify(name)} is refused`, async () => {
      await assert.rejects(call('image build', { name }), { code: 'input' })
    })
})
