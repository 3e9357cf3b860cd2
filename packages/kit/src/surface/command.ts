/** Runs one operation for a person or a program at a terminal: confirmation, progress, signals, result or fault, exit status. */
import { Fault } from '../base/fault.ts'
import { localHost } from '../host/local.ts'
import { invoke, type AnyOperation, type OperationContext } from '../op/operation.ts'
import { findOperation, type Registry } from '../op/registry.ts'
import { inputOf } from '../op/words.ts'
import { askAt } from './ask.ts'
import type { Globals } from './globals.ts'
import { withUsage } from './help.ts'
import { drawAnswer, drawFault, faultJson, interruptedFault } from './outcome.ts'
import type { Terminal } from './print.ts'
import { drawEvents, writeEvents, type Drawing } from './progress.ts'
import { listenForSignals, type Interruption } from './signals.ts'

export interface Program<Context extends OperationContext> {
  readonly registry: Registry<Context>
  readonly version: string
  /** Adds what the operations of this program receive beyond the common part. */
  makeContext(common: OperationContext): Context | Promise<Context>
}

/** What becomes of a result: programs may write to the terminal themselves, or all of it is wanted as the text of the view or as JSON. */
export type Delivery = 'terminal' | 'text' | 'json'

/** One command line on one terminal. */
export interface Surface {
  readonly name: string
  readonly globals: Globals
  readonly terminal: Terminal
}

export interface Command<Context extends OperationContext> extends Surface {
  readonly program: Program<Context>
  readonly registry: Registry<Context>
  readonly delivery: Delivery
}

/** How a command ended. */
export interface Ended {
  /** Exit status. */
  readonly status: number
  /** Whether a signal ended it: the status is then 128 + its number. */
  readonly interrupted: boolean
}

/** What is typed: its words, and the input that they make. */
interface Typed {
  readonly words: readonly string[]
  readonly input: Readonly<Record<string, unknown>>
}

async function confirm(surface: Surface, operation: AnyOperation, { words, input }: Typed): Promise<void> {
  const { globals, terminal, name } = surface
  const agreed = operation.agreement !== undefined && input[operation.agreement] === true
  if (operation.effect !== 'destroy' || agreed || globals.yes || globals.dryRun) return
  const line = [name, ...words].join(' ')
  if (!terminal.interactive || globals.json)
    throw new Fault('input', `${line}: this cannot be undone and nobody is here to ask`, { hint: 'add --yes to do it' })
  const answer = await terminal.ask(`${line}: this cannot be undone. Go on? [y/N] `)
  if (!/^y(es)?$/i.test(answer?.trim() ?? '')) throw new Fault('failed', 'not confirmed, nothing was changed')
}

async function perform<Context extends OperationContext>(
  command: Command<Context>,
  words: readonly string[],
  interruption: Interruption,
  drawing: Drawing,
): Promise<number> {
  const { program, registry, globals, terminal, delivery } = command
  const { operation, rest } = await findOperation(registry, words)
  const input = readInput(registry.program, operation, rest)
  await confirm(command, operation, { words, input })
  const interactive = terminal.interactive && !globals.json
  const context = await program.makeContext({
    host: localHost(),
    report: drawing.report,
    signal: endOf(operation, terminal, interruption),
    dryRun: globals.dryRun,
    yes: globals.yes,
    interactive,
    ...(interactive ? { ask: askAt(terminal, interruption.signal) } : {}),
    passthrough: delivery === 'terminal' && !globals.json,
  })
  const answer = await invoke(operation, context, input)
  drawing.close()
  const text = drawAnswer(operation, answer, globals.json || delivery === 'json', { width: terminal.width, colour: terminal.colour.out })
  if (text !== '') terminal.out(text)
  return answer.answer === 'result' ? (operation.exitStatus?.(answer.value) ?? 0) : 0
}

/** What ends an operation early: a signal, and where it only shows what it sees, that nobody reads it any more. */
function endOf(operation: AnyOperation, { closed }: Terminal, { signal }: Interruption): AbortSignal {
  return operation.streams === true && closed !== undefined ? AbortSignal.any([signal, closed]) : signal
}

function readInput(program: string, operation: AnyOperation, words: readonly string[]): Record<string, unknown> {
  try {
    return inputOf(operation, words)
  } catch (error) {
    throw error instanceof Fault ? withUsage(error, program, operation) : error
  }
}

/** Shows what went wrong and returns the exit status. */
export function fail(surface: Surface, error: unknown): number {
  const { globals, terminal, name } = surface
  const options = { width: terminal.width, colour: terminal.colour.err, program: name, debug: globals.debug }
  if (globals.json) terminal.out(faultJson(error))
  if (!globals.json || globals.debug) terminal.err(`${drawFault(error, options)}\n`)
  return error instanceof Fault ? error.exitStatus : new Fault('bug', '').exitStatus
}

/** Runs the operation that the words say, draws what it reports and returns; faults are shown, signals are listened for meanwhile. */
export async function runCommand<Context extends OperationContext>(command: Command<Context>, words: readonly string[]): Promise<Ended> {
  const { globals, terminal } = command
  const drawing = globals.json ? writeEvents(terminal) : drawEvents(terminal, () => performance.now())
  const interruption = listenForSignals(() => drawing.report({ event: 'log', level: 'warning', text: 'interrupted, cleaning up' }))
  try {
    const status = await perform(command, words, interruption, drawing)
    const interrupted = interruption.status()
    return { status: interrupted ?? status, interrupted: interrupted !== undefined }
  } catch (error) {
    drawing.close()
    const interrupted = interruption.status()
    if (interrupted === undefined) return { status: fail(command, error), interrupted: false }
    fail(command, interruptedFault(error))
    return { status: interrupted, interrupted: true }
  } finally {
    interruption.release()
  }
}
