/** An import that is killed at each of its steps: nothing half is ever an image, and the next import, or prune, leaves nothing of it. */
import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Image } from '../../packages/vmm/src/image/model.ts'
import { file, tarOf } from '../../packages/vmm/src/image/oci/sample.ts'
import { missing, vmmOn, type Vmm } from '../real/vmm-machine-command.ts'

const skip = missing(['sqfstar', 'unsquashfs', 'du'], false) ?? false

describe('an import that is killed', { skip, concurrency: false }, () => {
  let place: string
  let cli: Vmm
  let words: string[]

  const left = async (): Promise<string[]> =>
    (await readdir(join(cli.directory, 'images'), { recursive: true })).filter((name) => /building|\.squashfs$|\.json$/.test(name))

  before(async () => {
    place = await mkdtemp(join(tmpdir(), 'vmm-import-kill-'))
    cli = vmmOn(join(place, 'data'))
    const archive = join(place, 'root.tar')
    await writeFile(archive, tarOf([file('large', Buffer.alloc(64 * 2 ** 20, 'abc')), file('etc/motd')]))
    words = ['image', 'import', archive, '--name', 'killed']
  })
  after(() => rm(place, { recursive: true }))

  for (const step of [/check the layers/, /write the image/]) {
    it(`at "${step.source}" is no image, and prune clears it up`, async () => {
      assert.equal(await cli.killedAt(step, ...words), true)
      assert.deepEqual(await cli.json<Image[]>('image', 'list'), [])
      await cli.json('image', 'prune', '--yes')
      assert.deepEqual(await left(), [])
    })

    it(`at "${step.source}" is made whole by the next`, async () => {
      assert.equal(await cli.killedAt(step, ...words), true)
      const { digest } = await cli.json<Image>(...words)
      assert.deepEqual((await left()).toSorted(), [`files/${digest}.squashfs`, 'killed.json'])
      await cli.json('image', 'delete', '--yes', 'killed')
      assert.deepEqual(await left(), [])
    })
  }
})
