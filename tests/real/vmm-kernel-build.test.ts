/** Kernels built by a real make from a source tree that has the targets of Linux and little behind them. */
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import type { Kernel } from '../../packages/vmm/src/kernel/model.ts'
import { missing, vmmOn, type Vmm } from './vmm-machine-command.ts'

const run = promisify(execFile)
const architecture = { x64: 'amd64', arm64: 'arm64' }[process.arch as string]
const skip =
  architecture === 'amd64' ? (missing(['make', 'gcc', 'flex', 'bison', 'bc', 'perl', 'dpkg', 'apt-get'], false) ?? false) : 'needs amd64'

/** `FAIL` and `WAIT` are files in the tree that say how the build goes wrong; what is compiled is counted in `compiled`. */
const makefile = `kernelversion:
	@echo 6.1.5
allnoconfig:
	@grep -v "CONFIG_$$(cat DROP)=" $(KCONFIG_ALLCONFIG) >$(O)/.config
$(O)/first.o:
	@echo '  CC      first.o'; echo first >>compiled; touch $@
vmlinux: $(O)/first.o
	@if [ -e FAIL ]; then echo 'second.c:1: error: unknown type name' >&2; exit 1; fi
	@while [ -e WAIT ]; do sleep 0.1; done
	@echo '  LD      vmlinux'
	@(cat head; printf IKCFG_ST; gzip -c $(O)/.config; printf IKCFG_ED) >$(O)/vmlinux
`

/** An ELF program for amd64 with the banner of a kernel. */
function head(): Buffer {
  const file = Buffer.alloc(8192)
  file.write('\x7fELF\x02\x01\x01', 'latin1')
  file.writeUInt16LE(2, 16)
  file.writeUInt16LE(62, 18)
  file.writeUInt16LE(1, 56)
  file.write('Linux version 6.1.5 (somebody)\0', 5000)
  return file
}

