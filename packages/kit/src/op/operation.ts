/**
 * Everything that a person can do is one typed operation. CLI, completion, help, and later REPL, HTTP and agent are derived from it.
 */
import type { z } from 'zod'
import { Fault } from '../base/fault.ts'
import { parse } from '../base/schema.ts'
import { planningHost } from '../host/planning.ts'
import type { Host } from '../host/host.ts'
import type { Step } from '../plan/step.ts'
import type { Report } from '../base/events.ts'
import type { Ask } from './ask.ts'

/** `read` looks, `write` changes, `destroy` takes away what cannot be brought back. Decides confirmation, roles and agent policy. */
export type Effect = 'read' | 'write' | 'destroy'

/** What every operation receives; products extend it. */
export interface OperationContext {
  readonly host: Host
  readonly report: Report
  readonly signal: AbortSignal
  /** The plan is shown and nothing happens: `host` refuses every change. */
  readonly dryRun: boolean
  /** Whether a person sits at a terminal on the other side. */
  readonly interactive: boolean
  /** Whether programs may write to our standard output themselves; else their output must be part of the result (`--json`). */
  readonly passthrough: boolean
  /** Whether the person agreed beforehand to whatever would be asked (`--yes`). */
  readonly yes?: boolean
  /** Asks the person at the terminal; left out where nobody can be asked. */
  readonly ask?: Ask
}

/** What is typed of an operation's other words so far, by the keys of its input; lists for keys that take several words. */
export type Given = Readonly<Record<string, string | readonly string[]>>

/** A word that completes a value, and what it means where that is worth saying. */
export type Completion = string | { readonly word: string; readonly meaning: string }

/** Help of a terminal for one result: `width` in columns, colours when `colour`. */
export interface ViewOptions {
  readonly width: number
  readonly colour: boolean
}

export interface Operation<
  Context extends OperationContext = OperationContext,
  Input extends z.ZodObject = z.ZodObject,
  Output extends z.ZodType = z.ZodType,
> {
  /** CLI words, REPL menu, URL and tool name: `['image', 'build']`. */
  readonly path: readonly [string, ...string[]]
  /** Other words for the same: `[['rm']]`. */
  readonly aliases?: readonly (readonly [string, ...string[]])[]
  /** One line, imperative, without a full stop. */
  readonly summary: string
  /** More for `--help`, when the summary is not enough. */
  readonly description?: string
  readonly effect: Effect
  /** Keys of the input that are positional words, in order. The last may be an array and then takes all that follow. */
  readonly args?: readonly (keyof z.input<Input> & string)[]
  /** Flag names of input keys where kebab-case of the key is not it: `{ memoryMib: 'memory' }`. */
  readonly flags?: Readonly<Partial<Record<keyof z.input<Input> & string, string>>>
  /** Short flags of input keys: `{ force: 'f' }`. */
  readonly short?: Readonly<Partial<Record<keyof z.input<Input> & string, string>>>
  readonly input: Input
  readonly output: Output
  /** Whole command lines for `--help`, at least one. */
  readonly examples: readonly [string, ...string[]]
  /** Live candidates for an input key, given what is typed of the others. */
  readonly complete?: Readonly<
    Partial<
      Record<keyof z.input<Input> & string, (context: Context, given: Given) => Promise<readonly Completion[]> | readonly Completion[]>
    >
  >
  /** What the value of an input key is here, given what is typed of the others; undefined for what its schema says. */
  readonly expects?: Readonly<
    Partial<Record<keyof z.input<Input> & string, (context: Context, given: Given) => Promise<string | undefined>>>
  >
  /** The result is shown piece by piece while it comes, by `seen` events, and not at the end. */
  readonly streams?: boolean
  /** A switch of the input that agrees to what cannot be undone, as `--yes` does: `force`. */
  readonly agreement?: keyof z.input<Input> & string
  /** Not in help and completion. */
  readonly hidden?: boolean
  run(context: Context, input: z.output<Input>): Promise<z.input<Output>>
  /** The result for people; lines joined by newlines, empty to print nothing. JSON when there is no view. */
  readonly view?: (output: z.output<Output>, options: ViewOptions) => string
  /** Exit status for a result that is an answer rather than a failure; 0 unless told. */
  readonly exitStatus?: (output: z.output<Output>) => number
}

/** Declares an operation; only gives types to what it gets. */
export function operation<Context extends OperationContext>() {
  return <Input extends z.ZodObject, Output extends z.ZodType>(
    definition: Operation<Context, Input, Output>,
  ): Operation<Context, Input, Output> => definition
}

/** An operation of any input and output, as registries hold them. */
// oxlint-disable-next-line typescript/no-explicit-any -- input and output differ in every member of a list; invoke() parses both
export type AnyOperation<Context extends OperationContext = any> = Operation<Context, any, any>

/** Thrown by `planned` in a dry run; `invoke` turns it into the answer. */
class DryRun extends Error {
  readonly steps: readonly Step[]
  constructor(steps: readonly Step[]) {
    super('dry run')
    this.steps = steps
  }
}

/** To be called with the whole plan before its first step: ends the operation there when it is a dry run. */
export function planned(context: Pick<OperationContext, 'dryRun'>, steps: readonly Step[]): void {
  if (context.dryRun) throw new DryRun(steps)
}

export type Answer = { readonly answer: 'result'; readonly value: unknown } | { readonly answer: 'plan'; readonly steps: readonly Step[] }

/** Parses the input, runs the operation and checks what it returned. A result that breaks its own schema is a bug. */
export async function invoke<Context extends OperationContext>(
  operation: AnyOperation<Context>,
  context: Context,
  input: unknown,
): Promise<Answer> {
  const parsed = parse(operation.input, input, operation.path.join(' '))
  const guarded = context.dryRun && operation.effect !== 'read' ? { ...context, host: planningHost(context.host) } : context
  try {
    const value: unknown = await operation.run(guarded, parsed)
    const checked = operation.output.safeParse(value)
    if (!checked.success)
      throw new Fault('bug', `${operation.path.join(' ')} returned what its schema refuses`, { detail: checked.error.message })
    if (context.dryRun && operation.effect !== 'read') return { answer: 'plan', steps: [] }
    return { answer: 'result', value: checked.data }
  } catch (error) {
    if (error instanceof DryRun) return { answer: 'plan', steps: error.steps }
    throw error
  }
}
