/** A build of an image that is killed. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import type { Image } from '../../packages/vmm/src/image/model.ts'
import { missing, vmmOn } from '../real/vmm-machine-command.ts'

const run = promisify(execFile)
const skip = missing(['mmdebstrap', 'sqfstar', 'unshare', 'setpriv'], true) ?? false

test('a build of an image that is killed leaves nothing behind, not even a process, and the next one is whole', { skip }, async () => {
  const directory = await mkdtemp(join(tmpdir(), `vmm-image-${process.pid}-`))
  await chmod(directory, 0o755)
  const cli = vmmOn(directory)
  try {
    assert.equal(await cli.killedAt(/install the essential packages/, 'image', 'build', 'tiny'), true)
    assert.deepEqual(await cli.json<Image[]>('image', 'list'), [])
    const deadline = performance.now() + 5000
    const running = async (): Promise<string> => (await run('ps', ['-eo', 'stat=,args='])).stdout
    const alive = (text: string): boolean =>
      text.split('\n').some((line) => !line.startsWith('Z') && line.includes(`--logfile=${directory}`))
    let text = await running()
    while (alive(text) && performance.now() < deadline) text = await running()
    assert.equal(alive(text), false)
    await cli.json<Image>('image', 'build', 'tiny')
    const left = (await readdir(join(directory, 'images'))).filter((name) => /building|squashfs/.test(name))
    assert.deepEqual(left, [])
  } finally {
    await rm(directory, { recursive: true })
  }
})
