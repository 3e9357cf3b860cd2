import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { Fault } from '@imp/kit/base/fault.ts'
import type { PreparedMachine } from '../model.ts'
import { kernelArguments, qemuArgv } from './argv.ts'

const golden = (name: string): string => join(import.meta.dirname, 'golden', name)
const lines = { serializers: [(argv: readonly string[]) => `${argv.join('\n')}\n`] }

const machine: PreparedMachine = {
  id: '0badcafe',
  name: 'web1',
  accelerator: 'tcg',
  cpus: 2,
  memory: 512,
  kernel: '/data/kernels/debian/vmlinux',
  initrd: '/data/machines/0badcafe/initrd',
  bootArguments: ['vmm.root=overlay', 'net.ifnames=0'],
  disks: [
    { path: '/data/images/a,b.squashfs', readOnly: true, format: 'raw' },
    { path: '/data/machines/0badcafe/disk.ext4', readOnly: false, format: 'raw' },
  ],
  nics: [
    {
      attachment: 'user',
      mac: '06:01:0b:ad:ca:fe',
      restricted: true,
      forwards: [{ hostAddress: '127.0.0.1', hostPort: 20022, guestPort: 22 }],
    },
    { attachment: 'tap', mac: '02:00:00:00:00:01', tap: 'lan0' },
  ],
  directory: '/data/machines/0badcafe',
  sockets: '/data/sockets/0badcafe',
  tscKhz: 2596148,
}

test('the command line under TCG', (t) => {
  t.assert.fileSnapshot(qemuArgv(['qemu-system-x86_64'], machine), golden('tcg.txt'), lines)
})

test('the command line on KVM', (t) => {
  const kvm: PreparedMachine = {
    ...machine,
    accelerator: 'kvm',
    nics: [{ attachment: 'tap', mac: '06:00:ac:10:00:02', tap: 'vmm-0badcafe' }],
  }
  t.assert.fileSnapshot(qemuArgv(['qemu-system-x86_64'], kvm), golden('kvm.txt'), lines)
})

test('the command line with all devices that a machine may have besides', (t) => {
  const whole: PreparedMachine = { ...machine, balloon: 64, vsock: { cid: 12345, transport: 'serial' } }
  t.assert.fileSnapshot(qemuArgv(['qemu-system-x86_64'], whole), golden('devices.txt'), lines)
})

test('where the host has vhost-vsock, the guest has a context identifier', () => {
  const argv = qemuArgv(['qemu-system-x86_64'], { ...machine, vsock: { cid: 12345, transport: 'vhost' } })
  assert.ok(argv.includes('vhost-vsock-device,guest-cid=12345'))
})

test('a guest on KVM is not told a frequency: it has kvmclock', () => {
  assert.doesNotMatch(kernelArguments({ ...machine, accelerator: 'kvm' }), /tsc/)
})

test('a socket path that the kernel could not take is refused with the way out', () => {
  assert.throws(
    () => qemuArgv(['qemu-system-x86_64'], { ...machine, sockets: `/${'d'.repeat(120)}` }),
    (error) => error instanceof Fault && error.code === 'input' && /VMM_DATA_DIR/.test(error.hint ?? ''),
  )
})
