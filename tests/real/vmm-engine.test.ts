/** The engine contract on the real programs: QEMU by translation, QEMU on KVM and Firecracker where KVM runs guests. */
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { promisify } from 'node:util'
import { z } from 'zod'
import { localHost } from '@imp/kit/host/local.ts'
import { isInstalled } from '../../packages/vmm/src/engine/choose.ts'
import { engineContract } from '../../packages/vmm/src/engine/contract.ts'
import { firecrackerEngine } from '../../packages/vmm/src/engine/firecracker/driver.ts'
import type { Accelerator, DiskLimit, Engine, PreparedMachine } from '../../packages/vmm/src/engine/model.ts'
import { probeAt } from '../../packages/vmm/src/engine/probe.ts'
import { qemuEngine } from '../../packages/vmm/src/engine/qemu/driver.ts'
import { withQmp } from '../../packages/vmm/src/engine/qemu/qmp.ts'
import { socketPath } from '../../packages/vmm/src/engine/unit.ts'
import type { KernelFiles } from '../../packages/vmm/src/kernel/model.ts'
import { ensureSharedKernel, missing } from './vmm-machine-command.ts'

const run = promisify(execFile)
const host = localHost()
const directory = await mkdtemp(join(tmpdir(), 'vme'))
after(() => rm(directory, { recursive: true, force: true }))

const absent = missing(['qemu-system-x86_64', 'cpio'], true)
const probe = probeAt(host, join(directory, 'cache'))

/** An init that repeats what it hears by a virtio serial port and says one line; ctrl-alt-delete is taken by the kernel itself, which then resets (kernel/reboot.c, C_A_D). */
const init = `#!/vmm/bin/sh
/vmm/bin/busybox mount -t proc proc /proc
/vmm/bin/busybox mount -t sysfs sysfs /sys
/vmm/bin/busybox mount -t devtmpfs devtmpfs /dev
/vmm/bin/busybox modprobe -a virtio_mmio virtio_balloon virtio_console vmw_vsock_virtio_transport
# The port comes a moment after its driver, if at all, can be opened a moment later, and reading ends when the host hangs up.
while :; do
  for port in /dev/vport*p1; do
    [ -e "$port" ] && (exec 3<>"$port" && /vmm/bin/busybox cat <&3 >&3) 2>/dev/null
  done
  /vmm/bin/busybox usleep 100000
done &
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

const Blocks = z.array(z.looseObject({ inserted: z.looseObject({ bps: z.int(), iops: z.int() }) }))

/** What QEMU tells of its disks. */
async function diskLimits(machine: PreparedMachine): Promise<DiskLimit[]> {
  const told = await withQmp(host, socketPath(machine, 'qmp'), (qmp) => qmp.execute('query-block'), 60_000)
  return Blocks.parse(told).map(({ inserted: { bps, iops } }) => ({
    ...(bps === 0 ? {} : { bandwidth: bps >> 20 }),
    ...(iops === 0 ? {} : { iops }),
  }))
}

async function contractOn(title: string, engine: Engine, accelerator: Accelerator): Promise<void> {
  const kernel = await ensureSharedKernel()
  const initrd = await makeInitrd(kernel)
  const own = await mkdtemp(join(directory, 'e'))
  const tscKhz = accelerator === 'tcg' ? { tscKhz: await probe.tscKhz() } : {}
  const limits = engine.name === 'qemu' ? { diskLimits } : {}
  const subject = {
    engine,
    host,
    accelerator,
    ...tscKhz,
    ...limits,
    directory: own,
    kernel: kernel.vmlinux,
    initrd,
    marker: 'contract: ready',
    repeats: engine.name === 'qemu',
  }
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
