/**
 * startup-core.conf, startup-nat.conf and those of further processes, the command lines of VPP (its src/vpp/conf/startup.conf describes
 * them). None names a file of commands: VPP would run it two seconds after its sockets answer and throw its errors away. The commands are
 * loaded over the API, line by line, or by an operator's `exec`. Pure.
 */
import { instanceFiles, places, type Hardware, type VppInstance } from '../../../appliance/model.ts'
import type { RouterConfig } from '../../../config/model.ts'
import { formatCores, planCpu, type Cores, type CpuPlan } from './cpu.ts'
import type { BesideInstance } from '../model.ts'
import { planMemory, type Memory } from './startup-memory.ts'
import { attachPorts, type AttachedPort } from './startup-ports.ts'

/** A stanza and its lines. */
type Stanza = readonly [name: string, ...lines: string[]]

function format(stanzas: readonly Stanza[]): string {
  const texts = stanzas.map(([name, ...lines]) => `${name} {\n${lines.map((line) => `  ${line}\n`).join('')}}\n`)
  return [`# Written by imp from ${places.configuration}; changes are overwritten.\n`, ...texts].join('\n')
}

/** Plugins are off unless they are needed. VPP ignores names that it does not know, so they are spelt as its files are. */
function plugins(names: readonly string[]): Stanza {
  return ['plugins', 'plugin default { disable }', ...[...new Set(names)].map((name) => `plugin ${name}_plugin.so { enable }`)]
}

/** A process without a core of its own sleeps between two looks for packets instead of keeping a core of others busy. */
function general(instance: VppInstance, floats: boolean): Stanza[] {
  const { cli, api, log } = instanceFiles(instance)
  return [
    [
      'unix',
      'nodaemon',
      'nosyslog',
      `log ${log}`,
      'full-coredump',
      `runtime-dir /run/vpp/${instance}`,
      `cli-listen ${cli}`,
      ...(floats ? ['poll-sleep-usec 50'] : []),
    ],
    ['api-segment', `prefix ${instance}`],
    ['socksvr', `socket-name ${api}`],
  ]
}

function cpu(cores: Cores | undefined): Stanza[] {
  if (cores === undefined) return []
  const { main, workers } = cores
  return [['cpu', `main-core ${main}`, ...(workers.length === 0 ? [] : [`corelist-workers ${formatCores(workers)}`])]]
}

interface Sizes {
  /** MiB of the main heap. */
  readonly heap: number
  /** MiB of the counters; 32 where hardly any routes are counted. */
  readonly statistics: number
  readonly buffers: number
}

/** Without huge pages, which only DPDK needs, buffers are in pages of the usual size: VPP would take huge pages by itself. */
function memory(instance: VppInstance, { heap, statistics, buffers }: Sizes, hugePages: boolean): Stanza[] {
  return [
    ['statseg', `socket-name ${instanceFiles(instance).stats}`, `size ${statistics}M`],
    ['memory', `main-heap-size ${heap}M`],
    ['buffers', `buffers-per-numa ${buffers}`, ...(hugePages ? [] : ['page-size default'])],
  ]
}

const logging: Stanza = ['logging', 'default-log-level info', 'default-syslog-log-level disabled']

/** A receive queue for each worker; VPP takes one where a card has fewer (dpdk/device/init.c). */
function devices(ports: readonly AttachedPort[], cores: Cores | undefined): Stanza[] {
  const owned = ports.filter(({ driver }) => driver === 'dpdk')
  if (owned.length === 0) return []
  const queues = cores?.workers.length ?? 0
  return [
    [
      'dpdk',
      ...(queues > 1 ? [`dev default { num-rx-queues ${queues} }`] : []),
      ...owned.map(({ port, pci }) => `dev ${pci} { name ${port.name} }`),
    ],
  ]
}

