/** What is seen of a machine now. */
import { Fault } from '@imp/kit/base/fault.ts'
import { bootId, isAlive } from '@imp/kit/host/process.ts'
import { unitFiles } from '@imp/kit/host/supervise.ts'
import type { VmmContext } from '../context.ts'
import type { DevicesView } from '../devices/model.ts'
import type { Engine, MachineFiles, Observed, VsockTransport } from '../engine/model.ts'
import { userNetwork } from '../net/model.ts'
import { sshArgv } from './keys.ts'
import type { Run, Vm, VmView } from './model.ts'
import { machinePaths } from './paths.ts'
import { leadingPlace, nameOfNetwork, placesOf } from './networks.ts'
import type { Parts } from './parts.ts'
import { addressesOf } from './prepare.ts'
import { judge, type Judgement } from './states.ts'
import { findRun } from './store.ts'

type Where = Pick<VmmContext, 'host' | 'paths'>

export function filesOf({ paths }: Where, { id, name }: Vm): MachineFiles {
  const { directory, sockets } = machinePaths(paths, id)
  return { id, name, directory, sockets }
}

export interface Sight extends Judgement {
  readonly run: Run | undefined
  /** The engine's process, when there is one. */
  readonly observed: Observed | undefined
}

interface Look {
  readonly alive: boolean
  readonly observed?: Observed | undefined
}

/** What the engine says; for those who may not ask it, whether its process lives. A start tells its process at its end. */
async function look({ host }: Where, engine: Engine, files: MachineFiles, run: Run): Promise<Look> {
  try {
    const observed = await engine.inspect(host, files)
    return { alive: observed !== undefined, observed }
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== 'denied') throw error
    const { process, phase } = run
    if (process === undefined) return { alive: phase === 'starting' && run.bootId === (await bootId()) }
    const alive = await isAlive({ ...process, bootId: run.bootId })
    return alive ? { alive, observed: { pid: process.pid, guest: 'unknown' } } : { alive }
  }
}

async function lastWordsOf({ host }: Where, parts: Parts, log: string): Promise<string> {
  try {
    return await parts.lastLines(host, log, 20)
  } catch (error) {
    if (error instanceof Fault && error.code === 'denied') return ''
    throw error
  }
}

/** Its state, as the system shows it. What has stopped is not looked for: there may be very many such machines. */
export async function observe(where: Where, parts: Parts, vm: Vm): Promise<Sight> {
  const run = await findRun(where, vm.id)
  if (run === undefined) return { ...judge({ run, alive: false, bootId: '', lastWords: '' }), run, observed: undefined }
  const engine = parts.engine(run.engine)
  const files = filesOf(where, vm)
  const { alive, observed } = run.phase === 'stopped' ? { alive: false } : await look(where, engine, files, run)
  const lastWords = alive || run.phase !== 'running' ? '' : await lastWordsOf(where, parts, engine.console(files).log)
  return { ...judge({ run, alive, bootId: await bootId(), lastWords }), run, observed }
}

/** The interfaces that the machine has on networks of this computer. */
async function interfaceViews(parts: Parts, vm: Vm): Promise<VmView['interfaces']> {
  const leading = leadingPlace(vm)
  return Promise.all(
    placesOf(vm).map(async ({ network, tap, name }) => {
      const { settings } = await parts.network(network.network)
      const common = { name, network: nameOfNetwork(network), tap, mac: network.mac, addresses: addressesOf(network, settings) }
      return { ...common, defaultRoute: vm.defaultRoute && tap === leading?.tap }
    }),
  )
}

/** `transport` is that of a running machine's vsock. */
function devicesView({ balloon, vsock, rateLimits, datasource }: Vm, path: string, transport: VsockTransport | undefined): DevicesView {
  const reached = transport === undefined ? {} : transport === 'vhost' ? { transport } : { transport, path }
  return {
    ...(balloon === undefined ? {} : { balloon }),
    ...(vsock === undefined ? {} : { vsock: { ...vsock, ...reached } }),
    ...(rateLimits === undefined ? {} : { rateLimits }),
    ...(datasource === undefined ? {} : { datasource }),
  }
}

/** Where guest and engine write; no engine has been chosen for a machine that never ran. */
function logsOf(files: MachineFiles, engine: Engine | undefined): VmView['logs'] {
  const printed = unitFiles(files.directory, 'engine').log
  return engine === undefined ? { console: printed, engine: printed } : { console: engine.console(files).log, engine: engine.log(files) }
}

/** The machine as people and programs are shown it. */
export async function view(where: Where, parts: Parts, vm: Vm): Promise<VmView> {
  const { state, reason, run, observed } = await observe(where, parts, vm)
  const { disk, mount, vsock } = machinePaths(where.paths, vm.id)
  const engineName = run?.engine ?? vm.engine
  const argv = sshArgv(vm, where.paths)
  const interfaces = await interfaceViews(parts, vm)
  return {
    name: vm.name,
    id: vm.id,
    state,
    ...(reason === undefined && vm.foreign === undefined ? {} : { reason: reason ?? vm.foreign }),
    ...(engineName === undefined ? {} : { engine: engineName }),
    ...(observed === undefined || run === undefined
      ? {}
      : { accelerator: run.accelerator, pid: observed.pid, guest: observed.guest, started: run.started }),
    cpus: vm.cpus,
    memory: vm.memory,
    disk: vm.disk,
    diskMode: vm.diskMode,
    image: vm.image,
    kernel: run?.kernel ?? vm.kernel ?? 'default',
    addresses: interfaces[0]?.addresses ?? (vm.network.kind === 'user' ? [userNetwork.address] : []),
    network: vm.network,
    interfaces,
    forwards: vm.forwards,
    taps: vm.taps,
    mounts: vm.mounts,
    ...devicesView(vm, vsock, observed === undefined ? undefined : run?.vsockTransport),
    autostart: vm.autostart,
    after: vm.after,
    ...(vm.namespace === undefined ? {} : { namespace: vm.namespace }),
    disks: [
      { path: disk, use: vm.diskMode === 'overlay' ? 'writable' : 'root' },
      ...vm.mounts.map(({ tag }) => ({ path: mount(tag).disk, use: 'mount' as const })),
    ],
    ssh: argv === undefined ? null : { argv: [...argv] },
    logs: logsOf(filesOf(where, vm), engineName === undefined ? undefined : parts.engine(engineName)),
    created: vm.created,
  }
}
