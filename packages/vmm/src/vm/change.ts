/** Changing machines: each under its lock, after what a killed command left behind was undone, several at the same time. */
import { asFault, Fault } from '@imp/kit/base/fault.ts'
import { planned } from '@imp/kit/op/operation.ts'
import type { Plan } from '@imp/kit/plan/apply.ts'
import type { VmmContext } from '../context.ts'
import { recover } from './lifecycle.ts'
import type { Work } from './work.ts'
import type { Vm } from './model.ts'
import type { Parts } from './parts.ts'
import { machines, withMachine } from './store.ts'

export interface Change {
  /** Past participle for messages: `started`. */
  readonly done: string
  /** What is to be done; undefined when nothing is. */
  plan(work: Work): Promise<Plan | undefined>
  carryOut(work: Work, plan: Plan): Promise<void>
}

interface Changed {
  readonly vm: Vm
  readonly plan: Plan | undefined
}

/** Plans, and unless it is a dry run carries out, the change of one machine. */
async function changeOne(context: VmmContext, parts: Parts, name: string, change: Change): Promise<Changed> {
  return withMachine(context, name, async (found) => {
    await recover({ context, parts, vm: found })
    // What is undone may be in its document.
    const vm = await machines(context).get(found.name)
    const work = { context, parts, vm }
    const made = await change.plan(work)
    if (made !== undefined && !context.dryRun) await change.carryOut(work, made)
    return { vm, plan: made }
  })
}

/** Does it to all of them at the same time; every one is tried, and the faults of those that failed are told together. */
export async function forAll<T>(names: readonly string[], done: string, action: (name: string) => Promise<T>): Promise<T[]> {
  const settled = await Promise.allSettled(names.map(action))
  const failed = settled.flatMap((each) => (each.status === 'rejected' ? [asFault(each.reason)] : []))
  const [first] = failed
  if (first !== undefined && names.length === 1) throw first
  if (first !== undefined) {
    const detail = failed.map(({ message, hint }) => (hint === undefined ? message : `${message} (${hint})`)).join('\n')
    throw new Fault(first.code, `${failed.length} of ${names.length} machines could not be ${done}`, { detail, cause: first })
  }
  return settled.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
}

/** Changes all of them; names in the order of `names`. */
export async function changeMachines(context: VmmContext, parts: Parts, names: readonly string[], change: Change): Promise<string[]> {
  const done = await forAll([...new Set(names)], change.done, (name) => changeOne(context, parts, name, change))
  const steps = done.flatMap(({ plan }) => plan?.steps ?? [])
  planned(context, steps)
  return done.map(({ vm }) => vm.name)
}
