/** Brings a lab up, or a running one to what its files say now. */
import { Fault } from '@imp/kit/base/fault.ts'
import { reported } from '@imp/kit/base/events.ts'
import { withLock } from '@imp/kit/host/lock.ts'
import { planned } from '@imp/kit/op/operation.ts'
import { applyPlan, interrupted, recoverPlan, type Executor } from '@imp/kit/plan/apply.ts'
import { journalAt } from '@imp/kit/store/journal.ts'
import { findDamage } from './damage.ts'
import type { LabDefinition } from './definition.ts'
import { differenceOf, type Difference } from './difference.ts'
import { namespacePrefix } from './names.ts'
import { listNamespaces } from './namespaces.ts'
import { planLab } from './plan.ts'
import type { LabRun, MakingRun } from './run.ts'
import { kindsOf, labKinds, runningLab } from './steps.ts'
import { sweep } from './sweep.ts'
import { ensureImage } from './vmm.ts'

/** Milliseconds to wait for another command on the same lab: it may be booting guests. */
const lockPatience = 120_000

/** Runs `action` while no other command changes this lab. */
export function withLabLock<T>(run: LabRun, action: () => Promise<T>): Promise<T> {
  const options = { what: `lab ${run.name}`, timeout: lockPatience }
  return withLock(run.context.host.clock, run.paths.lock, options, action)
}

function executorOf(run: MakingRun): Executor {
  return { host: run.context.host, kinds: kindsOf(labKinds(run)), journal: journalAt(run.paths.journal), report: run.context.report }
}

async function hasRemains(run: LabRun): Promise<boolean> {
  if ((await run.context.host.files.stat(run.paths.directory)) !== undefined) return true
  return (await listNamespaces(run.context.host)).some((name) => name.startsWith(namespacePrefix(run.name)))
}

/** Undoes what an interrupted command began. Returns the lab that runs then. */
async function recover(run: MakingRun): Promise<LabDefinition | undefined> {
  const lab = await runningLab(run)
  if (lab === undefined) {
    if (await hasRemains(run)) await reported(run.context.report, `clean what is left of lab ${run.name}`, () => sweep(run))
    return undefined
  }
  const executor = executorOf(run)
  if ((await interrupted(executor.journal)) === undefined) return lab
  await reported(run.context.report, `undo the interrupted change of lab ${run.name}`, () => recoverPlan(executor))
  return runningLab(run)
}

async function prepareImages(run: LabRun, difference: Difference): Promise<void> {
  const images = new Set(difference.nodesNew.flatMap((node) => (node.realised === 'guest' ? [node.image ?? 'debian'] : [])))
  for (const image of images) await reported(run.context.report, `image ${image}`, () => ensureImage(run.vmm, image, run.context.signal))
}

async function differenceFor(run: LabRun, old: LabDefinition | undefined, next: LabDefinition): Promise<Difference> {
  return old === undefined ? differenceOf(undefined, next) : differenceOf(old, next, await findDamage(run, old))
}

async function change(run: MakingRun, old: LabDefinition | undefined, next: LabDefinition): Promise<Difference> {
  const difference = await differenceFor(run, old, next)
  const steps = planLab(labKinds(run), old, next, difference)
  const guests = next.nodes.filter((node) => node.realised === 'guest').map((node) => node.name)
  await prepareImages(run, difference)
  try {
    await applyPlan(executorOf(run), { title: `lab ${run.name}`, steps, context: { guests } })
  } catch (error) {
    // All steps of a first start are undone: only the record of it is left.
    if (old === undefined) await sweep(run)
    throw error
  }
  return difference
}

/** Makes the lab run as defined. Returns what was made anew and what was kept. */
export async function bringUp(run: MakingRun, next: LabDefinition): Promise<Difference> {
  if (next.name !== run.name) throw new Fault('bug', `lab ${next.name} under the name of ${run.name}`)
  if (run.context.dryRun) {
    const old = await runningLab(run)
    planned(run.context, planLab(labKinds(run), old, next, await differenceFor(run, old, next)))
  }
  return withLabLock(run, async () => change(run, await recover(run), next))
}
