/** Debian's kernel fetched, unpacked and imported again by the real apt, depmod, mksquashfs and cpio. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { localHost } from '@imp/kit/host/local.ts'
import { contextFor, type VmmContext } from '../../packages/vmm/src/context.ts'
import type { Kernel, KernelFiles } from '../../packages/vmm/src/kernel/model.ts'
import { ensureKernel } from '../../packages/vmm/src/kernel/ops.ts'
import { missing, vmmOn, type Vmm } from './vmm-machine-command.ts'
import { contextOn } from '../../packages/kit/src/op/sample.ts'

const run = promisify(execFile)
const skip = missing(['apt-get', 'dpkg-deb', 'depmod', 'mksquashfs', 'unsquashfs', 'lz4', 'cpio'], false) ?? false

describe('kernels of Debian', { skip, concurrency: false }, () => {
  let directory: string
  let cli: Vmm
  let context: VmmContext
  let kernel: KernelFiles

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), `vmm-kernel-${process.pid}-`))
    cli = vmmOn(directory)
    context = await contextFor(contextOn(localHost()), false, { VMM_DATA_DIR: directory })
  })
  after(() => rm(directory, { recursive: true }))

  it('is fetched once by two that need it at the same time', async () => {
    const [first, second] = await Promise.all([ensureKernel(context), ensureKernel(context)])
    assert.deepEqual(first, second)
    kernel = first
    const head = (await readFile(first.vmlinux)).subarray(0, 4).toString('latin1')
    assert.equal(head, '\x7fELF')
    assert.deepEqual(
      (await readdir(join(directory, 'kernels'))).filter((name) => /building|former/.test(name)),
      [],
    )
  })

  it('is not fetched again', async () => {
    const before = await stat(kernel.initrd)
    assert.deepEqual(await ensureKernel(context), kernel)
    assert.deepEqual((await stat(kernel.initrd)).mtimeMs, before.mtimeMs)
  })

  it('has modules that modprobe finds, for routers too', async () => {
    const { stdout } = await run('unsquashfs', ['-cat', kernel.modules ?? '', 'modules.dep'], { maxBuffer: 1 << 24 })
    for (const module of ['8021q', 'bridge', 'dummy', 'nf_tables', 'nf_nat', 'tun', 'veth', 'sch_netem', 'vrf'])
      assert.match(stdout, new RegExp(`/${module}\\.ko[.a-z]*:`), module)
    await run('unsquashfs', ['-cat', kernel.modules ?? '', 'modules.dep.bin'], { encoding: 'buffer', maxBuffer: 1 << 24 })
  })

  it('has an initrd of whole archives: programs, drivers, scripts', async () => {
    const bytes = await readFile(kernel.initrd)
    assert.equal(bytes.length % 4, 0)
    const text = bytes.toString('latin1')
    // busybox holds the word as well, without a header.
    assert.equal(text.match(/070701[0-9a-f]{104}TRAILER!!!/g)?.length, 3)
    for (const path of [
      'init\0',
      'vmm/bin/busybox\0',
      'vmm/bin/dropbear\0',
      'vmm/lib/ld.so\0',
      'vmm/direct-init\0',
      'virtio_net.ko\0',
      'modules.dep\0',
    ])
      assert.ok(text.includes(path), path)
  })

  it('is made again when the initrd is lost', async () => {
    await rm(kernel.initrd)
    assert.deepEqual(await ensureKernel(context), kernel)
    assert.equal((await readFile(kernel.initrd)).length % 4, 0)
  })

  it('comes back when a killed command left it set aside', async () => {
    await run('mv', [join(directory, 'kernels', 'debian'), join(directory, 'kernels', '.debian.former')])
    await mkdir(join(directory, 'kernels', '.debian.building', 'made'), { recursive: true })
    const pulled = await cli.json<Kernel>('kernel', 'pull')
    assert.equal(pulled.name, 'debian')
    assert.deepEqual(
      (await readdir(join(directory, 'kernels'))).filter((name) => /building|former/.test(name)),
      [],
    )
    assert.deepEqual(await ensureKernel(context), kernel)
  })

  it('can be imported under another name, by file', async () => {
    const imported = await cli.json<Kernel>('kernel', 'import', kernel.vmlinux, '--name', 'own')
    const shown = await cli.json<Kernel>('kernel', 'show', 'debian')
    assert.equal(imported.digest, shown.digest)
    assert.equal(imported.release, shown.release)
    assert.equal(imported.modules, false)
    const own = await ensureKernel(context, 'own')
    assert.equal(own.modules, undefined)
    assert.equal((await readFile(own.initrd)).length % 4, 0)
  })

  it('is not replaced by accident', async () => {
    const again = await cli.run('kernel', 'import', kernel.vmlinux, '--name', 'own')
    assert.equal(again.status, 4)
    assert.match(again.stderr, /there is a kernel own already/)
    assert.equal((await cli.run('kernel', 'import', kernel.vmlinux, '--name', 'debian')).status, 4)
  })

  it('is imported with its modules', async () => {
    const modules = join(directory, 'modules', 'release')
    await mkdir(modules, { recursive: true })
    const { release } = await cli.json<Kernel>('kernel', 'show', 'debian')
    await run('unsquashfs', ['-quiet', '-no-progress', '-dest', join(modules, release ?? ''), kernel.modules ?? ''])
    const imported = await cli.json<Kernel>(
      'kernel',
      'import',
      kernel.vmlinux,
      '--name',
      'own',
      '--force',
      '--modules',
      join(modules, release ?? ''),
    )
    assert.equal(imported.modules, true)
    const own = await ensureKernel(context, 'own')
    assert.ok(own.modules !== undefined)
    assert.ok((await readFile(own.initrd)).includes('virtio_blk.ko\0'))
  })

  it('is refused when it is none, and nothing of it stays', async () => {
    const wrong = join(directory, 'wrong')
    await writeFile(wrong, '#!/bin/sh\n')
    const refused = await cli.run('kernel', 'import', wrong, '--name', 'wrong')
    assert.equal(refused.status, 2)
    assert.match(refused.stderr, /no kernel that machines can boot/)
    assert.deepEqual(
      (await readdir(join(directory, 'kernels'))).filter((name) => name.includes('wrong')),
      [],
    )
  })

  it('is deleted only when no machine needs it', async () => {
    await mkdir(join(directory, 'vms'), { recursive: true })
    await writeFile(join(directory, 'vms', 'm1.json'), JSON.stringify({ kernel: 'own' }))
    const refused = await cli.run('kernel', 'delete', 'own', '--yes')
    assert.equal(refused.status, 4)
    assert.match(refused.stderr, /used by m1/)
    await rm(join(directory, 'vms', 'm1.json'))
    await cli.json('kernel', 'delete', 'own', '--yes')
    assert.deepEqual(
      (await cli.json<Kernel[]>('kernel', 'list')).map(({ name }) => name),
      ['debian'],
    )
  })
})
