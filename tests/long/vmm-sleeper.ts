/**
 * Machines whose engine is a process that sleeps, on the bridges of a namespace: all of their life but the guest is real, and costs a
 * second. What changes this computer passes one door, so that a test can kill a command before any of its changes.
 */
import { dirname, join } from 'node:path'
import { Fault } from '@imp/kit/base/fault.ts'
import type { Host } from '@imp/kit/host/host.ts'
import { localHost } from '@imp/kit/host/local.ts'
import { inNamespace } from '@imp/kit/host/namespace.ts'
import { findUnit, startUnit, stopUnit } from '@imp/kit/host/supervise.ts'
import { invoke } from '@imp/kit/op/operation.ts'
import type { Plan } from '@imp/kit/plan/apply.ts'
import { contextFor, type VmmContext } from '../../packages/vmm/src/context.ts'
import type { Engine } from '../../packages/vmm/src/engine/model.ts'
import { qemuEngine } from '../../packages/vmm/src/engine/qemu/driver.ts'
import { imageFile } from '../../packages/vmm/src/image/model.ts'
import { operations } from '../../packages/vmm/src/net/ops.ts'
import { changeMachines } from '../../packages/vmm/src/vm/change.ts'
import { addForwards, removeForwards } from '../../packages/vmm/src/vm/change-forwards.ts'
import { carryOutDelete, carryOutStart, carryOutStop, planDelete, planStart, planStop } from '../../packages/vmm/src/vm/lifecycle.ts'
import { isActive } from '../../packages/vmm/src/vm/states.ts'
import { observe } from '../../packages/vmm/src/vm/observe.ts'
import { partsOf } from '../../packages/vmm/src/vm/ops.ts'
import type { Parts } from '../../packages/vmm/src/vm/parts.ts'
import { machinePaths } from '../../packages/vmm/src/vm/paths.ts'
import { machines } from '../../packages/vmm/src/vm/store.ts'
import type { Work } from '../../packages/vmm/src/vm/work.ts'
import { contextOn } from '../../packages/kit/src/op/sample.ts'

/** The same host; `passes` is called before each change. */
function behindDoor(host: Host, passes: () => void): Host {
  const { files } = host
  return {
    ...host,
    run(argv, options) {
      passes()
      return host.run(argv, options)
    },
    pipe(stages, options) {
      passes()
      return host.pipe(stages, options)
    },
    files: {
      ...files,
      write(path, content, options) {
        passes()
        return files.write(path, content, options)
      },
      makeDirectory(path, options) {
        passes()
        return files.makeDirectory(path, options)
      },
      remove(path) {
        passes()
        return files.remove(path)
      },
      rename(from, to) {
        passes()
        return files.rename(from, to)
      },
    },
  }
}

/** The host key of a guest is that which it was given: there is no guest to ask. */
function answering(host: Host, data: string): Host {
  const paths = { data, run: '', cache: '' }
  return {
    ...host,
    async query(argv, options) {
      if (argv[0] !== 'ssh-keyscan') return host.query(argv, options)
      const asked = (await machines({ host, paths }).all()).find(
        ({ network }) => network.kind === 'bridge' && argv.includes(network.address),
      )
      const key = await host.files.read(`${machinePaths(paths, asked?.id ?? '').hostKey}.pub`)
      return { argv, status: 0, stdout: `guest ${key.split(' ').slice(0, 2).join(' ')}`, stderr: '' }
    },
  }
}

/** Every operation's context on a data directory and a namespace of the test's own. */
export async function sleeperContext(directory: string, namespace: string, passes: () => void = () => undefined): Promise<VmmContext> {
  const host = answering(behindDoor(inNamespace(localHost(), namespace), passes), directory)
  return contextFor(contextOn(host, { yes: true }), true, { VMM_DATA_DIR: directory })
}

const consoleOf = (directory: string): string => join(directory, 'console.log')

function sleeper(ready: string): Engine {
  const qemu = qemuEngine()
  return {
    ...qemu,
    title: 'the sleeper',
    features: { ...qemu.features, accelerators: ['tcg'], userNetwork: false, diskFormats: ['raw'], maxCpus: 1, shutdownTimeout: 1000 },
    program: ['sleep'],
    check: () => [],
    console: ({ directory }) => ({ log: consoleOf(directory) }),
    async start(host, { directory, id }) {
      await host.files.write(consoleOf(directory), `${ready}\n`)
      await startUnit(host, { name: 'engine', directory, argv: ['sleep', `3600.${parseInt(id, 16)}`] })
    },
    stop: (host, { directory }) => stopUnit(host, directory, 'engine'),
    async inspect(host, { directory }) {
      const unit = await findUnit(host, directory, 'engine')
      return unit === undefined ? undefined : { pid: unit.pid, guest: 'running' }
    },
  }
}

/** The rooms that a machine is made of, without those that need a guest. */
export function sleeperParts(context: VmmContext): Parts {
  const parts = partsOf(context)
  const engine = sleeper(parts.markers.ready)
  const digest = '0'.repeat(64)
  const path = imageFile(context.paths.data, digest)
  return {
    ...parts,
    engine: () => engine,
    chooseEngine: () => Promise.resolve({ engine, accelerator: 'tcg', reason: '' }),
    tscKhz: () => Promise.resolve(1_000_000),
    kernel: () => Promise.resolve({ name: 'none', vmlinux: '/dev/null', initrd: '/dev/null' }),
    async image() {
      const { files } = localHost()
      await files.makeDirectory(dirname(path))
      await files.write(path, '')
      return { path, digest }
    },
    buildInitrd: (host, { output }) => host.files.write(output, ''),
  }
}

const forward = { host: 8080, guest: 80 }

/** The operation on a network with this word. */
export async function onNetwork(word: 'create' | 'delete', context: VmmContext, name: string): Promise<void> {
  const found = operations.find(({ path }) => path.join(' ') === `network ${word}`)
  if (found === undefined) throw new Fault('bug', `there is no operation network ${word}`)
  await invoke(found, context, { name })
}

const unlessActive = async (work: Work): Promise<Plan | undefined> =>
  isActive((await observe(work.context, work.parts, work.vm)).state) ? undefined : planStart(work)

/** What people do with machines, by its words; as the operations do it, without waiting for a turn to boot. */
export const words = {
  start: (context: VmmContext, parts: Parts, names: readonly string[]) =>
    changeMachines(context, parts, names, { done: 'started', plan: unlessActive, carryOut: carryOutStart }),
  stop: (context: VmmContext, parts: Parts, names: readonly string[]) =>
    changeMachines(context, parts, names, { done: 'stopped', plan: (work) => planStop(work, 'shutdown'), carryOut: carryOutStop }),
  async restart(context: VmmContext, parts: Parts, names: readonly string[]) {
    await words.stop(context, parts, names)
    return words.start(context, parts, names)
  },
  delete: (context: VmmContext, parts: Parts, names: readonly string[]) =>
    changeMachines(context, parts, names, { done: 'deleted', plan: planDelete, carryOut: carryOutDelete }),
  'forward-add': (context: VmmContext, parts: Parts, [name = '']: readonly string[]) => addForwards(context, parts, name, [forward]),
  'forward-remove': (context: VmmContext, parts: Parts, [name = '']: readonly string[]) => removeForwards(context, parts, name, [forward]),
  'network-create': (context: VmmContext, _: Parts, [name = '']: readonly string[]) => onNetwork('create', context, name),
  'network-delete': (context: VmmContext, _: Parts, [name = '']: readonly string[]) => onNetwork('delete', context, name),
} as const
export type Word = keyof typeof words
