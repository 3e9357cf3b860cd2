/** The calls that bring a machine up, as data, and the client that sends them. */
import type { z } from 'zod'
import { Fault } from '@imp/kit/base/fault.ts'
import { parse } from '@imp/kit/base/schema.ts'
import type { Host } from '@imp/kit/host/host.ts'
import { requestUnix, type UnixAnswer } from '@imp/kit/host/unix-http.ts'
import type { PreparedMachine } from '../model.ts'
import { bandwidthBucket, driveLimiter } from './limits.ts'
import {
  Balloon,
  BootSource,
  Drive,
  EntropyDevice,
  InstanceAction,
  InstanceInfo,
  MachineConfiguration,
  Metrics,
  MmdsConfiguration,
  NetworkInterface,
  Refusal,
  Serial,
  Version,
  Vsock,
  type Request,
} from './types.ts'

/**
 * The kernel command line. Firecracker's own default, without `nomodule` (Debian's virtio drivers are modules) and with a console
 * (docs/kernel-policy.md and src/vmm/src/vmm_config/boot_source.rs in Firecracker).
 */
export function kernelArguments(machine: PreparedMachine): string {
  const engine = ['console=ttyS0', '8250.nr_uarts=1', 'reboot=k', 'panic=1', 'quiet']
  const keyboard = ['i8042.noaux', 'i8042.nomux', 'i8042.dumbkbd']
  return [...engine, ...keyboard, 'swiotlb=noforce', ...machine.bootArguments].join(' ')
}

function put<T extends z.ZodType>(path: string, schema: T, body: z.input<T>): Request {
  return { path, body: parse(schema, body, `PUT ${path}`) }
}

export interface Files {
  readonly metrics: string
  /** Socket by which the host reaches the guest's vsock. */
  readonly vsock: string
}

/** What depends on more than the machine. */
export interface Circumstances {
  /** Of Firecracker: major and minor. */
  readonly version: readonly [number, number]
  /** What the metadata service answers, where the machine has one. */
  readonly metadata?: unknown
}

/** Whether a version is at least another. */
export function atLeast([major, minor]: readonly [number, number], [otherMajor, otherMinor]: readonly [number, number]): boolean {
  return major > otherMajor || (major === otherMajor && minor >= otherMinor)
}

/**
 * A guest that prints for ever is held to what a serial line of 115,200 baud could do, after a MiB at once; the rest is dropped. Where the
 * output goes is left alone: with a file for it Firecracker takes the guest's keyboard away (src/vmm/src/device_manager/mod.rs).
 */
const serialLimit = { size: 1 << 20, refill_time: 60_000 }

function drives({ disks, diskLimit }: PreparedMachine): Request[] {
  const limiter = diskLimit === undefined ? undefined : driveLimiter(diskLimit)
  return disks.map(({ path, readOnly }, index) =>
    put(`/drives/disk${index}`, Drive, {
      drive_id: `disk${index}`,
      // Our initrd finds the root itself; a root device would add `root=` to the command line.
      is_root_device: false,
      path_on_host: path,
      is_read_only: readOnly,
      cache_type: readOnly ? 'Unsafe' : 'Writeback',
      ...(limiter === undefined ? {} : { rate_limiter: limiter }),
    }),
  )
}

function interfaces({ nics }: PreparedMachine): Request[] {
  return nics.flatMap((nic, index) => {
    if (nic.attachment !== 'tap') return []
    const limiter = nic.bandwidth === undefined ? undefined : { bandwidth: bandwidthBucket(nic.bandwidth / 8) }
    const limits = limiter === undefined ? {} : { rx_rate_limiter: limiter, tx_rate_limiter: limiter }
    const body = { iface_id: `eth${index}`, host_dev_name: nic.tap, guest_mac: nic.mac, ...limits }
    return [put(`/network-interfaces/eth${index}`, NetworkInterface, body)]
  })
}

/** It gives back what it holds when the guest runs out of memory; free pages go back to the host by themselves where it can that. */
function balloonOf(size: number, { version }: Circumstances): Request {
  const reporting = atLeast(version, [1, 14]) ? { free_page_reporting: true } : {}
  return put('/balloon', Balloon, { amount_mib: size, deflate_on_oom: true, stats_polling_interval_s: 1, ...reporting })
}

