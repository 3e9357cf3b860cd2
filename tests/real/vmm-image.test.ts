/** Images built by the real mmdebstrap and sqfstar: content, repetition, concurrency, commands that are killed. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { chmod, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import type { Image } from '../../packages/vmm/src/image/model.ts'
import { missing, vmmOn, type Vmm } from './vmm-machine-command.ts'

const run = promisify(execFile)
const skip = missing(['mmdebstrap', 'sqfstar', 'unsquashfs', 'unshare', 'setpriv'], true) ?? false

describe('images of Debian', { skip, concurrency: false }, () => {
  let directory: string
  let cli: Vmm
  let file: string
  let built: Image

  const left = async (): Promise<string[]> => (await readdir(join(directory, 'images'))).filter((name) => /building|squashfs/.test(name))
  const listing = async (...paths: string[]): Promise<string> =>
    (await run('unsquashfs', ['-lln', file, ...paths], { maxBuffer: 1 << 24 })).stdout

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), `vmm-image-${process.pid}-`))
    await chmod(directory, 0o755)
    cli = vmmOn(directory)
    await writeFile(join(directory, 'tool'), '#!/bin/sh\n', { mode: 0o755 })
    await symlink('tool', join(directory, 'link'))
  })
  after(() => rm(directory, { recursive: true }))

  it('is built once by two commands at the same time, with files', async () => {
    const words = [
      'image',
      'build',
      'tiny',
      '--package',
      'hello',
      '--file',
      `${directory}/tool:/usr/local/bin/it's`,
      '--file',
      `${directory}/tool:/lib/tool`,
    ]
    const [first, second] = await Promise.all([cli.json<Image>(...words), cli.json<Image>(...words)])
    assert.deepEqual(first, second)
    built = first
    file = join(directory, 'images', 'files', `${built.digest}.squashfs`)
    assert.deepEqual(await left(), [])
    assert.ok(built.packages.some(({ name }) => name === 'hello'))
  })

  it('is what its document says', async () => {
    const { stdout } = await run('sha256sum', [file])
    assert.equal(stdout.slice(0, 64), built.digest)
    assert.equal((await readFile(file)).length, built.size)
    assert.match((await run('unsquashfs', ['-s', file])).stdout, /Compression lz4/)
  })

  it('belongs to root, with the modes of Debian', async () => {
    assert.match(await listing(), /^drwxr-xr-x 0\/0 .* squashfs-root$/m)
    assert.match(await listing('usr/bin/mount', 'etc/shadow', 'tmp'), /^-rwsr-xr-x 0\/0 .*usr\/bin\/mount$/m)
    assert.match(await listing('etc/shadow'), /^-rw-r----- 0\/42 /m)
    assert.match(await listing('tmp'), /^drwxrwxrwt 0\/0 .*tmp$/m)
  })

  it('holds the files that were asked for, through the links of the merged /usr', async () => {
    assert.match(await listing('usr/local/bin'), /^-rwxr-xr-x 0\/0 .*usr\/local\/bin\/it's$/m)
    assert.match(await listing('usr/lib/tool', 'lib'), /^-rwxr-xr-x 0\/0 .*usr\/lib\/tool$/m)
    assert.match(await listing('lib'), /^lrwxrwxrwx .* squashfs-root\/lib -> usr\/lib$/m)
  })

  it('holds nothing of this computer or of one machine', async () => {
    const names = (await run('unsquashfs', ['-l', file], { maxBuffer: 1 << 24 })).stdout
    for (const path of ['etc/hostname', 'etc/resolv.conf', 'etc/machine-id', 'etc/ssh/ssh_host_rsa_key', 'usr/share/man/man1'])
      assert.doesNotMatch(names, new RegExp(`/${path}$`, 'm'), path)
    assert.match(names, /usr\/share\/doc\/hello\/copyright$/m)
  })

  it('is kept when the same is asked for, and built again when a file differs', async () => {
    const words = [
      'image',
      'build',
      'tiny',
      '--package',
      'hello',
      '--file',
      `${directory}/tool:/usr/local/bin/it's`,
      '--file',
      `${directory}/tool:/lib/tool`,
    ]
    assert.deepEqual(await cli.json<Image>(...words), built)
    await writeFile(join(directory, 'tool'), '#!/bin/sh\nexit 1\n')
    const dry = await cli.run(...words, '--dry-run')
    assert.match(`${dry.stdout}${dry.stderr}`, /build the image tiny/)
  })

  it('is not begun with a package that does not exist', async () => {
    const refused = await cli.run('image', 'build', 'wrong', '--package', 'no-such-package')
    assert.equal(refused.status, 3)
    assert.match(refused.stderr, /offers no package no-such-package/)
    assert.deepEqual(await left(), [])
  })

  it('is deleted with its file', async () => {
    await cli.json('image', 'delete', 'tiny', '--yes')
    assert.deepEqual(await readdir(join(directory, 'images', 'files')), [])
    assert.deepEqual(await cli.json<Image[]>('image', 'list'), [])
  })
})
