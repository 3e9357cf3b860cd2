/** The engine contract on the real programs: QEMU by translation, QEMU on KVM and Firecracker where KVM runs guests. */
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { promisify } from 'node:util'
import { localHost } from '@imp/kit/host/local.ts'
import { isInstalled } from '../../packages/vmm/src/engine/choose.ts'
import { engineContract } from '../../packages/vmm/src/engine/contract.ts'
import { firecrackerEngine } from '../../packages/vmm/src/engine/firecracker/driver.ts'
import type { Accelerator, Engine } from '../../packages/vmm/src/engine/model.ts'
import { probeAt } from '../../packages/vmm/src/engine/probe.ts'
import { qemuEngine } from '../../packages/vmm/src/engine/qemu/driver.ts'
import type { KernelFiles } from '../../packages/vmm/src/kernel/model.ts'
import { ensureSharedKernel, missing } from './vmm-machine-command.ts'

const run = promisify(execFile)
const host = localHost()
const directory = await mkdtemp(join(tmpdir(), 'vme'))
after(() => rm(directory, { recursive: true, force: true }))

const absent = missing(['qemu-system-x86_64', 'cpio'], true)
const probe = probeAt(host, join(directory, 'cache'))

/** An init that says one line; ctrl-alt-delete is taken by the kernel itself, which then resets (kernel/reboot.c, C_A_D). */
const init = `#!/vmm/bin/sh
/vmm/bin/busybox echo 'contract: ready'
while :; do /vmm/bin/busybox sleep 1000; done
`

/** The initrd of the kernel with another init: archives that follow replace files of those before. */
async function makeInitrd(kernel: KernelFiles): Promise<string> {
  const root = join(directory, 'root')
  await mkdir(root, { recursive: true })
  await writeFile(join(root, 'init'), init, { mode: 0o755 })
  const listing = run('cpio', ['--quiet', '--create', '--format=newc', `--directory=${root}`], { encoding: 'buffer' })
  listing.child.stdin?.end('init\n')
  const { stdout } = await listing
  const initrd = join(directory, 'initrd')
  await writeFile(initrd, Buffer.concat([await readFile(kernel.initrd), stdout]))
  return initrd
}

async function contractOn(title: string, engine: Engine, accelerator: Accelerator): Promise<void> {
  const kernel = await ensureSharedKernel()
  const initrd = await makeInitrd(kernel)
  const own = await mkdtemp(join(directory, 'e'))
  const tscKhz = accelerator === 'tcg' ? { tscKhz: await probe.tscKhz() } : {}
  const subject = { engine, host, accelerator, ...tscKhz, directory: own, kernel: kernel.vmlinux, initrd, marker: 'contract: ready' }
  engineContract(title, () => Promise.resolve(subject))
}

if (absent === undefined) await contractOn('the engine QEMU, by translation', qemuEngine(), 'tcg')
else test('the engine QEMU, by translation', { skip: absent }, () => undefined)

const kvm = absent === undefined ? await probe.kvm() : { usable: false, reason: absent }
if (kvm.usable) await contractOn('the engine QEMU, on KVM', qemuEngine(), 'kvm')
else test('the engine QEMU, on KVM', { skip: `needs KVM: ${kvm.reason}` }, () => undefined)

const firecracker = await isInstalled(host, 'firecracker')
if (kvm.usable && firecracker) await contractOn('the engine Firecracker', firecrackerEngine(), 'kvm')
else test('the engine Firecracker', { skip: firecracker ? `needs KVM: ${kvm.reason}` : 'needs firecracker' }, () => undefined)
