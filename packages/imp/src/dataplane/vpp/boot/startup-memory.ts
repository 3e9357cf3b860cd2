/** Memory of VPP's processes. What is asked for and not there ends VPP, at its start or in the middle of a configuration. Pure. */
import { Fault } from '@imp/kit/base/fault.ts'
import { parsePrefix, sizeOf } from '@imp/kit/base/ip.ts'
import type { RouterConfig } from '../../../config/model.ts'
import type { BesideInstance } from '../model.ts'

const mebibyte = 1024 ** 2

/** What det44 takes for one inside host when its map is added: 1000 sessions of 24 bytes (det44.c, snat_det_add_map). */
const bytesPerHost = 24_000

export interface Memory {
  /** Main heap of each process in MiB. */
  readonly coreHeap: number
  readonly natHeap: number
  /** Counters of the core process in MiB; each route has some. */
  readonly coreStatistics: number
  /** Packet buffers of each process, per NUMA node. */
  readonly buffers: number
}

function roundUp(value: number, step: number): number {
  return Math.ceil(value / step) * step
}

/** Hosts that are translated. */
export function insideHosts(config: Pick<RouterConfig, 'nat'>): number {
  return (config.nat?.mappings ?? []).reduce((sum, { inside }) => sum + Number(sizeOf(parsePrefix(inside, 4))), 0)
}

/** Heap of the NAT process in MiB: 256 for itself, and a quarter more than the hosts need, since their tables are whole arrays. */
function natHeap(config: Pick<RouterConfig, 'nat'>): number {
  return roundUp(256 + (insideHosts(config) * bytesPerHost * 1.25) / mebibyte, 64)
}

/** Heap of the core process in MiB: a full table of the Internet takes about 1 GiB of it. */
function coreHeap(config: RouterConfig): number {
  return config.bgp === undefined ? 512 : 1536
}

/**
 * How much each process gets. An `input` fault when the machine does not have it: a heap over the memory keeps VPP from starting, one
 * that is too small for the NAT mappings aborts it while they are added.
 */
export function planMemory(
  config: RouterConfig,
  memory: number,
  queues: number,
  beside: readonly Pick<BesideInstance, 'name' | 'path' | 'heap'>[] = [],
): Memory {
  const nat = config.nat === undefined ? 0 : natHeap(config)
  const available = Math.floor(memory / mebibyte)
  const core = Math.min(coreHeap(config), Math.max(256, roundUp(available / 3, 64)))
  const others = beside.reduce((sum, { heap }) => sum + heap, 0)
  if (core + nat + others > available) {
    const needs = [
      { path: 'nat.mappings', heap: nat, message: `${insideHosts(config)} hosts take ${nat} MiB` },
      ...beside.map(({ name, path, heap }) => ({ path, heap, message: `VPP (${name}) takes ${heap} MiB` })),
    ].filter(({ heap }) => heap > 0)
    throw new Fault('input', `VPP needs ${core + nat + others} MiB of memory for this configuration, this machine has ${available}`, {
      hint: nat > core ? 'translate smaller networks (nat.mappings), or add memory' : 'add memory',
      findings: nat + others > core ? needs.map(({ path, message }) => ({ path, severity: 'error', message })) : [],
    })
  }
  const statistics = config.bgp === undefined ? 32 : 32 + 64 * queues
  return { coreHeap: core, natHeap: nat, coreStatistics: statistics, buffers: buffersFor(config.interfaces.length, queues) }
}

/** VPP's default of 16,384, and more when ports with many queues would keep most of them in their rings (1024 descriptors each). */
function buffersFor(ports: number, queues: number): number {
  return Math.max(16_384, roundUp(ports * queues * 4096, 16_384))
}
