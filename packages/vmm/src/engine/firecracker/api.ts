/** The calls that bring a machine up, as data, and the client that sends them. */
import type { z } from 'zod'
import { Fault } from '@imp/kit/base/fault.ts'
import { parse } from '@imp/kit/base/schema.ts'
import type { Host } from '@imp/kit/host/host.ts'
import { requestUnix } from '@imp/kit/host/unix-http.ts'
import type { PreparedMachine } from '../model.ts'
import {
  BootSource,
  Drive,
  EntropyDevice,
  InstanceAction,
  InstanceInfo,
  Logger,
  MachineConfiguration,
  Metrics,
  NetworkInterface,
  Refusal,
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

/** Everything that is said before the guest starts, in an order that the API accepts. */
export function configuration(machine: PreparedMachine, files: { readonly log: string; readonly metrics: string }): Request[] {
  const drives = machine.disks.map(({ path, readOnly }, index) =>
    put(`/drives/disk${index}`, Drive, {
      drive_id: `disk${index}`,
      // Our initrd finds the root itself; a root device would add `root=` to the command line.
      is_root_device: false,
      path_on_host: path,
      is_read_only: readOnly,
      cache_type: readOnly ? 'Unsafe' : 'Writeback',
    }),
  )
  const interfaces = machine.nics.flatMap((nic, index) =>
    nic.attachment === 'tap'
      ? [put(`/network-interfaces/eth${index}`, NetworkInterface, { iface_id: `eth${index}`, host_dev_name: nic.tap, guest_mac: nic.mac })]
      : [],
  )
  return [
    put('/logger', Logger, { log_path: files.log, level: 'Warning', show_level: true }),
    put('/metrics', Metrics, { metrics_path: files.metrics }),
    put('/machine-config', MachineConfiguration, { vcpu_count: machine.cpus, mem_size_mib: machine.memory }),
    put('/boot-source', BootSource, {
      kernel_image_path: machine.kernel,
      initrd_path: machine.initrd,
      boot_args: kernelArguments(machine),
    }),
    ...drives,
    ...interfaces,
    put('/entropy', EntropyDevice, {}),
  ]
}

/** One PUT; an `exec` fault with Firecracker's own words when it refuses. */
export async function send(host: Host, socket: string, { path, body }: Request): Promise<void> {
  const answer = await requestUnix(host, socket, { method: 'PUT', path, body })
  if (answer.status === 204 || answer.status === 200) return
  const refusal = Refusal.safeParse(answer.body)
  throw new Fault('exec', `Firecracker refused PUT ${path}`, {
    detail: refusal.success ? refusal.data.fault_message : `status ${answer.status}`,
  })
}

export async function act(host: Host, socket: string, action: z.input<typeof InstanceAction>['action_type']): Promise<void> {
  await send(host, socket, put('/actions', InstanceAction, { action_type: action }))
}

/** `Not started`, `Running` or `Paused`. */
export async function instanceState(host: Host, socket: string): Promise<string> {
  const answer = await requestUnix(host, socket, { method: 'GET', path: '/', timeout: 2000 })
  return parse(InstanceInfo, answer.body, `GET / on ${socket}`).state
}
