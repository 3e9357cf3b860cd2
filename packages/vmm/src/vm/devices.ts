/** The devices that a machine has besides disks and networks, from its document to what an engine is given; pure. */
import type { Finding } from '@imp/kit/base/fault.ts'
import type { Datasource, RateLimits } from '../devices/model.ts'
import type { DiskLimit, EngineName, Nic, PreparedMachine, VsockTransport } from '../engine/model.ts'
import type { NetworkKind } from '../net/model.ts'
import type { Vm } from './model.ts'
import type { MachinePaths } from './paths.ts'

/** What is wished of devices for a new machine. */
export interface DeviceWishes {
  readonly memory: number
  readonly engine?: EngineName | undefined
  readonly cloudInit?: unknown
  readonly balloon?: number | undefined
  readonly rateLimits?: RateLimits | undefined
  readonly datasource?: Datasource | undefined
}

function wrong(path: string, message: string, hint: string): Finding {
  return { path, severity: 'error', message, hint }
}

/** Wishes that contradict each other. */
export function deviceContradictions(wishes: DeviceWishes, kind: NetworkKind): Finding[] {
  const { memory, engine, cloudInit, balloon, rateLimits, datasource } = wishes
  const findings = [
    balloon !== undefined && balloon >= memory && wrong('balloon', `takes all of the memory of ${memory} MiB`, 'take less'),
    rateLimits?.netBandwidth !== undefined &&
      kind !== 'bridge' &&
      wrong('rateLimits.netBandwidth', 'only networks with a bridge have a limit', 'use the network bridge, or the limit none'),
    datasource === 'mmds' && engine === 'qemu' && wrong('datasource', 'QEMU has no metadata service', 'use the datasource disk'),
    datasource === 'mmds' && kind === 'none' && wrong('datasource', 'a machine without network cannot ask for metadata', 'use disk'),
    datasource === 'mmds' && cloudInit === undefined && wrong('datasource', 'there is nothing to tell cloud-init', 'add --user-data'),
  ]
  return findings.filter((each) => each !== false)
}

/** The limit of each disk; empty when there is none. */
export function diskLimitOf({ rateLimits: { diskBandwidth, diskIops } = {} }: Pick<Vm, 'rateLimits'>): DiskLimit {
  return {
    ...(diskBandwidth === undefined ? {} : { bandwidth: diskBandwidth }),
    ...(diskIops === undefined ? {} : { iops: diskIops }),
  }
}

/** The network devices with their limits: those on networks of vmm, since TAPs of the caller are the caller's to limit. */
export function limitedNics({ rateLimits, taps }: Pick<Vm, 'rateLimits' | 'taps'>, nics: readonly Nic[]): Nic[] {
  const bandwidth = rateLimits?.netBandwidth
  const callers = new Set(taps.map(({ tap }) => tap))
  return nics.map((nic) => (nic.attachment === 'tap' && bandwidth !== undefined && !callers.has(nic.tap) ? { ...nic, bandwidth } : nic))
}

type Prepared = Pick<PreparedMachine, 'balloon' | 'diskLimit' | 'metadata' | 'vsock'>

/** `transport` is how this computer reaches a vsock, for machines that have one. */
export function preparedDevices(vm: Vm, paths: MachinePaths, transport: VsockTransport | undefined): Prepared {
  const diskLimit = diskLimitOf(vm)
  return {
    ...(vm.balloon === undefined ? {} : { balloon: vm.balloon }),
    ...(Object.keys(diskLimit).length === 0 ? {} : { diskLimit }),
    ...(vm.vsock === undefined || transport === undefined ? {} : { vsock: { cid: vm.vsock.cid, transport } }),
    ...(vm.datasource === 'mmds' ? { metadata: paths.metadata } : {}),
  }
}
