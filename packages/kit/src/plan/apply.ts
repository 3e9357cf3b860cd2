/** Runs the steps of a plan, journals each before it is done, and undoes all of them in reverse when one fails. */
import { z } from 'zod'
import { asFault, Fault } from '../base/fault.ts'
import type { Host } from '../host/host.ts'
import { reported, type Report } from '../base/events.ts'
import type { Journal } from '../store/journal.ts'
import { disruptions, doStep, undoStep, type Kinds, type Step } from './step.ts'

const StepData = z.strictObject({ kind: z.string(), summary: z.string(), disruption: z.enum(disruptions), data: z.unknown() })

const Entry = z.discriminatedUnion('entry', [
  z.strictObject({ entry: z.literal('plan'), title: z.string(), steps: z.array(StepData), context: z.unknown() }),
  z.strictObject({ entry: z.literal('doing'), step: z.int() }),
  z.strictObject({ entry: z.literal('done'), step: z.int() }),
  z.strictObject({ entry: z.literal('undone'), step: z.int() }),
  z.strictObject({ entry: z.literal('finished'), outcome: z.enum(['applied', 'undone']) }),
])

export interface Plan {
  /** What it is for: `start web1`. */
  readonly title: string
  readonly steps: readonly Step[]
  /** Anything the owner of the journal wants to find after a crash; plain JSON. */
  readonly context?: unknown
}

export interface Executor {
  readonly host: Host
  readonly kinds: Kinds
  readonly journal: Journal
  readonly report: Report
  /** Ends an apply between two steps, which is then undone. Undoing and recovering do not heed it. */
  readonly signal?: AbortSignal
}

/** A plan that a crash left in its middle. `begun` counts the steps of which at least the beginning may have happened. */
export interface Interrupted {
  readonly plan: Plan
  readonly begun: number
}

function readEntry(record: unknown): z.output<typeof Entry> {
  const { data, success, error } = Entry.safeParse(record)
  if (success) return data
  const { entry } = z.object({ entry: z.unknown() }).catch({ entry: record }).parse(record)
  throw new Fault('unsupported', `the journal holds ${JSON.stringify(entry)}, which this program does not know`, {
    hint: 'another version wrote it, which can undo the change: run recover with that one',
    cause: error,
  })
}

/** What the journal says was in flight, or undefined when nothing is. */
export async function interrupted(journal: Journal): Promise<Interrupted | undefined> {
  const entries = (await journal.records()).map(readEntry)
  const first = entries[0]
  if (first?.entry !== 'plan' || entries.at(-1)?.entry === 'finished') return undefined
  const doing = entries.flatMap((entry) => (entry.entry === 'doing' ? [entry.step] : []))
  const undone = entries.flatMap((entry) => (entry.entry === 'undone' ? [entry.step] : []))
  const begun = undone.length > 0 ? Math.min(...undone) : Math.max(-1, ...doing) + 1
  return { plan: { title: first.title, steps: first.steps, context: first.context ?? null }, begun }
}

/** Steps are undone also when the journal cannot be written any more (a full disk): what it misses is undone once more by recover. */
async function undoFrom(executor: Executor, steps: readonly Step[], begun: number): Promise<void> {
  const failures: unknown[] = []
  const record = (entry: unknown): Promise<void> => executor.journal.append(entry).catch((error: unknown) => void failures.push(error))
  for (const [index, step] of [...steps.entries()].slice(0, begun).toReversed()) {
    await reported(executor.report, `undo: ${step.summary}`, () => undoStep(executor.kinds, executor.host, step))
    await record({ entry: 'undone', step: index })
  }
  await record({ entry: 'finished', outcome: 'undone' })
  const [failure] = failures
  if (failure !== undefined)
    executor.report({ event: 'log', level: 'warning', text: `everything is undone, but ${asFault(failure).message}` })
}

/**
 * Applies the plan, or undoes what was begun and throws the fault of the step that failed. A `state` fault when the journal holds
 * an interrupted plan: recover first.
 */
export async function applyPlan(executor: Executor, plan: Plan): Promise<void> {
  if ((await interrupted(executor.journal)) !== undefined)
    throw new Fault('state', 'an earlier change was interrupted', { hint: 'run recover first' })
  refuseAborted(executor.signal, `${plan.title}: interrupted before it began`)
  await executor.journal.clear()
  await executor.journal.append({ entry: 'plan', title: plan.title, steps: plan.steps, context: plan.context ?? null })
  let begun = 0
  try {
    for (const [index, step] of plan.steps.entries()) {
      refuseAborted(executor.signal, `interrupted before it came to: ${step.summary}`)
      begun = index + 1
      await executor.journal.append({ entry: 'doing', step: index })
      await reported(executor.report, step.summary, () => doStep(executor.kinds, executor.host, step))
      await executor.journal.append({ entry: 'done', step: index })
    }
    await executor.journal.append({ entry: 'finished', outcome: 'applied' })
  } catch (error) {
    throw await undoAfter(executor, plan, begun, error)
  }
}

function refuseAborted(signal: AbortSignal | undefined, message: string): void {
  if (signal?.aborted === true) throw new Fault('failed', message)
}

async function undoAfter(executor: Executor, plan: Plan, begun: number, error: unknown): Promise<Fault> {
  const fault = asFault(error)
  const summary = plan.steps[begun - 1]?.summary ?? plan.title
  try {
    await undoFrom(executor, plan.steps, begun)
  } catch (undoing) {
    const detail = [fault.message, fault.detail, `undoing failed as well: ${asFault(undoing).message}`, asFault(undoing).detail]
    return new Fault('state', `${plan.title}: ${summary} failed and could not be undone`, {
      hint: 'mend the cause and run recover',
      detail: detail.filter((line) => line !== undefined).join('\n'),
      cause: undoing,
    })
  }
  const message = fault.message.startsWith(plan.title) ? fault.message : `${plan.title}: ${fault.message}`
  return new Fault(fault.code, message, { hint: fault.hint, detail: fault.detail, findings: fault.findings, cause: error })
}

/** Undoes what a crash left in its middle. Returns the plan that was undone, or undefined when nothing was in flight. */
export async function recoverPlan(executor: Executor): Promise<Plan | undefined> {
  const found = await interrupted(executor.journal)
  if (found === undefined) return undefined
  await undoFrom(executor, found.plan.steps, found.begun)
  return found.plan
}