describe('kernels built from source', { skip, concurrency: false }, () => {
  let directory: string
  let tree: string
  let cli: Vmm

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), `vmm-build-${process.pid}-`))
    tree = join(directory, 'linux-6.1.5')
    cli = vmmOn(join(directory, 'data'))
    await mkdir(tree)
    await Promise.all([
      writeFile(join(tree, 'Makefile'), makefile),
      writeFile(join(tree, 'Kconfig'), ''),
      writeFile(join(tree, 'DROP'), 'NOTHING\n'),
      writeFile(join(tree, 'head'), head()),
    ])
  })
  after(() => rm(directory, { recursive: true }))

  const build = (name: string, ...words: string[]) => cli.run('kernel', 'build', '--version', '6.1', '--name', name, ...words)
  const left = async (part: string): Promise<string[]> => {
    const place = join(directory, 'data', part)
    return existsSync(place) ? (await readdir(place)).filter((name) => !name.endsWith('.lock')) : []
  }

  it('are configured for machines, and leave nothing but the kernel', async () => {
    const kernel = await cli.json<Kernel>('kernel', 'build', '--version', '6.1', '--name', 'own', '--source', tree)
    assert.equal(kernel.release, '6.1.5')
    assert.deepEqual(kernel.source, { kind: 'build', version: '6.1.5', origin: tree })
    assert.deepEqual(await left('cache/kernel-builds'), [])
    assert.deepEqual(await left('kernels'), ['own'])
    assert.ok(!existsSync(join(tree, '.config')), 'nothing is made in the tree')
  })

  it('do not replace another by accident', async () => {
    const again = await build('own', '--source', tree)
    assert.equal(again.status, 4)
    assert.match(again.stderr, /there is a kernel own already/)
  })

  it('are built from a tarball whose checksum is the one that was told', async () => {
    const tarball = join(directory, 'linux.tar.gz')
    await run('tar', ['--create', '--gzip', `--file=${tarball}`, `--directory=${directory}`, 'linux-6.1.5'])
    const wrong = await build('packed', '--tarball', tarball, '--sha256', '0'.repeat(64))
    assert.equal(wrong.status, 2)
    assert.match(wrong.stderr, /is not the tarball that was meant/)
    assert.equal((await build('packed', '--tarball', tarball)).status, 2)
    const { stdout } = await run('sha256sum', [tarball])
    const built = await build('packed', '--tarball', tarball, '--sha256', stdout.slice(0, 64))
    assert.equal(built.status, 0, built.stderr)
  })

  it('are built from a tarball that a server has, fetched once', async (t) => {
    const bytes = await readFile(join(directory, 'linux.tar.gz'))
    let asked = 0
    const server = createServer((request, response) => {
      if (request.method === 'GET') asked += 1
      response.writeHead(200, { 'content-length': bytes.length }).end(request.method === 'HEAD' ? undefined : bytes)
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.after(() => server.close())
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/linux-6.1.5.tar.gz`
    const { stdout } = await run('sha256sum', [join(directory, 'linux.tar.gz')])
    const words = ['--tarball', url, '--sha256', stdout.slice(0, 64)]
    const wrong = await build('fetched', '--tarball', url, '--sha256', '0'.repeat(64))
    assert.match(wrong.stderr, /has the digest/)
    const built = await build('fetched', ...words)
    assert.equal(built.status, 0, built.stderr)
    assert.equal(asked, 2)
    assert.deepEqual(await left('cache/kernel-builds'), [])
    assert.equal((await cli.run('kernel', 'delete', 'fetched', '--yes')).status, 0)
  })

  it('are refused when the source is another version, or none', async () => {
    const other = await cli.run('kernel', 'build', '--version', '6.6', '--name', 'other', '--source', tree)
    assert.match(other.stderr, /is Linux 6\.1\.5, not 6\.6/)
    assert.match((await build('other', '--source', directory)).stderr, /is no source tree of Linux/)
    assert.equal((await cli.run('kernel', 'build', '--version', '5.4', '--name', 'old', '--source', tree)).status, 2)
  })

  it('are refused when the source drops what machines need', async () => {
    await writeFile(join(tree, 'DROP'), 'VIRTIO_BLK\n')
    const refused = await build('dropped', '--source', tree)
    assert.equal(refused.status, 11)
    assert.match(refused.stderr, /it drops CONFIG_VIRTIO_BLK/)
    await writeFile(join(tree, 'DROP'), 'NOTHING\n')
  })

  it('go on where a build failed, and say what the compiler said', async () => {
    await rm(join(tree, 'compiled'))
    await writeFile(join(tree, 'FAIL'), '')
    const failed = await build('late', '--source', tree)
    assert.equal(failed.status, 9)
    assert.match(failed.stderr, /second\.c:1: error: unknown type name/)
    await rm(join(tree, 'FAIL'))
    assert.deepEqual(await left('cache/kernel-builds'), ['late'])
    const built = await build('late', '--source', tree)
    assert.equal(built.status, 0, built.stderr)
    assert.equal(await readFile(join(tree, 'compiled'), 'utf8'), 'first\n', 'what was compiled once is not compiled again')
  })

  it('leave to prune what failed for good', async () => {
    await writeFile(join(tree, 'FAIL'), '')
    assert.equal((await build('given-up', '--source', tree)).status, 9)
    await rm(join(tree, 'FAIL'))
    const half = join(directory, 'data', 'kernels', '.half.building')
    await mkdir(half)
    const { removed } = await cli.json<{ removed: { kind: string; name: string }[] }>('kernel', 'prune', '--yes')
    assert.deepEqual(removed.map(({ kind, name }) => `${kind} ${name}`).toSorted(), ['build given-up', 'leftover half'])
    assert.deepEqual(await left('cache/kernel-builds'), [])
    assert.ok(!existsSync(half))
    assert.deepEqual((await left('kernels')).toSorted(), ['late', 'own', 'packed'])
  })

  it('leave nothing when they are cancelled', async () => {
    await writeFile(join(tree, 'WAIT'), '')
    const words = ['--json', 'kernel', 'build', '--version', '6.1', '--name', 'cancelled', '--source', tree]
    const env = { ...process.env, VMM_DATA_DIR: join(directory, 'data') }
    const child = spawn(new URL('../../bin/vmm', import.meta.url).pathname, words, { env, stdio: ['ignore', 'ignore', 'pipe'] })
    const ended = once(child, 'close')
    for await (const line of createInterface({ input: child.stderr })) {
      if (/"started","title":"compile the kernel"/.test(line)) child.kill('SIGINT')
    }
    await ended
    await rm(join(tree, 'WAIT'))
    assert.ok(!(await left('cache/kernel-builds')).includes('cancelled'))
    assert.ok(!(await left('kernels')).some((name) => name.includes('cancelled')))
  })

  it('are told from kernels that machines cannot use, when those are imported', async () => {
    const { stdout } = await run('gzip', ['-c', join(tree, 'Kconfig')], { encoding: 'buffer' })
    const file = join(directory, 'poor')
    await writeFile(file, Buffer.concat([head(), Buffer.from('IKCFG_ST'), stdout, Buffer.from('IKCFG_ED')]))
    const refused = await cli.run('kernel', 'import', file, '--name', 'poor')
    assert.equal(refused.status, 11)
    assert.match(refused.stderr, /it lacks .*VIRTIO_BLK/)
    assert.deepEqual((await left('kernels')).toSorted(), ['late', 'own', 'packed'])
  })
})
