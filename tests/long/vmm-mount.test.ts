/** Directories of this computer in a machine on real QEMU: read, written, refused where they are read-only, and brought back. */
import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { makeDataDirectory, missing, removeDataDirectory, vmmOn, type Ended, type Vmm } from '../real/vmm-machine-command.ts'

const skip = missing(['qemu-system-x86_64', 'ssh', 'ssh-keyscan', 'ss', 'mmdebstrap', 'mke2fs', 'debugfs', 'setpriv'], true) ?? false

describe('mounts of machines on real QEMU', { skip, concurrency: false }, () => {
  let cli: Vmm
  let site: string
  let data: string

  before(async () => {
    cli = vmmOn(await makeDataDirectory())
    ;[site, data] = [mkdtempSync(join(tmpdir(), 'vmm-site-')), mkdtempSync(join(tmpdir(), 'vmm-data-'))]
    writeFileSync(join(site, 'index.html'), '<h1>hello</h1>')
    writeFileSync(join(data, 'old'), 'old')
    writeFileSync(join(data, 'gone'), 'gone')
    chmodSync(data, 0o755)
  })
  after(async () => {
    await removeDataDirectory(cli)
    for (const each of [site, data]) rmSync(each, { recursive: true })
  })

  const guest = (...words: string[]): Promise<Ended> => cli.run('exec', 'm1', '--', ...words)
  const fault = async (...words: string[]): Promise<string> => {
    const { status, stderr } = await cli.run(...words)
    assert.notEqual(status, 0)
    return stderr
  }

  it('are at /mnt in the guest, as the command asked for', async () => {
    await cli.json('create', 'm1', '--network', 'user', '--mount', `${site}:site:ro`, '--mount', `${data}:data`)
    await cli.json('start', 'm1')
    assert.equal((await guest('cat', '/mnt/site/index.html')).stdout.trim(), '<h1>hello</h1>')
    const { stdout } = await guest('grep', '-c', '# vmm', '/etc/fstab')
    assert.equal(stdout.trim(), '2')
    // The engine refuses writes to the disk itself, whatever the guest remounts.
    assert.notEqual((await guest('touch', '/mnt/site/new')).status, 0)
    assert.notEqual((await guest('mount', '-o', 'remount,rw', '/mnt/site')).status, 0)
    assert.equal((await guest('sh', '-c', 'echo new > /mnt/data/new; rm /mnt/data/gone; chmod 4755 /mnt/data/new')).status, 0)
  })

  it('are left alone while the machine runs', async () => {
    assert.match(await fault('mount', 'sync', 'm1', 'data'), /m1 is running: its mounts are in use/)
  })

  it('bring back what the machine changed, and ask before anything is lost', async () => {
    await cli.json('stop', 'm1')
    assert.match(await fault('mount', 'sync', 'm1', 'data'), /has changed 2 files in data, which would be lost: /)
    assert.match(await fault('mount', 'sync', 'm1', 'site', '--back'), /is read-only/)
    const back = await cli.json<{ copied: string[]; removed: string[] }>('mount', 'sync', 'm1', 'data', '--back')
    assert.deepEqual([back.copied, back.removed], [['new'], ['gone']])
    assert.equal(readFileSync(join(data, 'new'), 'utf8'), 'new\n')
    assert.equal(statSync(join(data, 'new')).mode & 0o7777, 0o755)
    assert.equal(existsSync(join(data, 'gone')), false)
    assert.equal(readFileSync(join(data, 'old'), 'utf8'), 'old')
  })

  it('are filled anew on demand, and keep what the machine wrote until then', async () => {
    writeFileSync(join(data, 'old'), 'changed here')
    utimesSync(join(data, 'old'), new Date(), new Date(Date.now() + 10_000))
    await cli.json('mount', 'sync', 'm1', 'data')
    await cli.json('start', 'm1')
    assert.equal((await guest('cat', '/mnt/data/old', '/mnt/data/new')).stdout, 'changed herenew\n')
    await guest('sh', '-c', 'echo theirs > /mnt/data/old')
    await cli.json('stop', 'm1')
    writeFileSync(join(data, 'old'), 'ours, meanwhile')
    assert.match(await fault('mount', 'sync', 'm1', 'data', '--back'), /1 file changed on both sides: old/)
    assert.equal(readFileSync(join(data, 'old'), 'utf8'), 'ours, meanwhile')
    await cli.json('mount', 'sync', 'm1', 'data', '--back', '--force')
    assert.equal(readFileSync(join(data, 'old'), 'utf8'), 'theirs\n')
  })

  it('go with the machine; wrong ones are refused before anything is made', async () => {
    await cli.json('--yes', 'delete', 'm1')
    assert.deepEqual(readdirSync(join(cli.directory, 'mounts')), [])
    for (const [word, words] of [
      ['/no/such/directory:a', /is no directory of this computer/],
      [`${site}/index.html:a`, /is no directory of this computer/],
      [`${site}:../a`, /PATH:TAG/],
      [site, /PATH:TAG/],
      [`${site}:a:rx`, /is no directory of this computer/],
    ] as const) {
      assert.match(await fault('create', 'm2', '--mount', word), words, word)
    }
    assert.match(await fault('create', 'm2', '--mount', `${site}:a`, '--mount', `${data}:a`), /same tag/)
  })
})