/** Devices that a machine has only when it asks for them; after the interfaces, which the metadata service names. */
function extras({ balloon, vsock }: PreparedMachine, files: Files, circumstances: Circumstances): Request[] {
  const { metadata } = circumstances
  return [
    ...(balloon === undefined ? [] : [balloonOf(balloon, circumstances)]),
    ...(vsock === undefined ? [] : [put('/vsock', Vsock, { guest_cid: vsock.cid, uds_path: files.vsock })]),
    ...(metadata === undefined
      ? []
      : [
          put('/mmds/config', MmdsConfiguration, { version: 'V2', network_interfaces: ['eth0'], ipv4_address: '169.254.169.254' }),
          { path: '/mmds', body: metadata },
        ]),
  ]
}

/** Everything that is said before the guest starts, in an order that the API accepts. */
export function configuration(machine: PreparedMachine, files: Files, circumstances: Circumstances): Request[] {
  return [
    put('/metrics', Metrics, { metrics_path: files.metrics }),
    ...(atLeast(circumstances.version, [1, 16]) ? [put('/serial', Serial, { rate_limiter: serialLimit })] : []),
    put('/machine-config', MachineConfiguration, { vcpu_count: machine.cpus, mem_size_mib: machine.memory }),
    put('/boot-source', BootSource, {
      kernel_image_path: machine.kernel,
      initrd_path: machine.initrd,
      boot_args: kernelArguments(machine),
    }),
    ...drives(machine),
    ...interfaces(machine),
    ...extras(machine, files, circumstances),
    put('/entropy', EntropyDevice, {}),
  ]
}

/**
 * Milliseconds that an answer may take. Firecracker answers when the work is done: a start reads kernel and initrd whole from the disk and
 * gives them to the guest, and the thread that does it serves the devices of a running guest as well.
 */
const patience = 120_000

/** One request, PUT unless told; an `exec` fault with Firecracker's own words when it refuses. */
export async function send(host: Host, socket: string, { method = 'PUT', path, body }: Request): Promise<void> {
  const answer = await requestUnix(host, socket, { method, path, body, timeout: patience })
  if (answer.status !== 204 && answer.status !== 200) throw refused(`${method} ${path}`, answer)
}

function refused(what: string, { status, body }: UnixAnswer): Fault {
  const refusal = Refusal.safeParse(body)
  return new Fault('exec', `Firecracker refused ${what}`, { detail: refusal.success ? refusal.data.fault_message : `status ${status}` })
}

/** What a GET answers; an `exec` fault with Firecracker's own words when it refuses. */
export async function get<T extends z.ZodType>(host: Host, socket: string, path: string, schema: T): Promise<z.output<T>> {
  const answer = await requestUnix(host, socket, { method: 'GET', path, timeout: patience })
  if (answer.status !== 200) throw refused(`GET ${path}`, answer)
  return parse(schema, answer.body, `GET ${path} on ${socket}`)
}

/** Major and minor version. */
export async function versionOf(host: Host, socket: string): Promise<[number, number]> {
  const { firecracker_version: text } = await get(host, socket, '/version', Version)
  const [, major, minor] = /^v?(\d+)\.(\d+)/.exec(text) ?? []
  if (major === undefined || minor === undefined) throw new Fault('exec', `Firecracker says that its version is ${JSON.stringify(text)}`)
  return [Number(major), Number(minor)]
}

export async function act(host: Host, socket: string, action: z.input<typeof InstanceAction>['action_type']): Promise<void> {
  await send(host, socket, put('/actions', InstanceAction, { action_type: action }))
}

/** `Not started`, `Running` or `Paused`; a `timeout` fault after so many milliseconds. */
export async function instanceState(host: Host, socket: string, timeout = patience): Promise<string> {
  const answer = await requestUnix(host, socket, { method: 'GET', path: '/', timeout })
  return parse(InstanceInfo, answer.body, `GET / on ${socket}`).state
}
