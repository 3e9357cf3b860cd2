/** The command line of QEMU's `microvm` machine; pure. Reasons for single words: microvm(7) in QEMU's docs/system/i386/microvm.rst. */
import { join } from 'node:path'
import type { Argv } from '@imp/kit/host/host.ts'
import { socketPath } from '../unit.ts'
import type { Disk, Forward, Nic, PreparedMachine } from '../model.ts'

/** In QEMU's option lists a comma is written twice. */
function escape(value: string): string {
  return value.replaceAll(',', ',,')
}

/** The console that the guest writes, beside the unit's own log. */
export function consoleLog(directory: string): string {
  return join(directory, 'console.log')
}

/**
 * TCG keeps translated code in a buffer of `tb-size` MiB, which otherwise grows to 1 GiB of host memory; `la57=off` because
 * five-level paging costs a translated guest time and gives it nothing.
 */
function acceleration(machine: PreparedMachine): string[] {
  return machine.accelerator === 'kvm' ? ['-accel', 'kvm', '-cpu', 'host'] : ['-accel', 'tcg,tb-size=128', '-cpu', 'max,la57=off']
}

/**
 * Under TCG `microvm` has no clock that the kernel could calibrate the time stamp counter with (no HPET, PM timer or kvmclock): a
 * guest that is not told its frequency hangs silently, and one that does not trust it runs slow.
 */
function clockArguments(machine: PreparedMachine): string[] {
  if (machine.accelerator === 'kvm') return []
  return [...(machine.tscKhz === undefined ? [] : [`tsc_early_khz=${machine.tscKhz}`]), 'tsc=reliable']
}

/** The kernel command line: console, a panic and a reboot end the engine (`-no-reboot`), then the words of the guest's init. */
export function kernelArguments(machine: PreparedMachine): string {
  const engine = ['console=ttyS0', '8250.nr_uarts=1', 'no_timer_check', 'quiet', 'panic=-1', 'reboot=t']
  return [...engine, ...clockArguments(machine), ...machine.bootArguments].join(' ')
}

function disk({ path, readOnly, format }: Disk, index: number): string[] {
  const access = readOnly ? 'on' : 'off'
  return [
    '-blockdev',
    `driver=file,filename=${escape(path)},node-name=file${index},read-only=${access},auto-read-only=off,locking=${readOnly ? 'off' : 'on'}`,
    '-blockdev',
    `driver=${format},file=file${index},node-name=disk${index},read-only=${access}`,
    '-device',
    `virtio-blk-device,drive=disk${index},id=blk${index}`,
  ]
}

/** What packets of the host are taken, as QEMU names a forward (net/slirp.c). */
export function hostSide({ protocol = 'tcp', hostAddress, hostPort }: Forward): string {
  return `${protocol}:${hostAddress}:${hostPort}`
}

/** A whole forward of the user-mode network. */
export function hostForward(forward: Forward): string {
  return `${hostSide(forward)}-:${forward.guestPort}`
}

function backend(nic: Nic, index: number): string {
  if (nic.attachment === 'tap') return `tap,id=net${index},ifname=${nic.tap},script=no,downscript=no,vhost=off`
  const forwards = nic.forwards.map((forward) => `,hostfwd=${hostForward(forward)}`)
  return `user,id=net${index},ipv6=off,restrict=${nic.restricted ? 'on' : 'off'}${forwards.join('')}`
}

function network(nic: Nic, index: number): string[] {
  return ['-netdev', backend(nic, index), '-device', `virtio-net-device,netdev=net${index},mac=${nic.mac},id=eth${index}`]
}

/**
 * It gives back what it holds when the guest runs out of memory, and hands pages that the guest has free to the host again by itself.
 * Statistics come each second, which costs the guest nothing that could be measured. How full it is at first, the driver says.
 */
function balloon(): string[] {
  const options = 'deflate-on-oom=on,free-page-reporting=on,guest-stats-polling-interval=1'
  return ['-device', `virtio-balloon-device,id=balloon,${options}`]
}

function vsock(machine: PreparedMachine, { cid, transport }: NonNullable<PreparedMachine['vsock']>): string[] {
  if (transport === 'vhost') return ['-device', `vhost-vsock-device,guest-cid=${cid}`]
  const port = ['-device', 'virtio-serial-device', '-device', 'virtserialport,chardev=vsock,name=vmm']
  return [...socketServer('vsock', socketPath(machine, 'vsock')), ...port]
}

/** A server socket that QEMU opens and waits for nobody on. */
function socketServer(id: string, path: string, more = ''): string[] {
  return ['-chardev', `socket,id=${id},path=${escape(path)},server=on,wait=off${more}`]
}

/** The whole argument vector. */
export function qemuArgv(program: Argv, machine: PreparedMachine): Argv {
  const options = [
    ['-name', `vmm-${machine.name},process=vmm-${machine.id}`],
    ['-machine', 'microvm,x-option-roms=off,pit=off,pic=off,rtc=on,ioapic2=on'],
    // Legacy virtio-mmio lacks what modern drivers need; virtio-fs dies without this.
    ['-global', 'virtio-mmio.force-legacy=false'],
    acceleration(machine),
    ['-smp', String(machine.cpus), '-m', String(machine.memory)],
    ['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot'],
    ['-sandbox', 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny'],
    ['-kernel', machine.kernel, '-initrd', machine.initrd],
    socketServer('serial', socketPath(machine, 'console'), `,logfile=${escape(consoleLog(machine.directory))},logappend=on`),
    ['-serial', 'chardev:serial'],
    socketServer('monitor', socketPath(machine, 'qmp')),
    ['-mon', 'chardev=monitor,mode=control'],
    ...machine.disks.map(disk),
    ...machine.nics.map(network),
    ['-object', 'rng-random,id=entropy,filename=/dev/urandom', '-device', 'virtio-rng-device,rng=entropy'],
    ...(machine.balloon === undefined ? [] : [balloon()]),
    ...(machine.vsock === undefined ? [] : [vsock(machine, machine.vsock)]),
    // The keyboard controller is what ctrl-alt-delete comes through.
    ['-device', 'i8042'],
    ['-append', kernelArguments(machine)],
  ]
  return [...program, ...options.flat()]
}
