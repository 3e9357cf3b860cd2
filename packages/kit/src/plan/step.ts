/**
 * Steps are data, so that another process (after a crash, at boot, from a timer) can finish or undo what this one began.
 * A kind knows how to do and undo its data; both must be idempotent: they are repeated after a crash in their middle.
 */
import type { z } from 'zod'
import { Fault } from '../base/fault.ts'
import { parse } from '../base/schema.ts'
import type { Host } from '../host/host.ts'

/** How much a change disturbs, in rising order. */
export const disruptions = ['none', 'reload', 'restart', 'reboot'] as const
export type Disruption = (typeof disruptions)[number]

export interface Step {
  readonly kind: string
  /** One line for people: `add address 192.0.2.1/24 to lan`. */
  readonly summary: string
  readonly disruption: Disruption
  /** What the kind needs to do and to undo it; plain JSON. */
  readonly data: unknown
}

export interface StepKind<T extends z.ZodType = z.ZodType> {
  readonly kind: string
  readonly schema: T
  do(host: Host, data: z.output<T>): Promise<void>
  undo(host: Host, data: z.output<T>): Promise<void>
}

/** Declares a kind; the result also makes its steps, with checked data. */
export function stepKind<T extends z.ZodType>(definition: StepKind<T>) {
  return {
    ...definition,
    step(summary: string, data: z.output<T>, disruption: Disruption = 'none'): Step {
      return { kind: definition.kind, summary, disruption, data }
    },
  }
}

export type Kinds = ReadonlyMap<string, StepKind>

export function kinds(...all: readonly StepKind[]): Kinds {
  return new Map(all.map((each) => [each.kind, each]))
}

function lookUp(known: Kinds, step: Step): { kind: StepKind; data: unknown } {
  const kind = known.get(step.kind)
  if (kind === undefined)
    throw new Fault('unsupported', `this program knows no step of kind ${step.kind}`, {
      hint: 'another version made the plan, which can undo it: run recover with that one',
    })
  return { kind, data: parse(kind.schema, step.data, `step ${step.kind}`) }
}

export async function doStep(known: Kinds, host: Host, step: Step): Promise<void> {
  const { kind, data } = lookUp(known, step)
  await kind.do(host, data)
}

export async function undoStep(known: Kinds, host: Host, step: Step): Promise<void> {
  const { kind, data } = lookUp(known, step)
  await kind.undo(host, data)
}

/** The greatest disruption among the steps. */
export function disruptionOf(steps: readonly Step[]): Disruption {
  return disruptions[Math.max(0, ...steps.map((step) => disruptions.indexOf(step.disruption)))] ?? 'none'
}
