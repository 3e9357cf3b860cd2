/** The steps that bring a machine up and take it down. */
import { z } from 'zod'
import { FilePath } from '@imp/kit/base/schema.ts'
import type { Host } from '@imp/kit/host/host.ts'
import { kinds, stepKind, type Kinds } from '@imp/kit/plan/step.ts'
import { findUnit, unitFiles } from '@imp/kit/host/supervise.ts'
import { asFault, Fault } from '@imp/kit/base/fault.ts'
import type { Report } from '@imp/kit/base/events.ts'
import type { VmmPaths } from '../context.ts'
import { EngineName, MachineId, PreparedMachine } from '../engine/model.ts'
import { deviceKinds } from './change-devices.ts'
import { diskStep } from './disks.ts'
import { noteEvent } from './history.ts'
import { ensureKeys, publicKey } from './keys.ts'
import { logLinkStep } from './log-link.ts'
import { NamespaceName, Run, Vm } from './model.ts'
import { forwardKinds } from './forwards.ts'
import { networksKind } from './networks-step.ts'
import { machinePaths, managedKey } from './paths.ts'
import type { Identity, Parts } from './parts.ts'
import { untilReady, untilSsh } from './ready.ts'
import { renameKinds } from './rename.ts'
import { machines, putRun } from './store.ts'

const nothing = (): Promise<void> => Promise.resolve()

const Files = PreparedMachine.pick({ id: true, name: true, directory: true, sockets: true })

const IdentityData = z.strictObject({
  hostname: z.string(),
  machineId: z.string(),
  authorizedKeys: z.array(z.string()),
  nameservers: z.array(z.string()),
  interfaces: z.array(
    z.strictObject({
      mac: z.string(),
      name: z.string(),
      addresses: z.array(z.string()),
      gateways: z.array(z.string()),
      mtu: z.int().optional(),
    }),
  ),
  mounts: z.array(z.strictObject({ label: z.string(), tag: z.string(), readOnly: z.boolean() })),
})

/** What the kinds need of the command that runs them, besides the steps' own data. */
export interface StepContext {
  readonly paths: VmmPaths
  readonly report: Report
  readonly signal: AbortSignal
}

/** The last log of every kind is kept, so that a failed start can be read after the next one. */
async function rotate(host: Host, path: string): Promise<void> {
  if ((await host.files.stat(path)) !== undefined) await host.files.rename(path, `${path}.1`)
}

export type MachineSteps = ReturnType<typeof machineSteps>