function corePlugins(config: RouterConfig, ports: readonly AttachedPort[], beside: readonly BesideInstance[]): Stanza {
  const dpdk = ports.some(({ driver }) => driver === 'dpdk')
  const packet = ports.some(({ driver }) => driver === 'af-packet') || config.container !== undefined
  const steered = beside.some(({ steering }) => steering.length > 0)
  const acl = config.nat !== undefined || config.policyRoutes.length > 0 || steered
  return plugins([
    ...(dpdk ? ['dpdk'] : []),
    ...(packet ? ['af_packet'] : []),
    'linux_cp',
    'linux_nl',
    ...(acl ? ['acl', 'abf'] : []),
    ...(config.nat === undefined && beside.length === 0 ? [] : ['memif']),
    'ping',
    'tracedump',
  ])
}

/** Everything that the files follow from. */
interface Layout {
  readonly config: RouterConfig
  readonly ports: readonly AttachedPort[]
  readonly beside: readonly BesideInstance[]
  readonly cpu: CpuPlan
  readonly memory: Memory
}

function renderCore({ config, ports, beside, cpu: plan, memory: sizes }: Layout): string {
  const hugePages = ports.some(({ driver }) => driver === 'dpdk')
  const { coreHeap: heap, coreStatistics: statistics, buffers } = sizes
  return format([
    ...general('core', plan.core === undefined),
    ...cpu(plan.core),
    ...memory('core', { heap, statistics, buffers }, hugePages),
    ...devices(ports, plan.core),
    // Names and states go from VPP to the twins; twins of sub-interfaces are made one by one, under names that we choose.
    ['linux-cp', `default netns ${places.namespace}`, 'lcp-sync'],
    ['linux-nl', 'nl-rx-buffer-size 67108864'],
    corePlugins(config, ports, beside),
    logging,
  ])
}

/** By which people look into a process. */
const forLooking = ['ping', 'tracedump'] as const

/** A process that has nothing but its links to the core. */
function renderBeside(name: VppInstance, cores: Cores | undefined, sizes: Sizes, needed: readonly string[]): string {
  return format([...general(name, cores === undefined), ...cpu(cores), ...memory(name, sizes, false), plugins(needed), logging])
}

/** Without memif a process would have no links. */
function pluginsOf({ plugins: needed, withoutPlugins }: BesideInstance): string[] {
  return ['memif', ...[...needed, ...forLooking].filter((each) => each === 'memif' || !withoutPlugins.includes(each))]
}

export interface Startup {
  readonly core: string
  /** Undefined when nothing is translated. */
  readonly nat: string | undefined
  /** Those of the further processes, by name. */
  readonly beside: ReadonlyMap<VppInstance, string>
}

/**
 * The files of all processes. Faults: `input` for cores or memory that the machine does not have, `not-found` for cards; VPP itself would
 * end without a word or in the middle of its work.
 */
export function renderStartup(config: RouterConfig, hardware: Hardware, beside: readonly BesideInstance[] = []): Startup {
  const plan = planCpu(hardware.cores, config, beside)
  const sizes = planMemory(config, hardware.memory, Math.max(1, plan.core?.workers.length ?? 0), beside)
  const layout = { config, ports: attachPorts(config, hardware), beside, cpu: plan, memory: sizes }
  const further = beside.map((each): [VppInstance, string] => {
    const own = { heap: each.heap, statistics: 32, buffers: sizes.buffers }
    return [each.name, renderBeside(each.name, plan.beside[each.name], own, pluginsOf(each))]
  })
  const nat = { heap: sizes.natHeap, statistics: 32, buffers: sizes.buffers }
  return {
    core: renderCore(layout),
    nat: config.nat === undefined ? undefined : renderBeside('nat', plan.nat, nat, ['memif', 'det44', ...forLooking]),
    beside: new Map(further),
  }
}

/** Huge pages of 2 MiB that the buffers of the core process need, 2.5 KiB each, with room for DPDK's own tables; 0 without DPDK. */
export function hugePages(config: RouterConfig, hardware: Hardware, beside: readonly BesideInstance[] = []): number {
  const ports = attachPorts(config, hardware)
  if (!ports.some(({ driver }) => driver === 'dpdk')) return 0
  const workers = planCpu(hardware.cores, config, beside).core?.workers.length ?? 0
  const { buffers } = planMemory(config, hardware.memory, Math.max(1, workers), beside)
  return Math.ceil((buffers * 2560) / (2 * 1024 ** 2)) + 64
}
