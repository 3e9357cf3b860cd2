/** Giving a machine another name: its document moves, and those that start after it learn of it. All else goes by its id. */
import { basename } from 'node:path'
import { z } from 'zod'
import { Fault } from '@imp/kit/base/fault.ts'
import type { Host } from '@imp/kit/host/host.ts'
import type { Plan } from '@imp/kit/plan/apply.ts'
import { stepKind } from '@imp/kit/plan/step.ts'
import type { VmmPaths } from '../context.ts'
import { MachineId } from '../engine/model.ts'
import { logLinkStep, logLinkOf } from './log-link.ts'
import { Vm } from './model.ts'
import { filesOf } from './observe.ts'
import { requireOrder } from './start-order.ts'
import { findRun, machines, withMachine } from './store.ts'
import type { Work } from './work.ts'

const Move = z.strictObject({ id: MachineId, from: Vm.shape.name, to: Vm.shape.name })
const Successor = z.strictObject({ name: Vm.shape.name, from: Vm.shape.name, to: Vm.shape.name })

/** The step kinds of renaming, bound to where machines are. */
export function renameKinds(paths: VmmPaths) {
  const move = async (host: Host, id: string, from: string, to: string): Promise<void> => {
    const all = machines({ host, paths })
    const vm = await all.find(from)
    // Moved already, before a crash.
    if (vm?.id !== id) return
    const other = await all.find(to)
    if (other !== undefined && other.id !== id) throw new Fault('conflict', `there is a machine ${to} already`, { hint: `vmm show ${to}` })
    await all.put(to, { ...vm, name: to })
    await all.remove(from)
  }

  const follow = (host: Host, name: string, from: string, to: string): Promise<void> =>
    withMachine({ host, paths }, name, async (vm) => {
      const after = vm.after.map((each) => (each === from ? to : each))
      if (after.some((each, index) => each !== vm.after[index])) await machines({ host, paths }).put(name, { ...vm, after })
    })

  const rename = stepKind({
    kind: 'vmm.rename',
    schema: Move,
    do: (host, { id, from, to }) => move(host, id, from, to),
    undo: (host, { id, from, to }) => move(host, id, to, from),
  })

  const successor = stepKind({
    kind: 'vmm.rename.after',
    schema: Successor,
    do: (host, { name, from, to }) => follow(host, name, from, to),
    undo: (host, { name, from, to }) => follow(host, name, to, from),
  })

  return { rename, successor }
}

/** A `conflict` fault when the name is taken. To be called once more under the lock of all machines. */
export async function requireFreeMachineName({ context }: Pick<Work, 'context'>, name: string): Promise<void> {
  if ((await machines(context).find(name)) === undefined) return
  throw new Fault('conflict', `there is a machine ${name} already`, { hint: `vmm show ${name}` })
}

/** What gives the machine another name. The guest learns of it when it starts again. */
export async function planRename({ context, parts, vm }: Work, to: string): Promise<Plan> {
  const { rename, successor } = renameKinds(context.paths)
  const from = vm.name
  const others = (await machines(context).all()).filter(({ id }) => id !== vm.id)
  const waiting = others.filter(({ after }) => after.includes(from))
  requireOrder([
    ...others.map(({ name, after }) => ({ name, after: after.map((each) => (each === from ? to : each)) })),
    { ...vm, name: to },
  ])
  const run = await findRun(context, vm.id)
  const log = run === undefined ? undefined : basename(parts.engine(run.engine).console(filesOf(context, vm)).log)
  const link = log === undefined ? undefined : logLinkOf(context.paths, { id: vm.id, name: to }, log)
  const former = logLinkOf(context.paths, vm).path
  return {
    title: `rename ${from}`,
    steps: [
      rename.step(`call ${from} ${to}`, { id: vm.id, from, to }),
      ...waiting.map(({ name }) => successor.step(`let ${name} start after ${to}`, { name, from, to })),
      ...(link === undefined ? [] : [logLinkStep.step(`call its log ${to}`, { ...link, former })]),
    ],
  }
}