/** The step kinds of machines, bound to what they need. */
export function machineSteps(context: StepContext, parts: Parts) {
  const { paths } = context

  const keys = stepKind({
    kind: 'vmm.keys',
    schema: z.strictObject({ id: MachineId }),
    do: (host, { id }) => ensureKeys(host, paths, id),
    // Kept: the guest is known by its host key, and the pair of vmm belongs to all machines.
    undo: nothing,
  })

  const initrd = stepKind({
    kind: 'vmm.initrd',
    schema: z.strictObject({ id: MachineId, base: FilePath, output: FilePath, identity: IdentityData }),
    async do(host, { id, base, output, identity }) {
      const authorizedKeys = [await publicKey(host, `${managedKey(paths)}.pub`), ...identity.authorizedKeys]
      const hostKey = await host.files.read(machinePaths(paths, id).hostKey)
      const whole: Identity = { ...identity, authorizedKeys, hostKey }
      await parts.buildInitrd(host, { base, output, identity: whole })
    },
    undo: (host, { output }) => host.files.remove(output),
  })

  const seed = stepKind({
    kind: 'vmm.seed',
    // Not the documents themselves: they often hold passwords, and steps are shown.
    schema: z.strictObject({ name: Vm.shape.name, output: FilePath }),
    async do(host, { name, output }) {
      const { id, cloudInit, datasource } = await machines({ host, paths }).get(name)
      if (cloudInit === undefined) return
      const instance = { id, hostname: name }
      if (datasource === 'mmds') await parts.writeMetadata(host, output, cloudInit, instance)
      else await parts.writeSeed(host, output, cloudInit, instance)
    },
    undo: (host, { output }) => host.files.remove(output),
  })

  const loopback = stepKind({
    kind: 'vmm.loopback',
    schema: z.strictObject({ namespace: NamespaceName }),
    do: async (host, { namespace }) => {
      await host.run(['ip', '-n', namespace, 'link', 'set', 'dev', 'lo', 'up'])
    },
    // The namespace is the caller's, who may count on it by now.
    undo: nothing,
  })

  const record = stepKind({
    kind: 'vmm.run',
    schema: z.strictObject({ id: MachineId, name: Vm.shape.name, run: Run, before: Run.optional() }),
    async do(host, { id, name, run }) {
      const unit = run.phase === 'running' ? await findUnit(host, machinePaths(paths, id).directory, 'engine') : undefined
      const process = unit === undefined ? {} : { process: { pid: unit.pid, startTime: unit.startTime } }
      await putRun({ host, paths }, id, { ...run, ...process })
      await noteEvent({ host, paths }, { name, id, event: run.phase })
    },
    /** Whoever undoes a start writes down how it ended; a stop that is given up leaves what runs as it was. */
    async undo(host, { id, name, before }) {
      if (before === undefined || (await findUnit(host, machinePaths(paths, id).directory, 'engine')) === undefined) return
      await putRun({ host, paths }, id, before)
      await noteEvent({ host, paths }, { name, id, event: before.phase })
    },
  })

  const pin = stepKind({
    kind: 'vmm.pin',
    schema: z.strictObject({ name: Vm.shape.name, digest: z.string() }),
    async do(host, { name, digest }) {
      const all = machines({ host, paths })
      await all.put(name, { ...(await all.get(name)), imageDigest: digest })
    },
    async undo(host, { name }) {
      const all = machines({ host, paths })
      const { imageDigest: _, ...vm } = await all.get(name)
      await all.put(name, vm)
    },
  })

  const start = stepKind({
    kind: 'vmm.engine.start',
    schema: z.strictObject({ engine: EngineName, machine: PreparedMachine }),
    async do(host, { engine: name, machine }) {
      const engine = parts.engine(name)
      if ((await engine.inspect(host, machine)) === undefined) {
        const logs = new Set([engine.console(machine).log, engine.log(machine), unitFiles(machine.directory, 'engine').log])
        for (const log of logs) await rotate(host, log)
      }
      await engine.start(host, machine)
    },
    undo: (host, { engine, machine }) => parts.engine(engine).stop(host, machine, 'kill'),
  })

  const ready = stepKind({
    kind: 'vmm.ready',
    schema: z.strictObject({ engine: EngineName, machine: Files }),
    do: (host, { engine, machine }) => untilReady(host, parts, parts.engine(engine), machine, context.signal),
    undo: nothing,
  })

  const reach = stepKind({
    kind: 'vmm.reach',
    schema: z.strictObject({
      engine: EngineName,
      machine: Files,
      address: z.string(),
      port: z.int(),
      namespace: NamespaceName.optional(),
    }),
    async do(host, { engine, machine, ...server }) {
      const key = await publicKey(host, `${machinePaths(paths, machine.id).hostKey}.pub`)
      await untilSsh(host, parts, parts.engine(engine), machine, { ...server, key }, context.signal)
    },
    undo: nothing,
  })

  const stop = stepKind({
    kind: 'vmm.engine.stop',
    schema: z.strictObject({ engine: EngineName, machine: Files, how: z.enum(['shutdown', 'kill']) }),
    async do(host, { engine: name, machine, how }) {
      const engine = parts.engine(name)
      try {
        await engine.stop(host, machine, how)
      } catch (error) {
        if (how === 'kill' || !(error instanceof Fault)) throw error
        context.report({ event: 'log', level: 'warning', text: `${asFault(error).message}; it is killed` })
        await engine.stop(host, machine, 'kill')
      }
    },
    // What was stopped is not started again by a failure further on.
    undo: nothing,
  })

  const remove = stepKind({
    kind: 'vmm.remove',
    schema: z.strictObject({ path: FilePath }),
    do: (host, { path }) => host.files.remove(path),
    undo: nothing,
  })

  const { forwards, live } = forwardKinds(paths, parts)

  const all: Kinds = kinds(
    diskStep,
    forwards,
    live,
    networksKind(paths),
    logLinkStep,
    ...Object.values(renameKinds(paths)),
    ...Object.values(deviceKinds(paths, parts)),
    keys,
    initrd,
    seed,
    loopback,
    record,
    pin,
    start,
    ready,
    reach,
    stop,
    remove,
    ...parts.kinds,
  )
  return { all, disk: diskStep, log: logLinkStep, keys, initrd, seed, loopback, record, pin, start, ready, reach, stop, remove }
}
