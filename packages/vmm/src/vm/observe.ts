/** What is seen of a machine now. */
import { bootId } from '@imp/kit/host/process.ts'
import { unitFiles } from '@imp/kit/host/supervise.ts'
import type { VmmContext } from '../context.ts'
import type { MachineFiles, Observed } from '../engine/model.ts'
import { sshArgv } from './keys.ts'
import type { Run, Vm, VmView } from './model.ts'
import { machinePaths } from './paths.ts'
import type { Parts } from './parts.ts'
import { networkName } from '../net/model.ts'
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

/** Its state, as the system shows it. */
export async function observe(where: Where, parts: Parts, vm: Vm): Promise<Sight> {
  const { host } = where
  const run = await findRun(where, vm.id)
  if (run === undefined) return { ...judge({ run, alive: false, bootId: '', lastWords: '' }), run, observed: undefined }
  const engine = parts.engine(run.engine)
  const files = filesOf(where, vm)
  const observed = await engine.inspect(host, files)
  const alive = observed !== undefined
  const lastWords = alive ? '' : await parts.lastLines(host, engine.console(files).log, 20)
  return { ...judge({ run, alive, bootId: await bootId(), lastWords }), run, observed }
}

/** The machine as people and programs are shown it. */
export async function view(where: Where, parts: Parts, vm: Vm): Promise<VmView> {
  const { state, reason, run, observed } = await observe(where, parts, vm)
  const { disk, directory, mount } = machinePaths(where.paths, vm.id)
  const engineName = run?.engine ?? vm.engine
  const log = unitFiles(directory, 'engine').log
  const argv = sshArgv(vm, where.paths)
  const { settings } = await parts.network(networkName(vm))
  return {
    name: vm.name,
    id: vm.id,
    state,
    ...(reason === undefined ? {} : { reason }),
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
    addresses: addressesOf(vm, settings),
    network: vm.network,
    forwards: vm.forwards,
    taps: vm.taps,
    mounts: vm.mounts,
    ...(vm.namespace === undefined ? {} : { namespace: vm.namespace }),
    disks: [
      { path: disk, use: vm.diskMode === 'overlay' ? 'writable' : 'root' },
      ...vm.mounts.map(({ tag }) => ({ path: mount(tag).disk, use: 'mount' as const })),
    ],
    ssh: argv === undefined ? null : { argv: [...argv] },
    logs: { console: engineName === undefined ? log : parts.engine(engineName).console(filesOf(where, vm)).log, engine: log },
    created: vm.created,
  }
}
