/**
 * The command line: words -> operation -> result and exit status.
 *
 * With `--json` standard output is always exactly one JSON value: the output of the operation (see docs/reference), or
 * `{ "dryRun": true, "steps": [...] }`, or `{ "error": { "code", "message", ... } }`; events are JSON lines on standard error. The
 * exit status is that of the fault (base/fault.ts), of the operation's own answer, or 128 + n when signal n ended the command.
 */
import { Fault } from '../base/fault.ts'
import { localHost } from '../host/local.ts'
import { planningHost } from '../host/planning.ts'
import { invoke, type AnyOperation, type OperationContext } from '../op/operation.ts'
import { findOperation, type Registry } from '../op/registry.ts'
import { inputOf } from '../op/words.ts'
import { complete, completionLines } from './complete.ts'
import { splitGlobals, type Globals } from './globals.ts'
import { helpFor, withUsage } from './help.ts'
import { drawAnswer, drawFault, faultJson, interruptedFault } from './outcome.ts'
import { processTerminal, withoutColour, type Terminal } from './print.ts'
import { drawEvents, writeEvents, type Drawing } from './progress.ts'
import { withCompletion } from './shells.ts'
import { listenForSignals, type Interruption } from './signals.ts'

export interface Program<Context extends OperationContext> {
  readonly registry: Registry<Context>
  readonly version: string
  /** Adds what the operations of this program receive beyond the common part. */
  makeContext(common: OperationContext): Context | Promise<Context>
}

/** One command line on one terminal. */
interface Surface {
  readonly name: string
  readonly globals: Globals
  readonly terminal: Terminal
}

interface Session<Context extends OperationContext> extends Surface {
  readonly program: Program<Context>
  readonly registry: Registry<Context>
}

async function confirm(surface: Surface, operation: AnyOperation, words: readonly string[]): Promise<void> {
  const { globals, terminal, name } = surface
  if (operation.effect !== 'destroy' || globals.yes || globals.dryRun) return
  const command = [name, ...words].join(' ')
  if (!terminal.interactive || globals.json)
    throw new Fault('input', `${command}: this cannot be undone and nobody is here to ask`, { hint: 'add --yes to do it' })
  const answer = await terminal.ask(`${command}: this cannot be undone. Go on? [y/N] `)
  if (!/^y(es)?$/i.test(answer?.trim() ?? '')) throw new Fault('failed', 'not confirmed, nothing was changed')
}

async function perform<Context extends OperationContext>(
  session: Session<Context>,
  words: readonly string[],
  interruption: Interruption,
  drawing: Drawing,
): Promise<number> {
  const { program, registry, globals, terminal } = session
  const { operation, rest } = await findOperation(registry, words)
  const input = readInput(registry.program, operation, rest)
  await confirm(session, operation, words)
  const context = await program.makeContext({
    host: localHost(),
    report: drawing.report,
    signal: interruption.signal,
    dryRun: globals.dryRun,
    interactive: terminal.interactive && !globals.json,
    passthrough: !globals.json,
  })
  const answer = await invoke(operation, context, input)
  drawing.close()
  const text = drawAnswer(operation, answer, globals.json, { width: terminal.width, colour: terminal.colour.out })
  if (text !== '') terminal.out(text)
  return answer.answer === 'result' ? (operation.exitStatus?.(answer.value) ?? 0) : 0
}

function readInput(program: string, operation: AnyOperation, words: readonly string[]): Record<string, unknown> {
  try {
    return inputOf(operation, words)
  } catch (error) {
    throw error instanceof Fault ? withUsage(error, program, operation) : error
  }
}

/** Shows what went wrong and returns the exit status. */
function fail(surface: Surface, error: unknown): number {
  const { globals, terminal, name } = surface
  const options = { width: terminal.width, colour: terminal.colour.err, program: name, debug: globals.debug }
  if (globals.json) terminal.out(faultJson(error))
  if (!globals.json || globals.debug) terminal.err(`${drawFault(error, options)}\n`)
  return error instanceof Fault ? error.exitStatus : new Fault('bug', '').exitStatus
}

async function command<Context extends OperationContext>(session: Session<Context>, words: readonly string[]): Promise<number> {
  const { globals, terminal } = session
  const drawing = globals.json ? writeEvents(terminal) : drawEvents(terminal, () => performance.now())
  const interruption = listenForSignals(() => drawing.report({ event: 'log', level: 'warning', text: 'interrupted, cleaning up' }))
  try {
    const status = await perform(session, words, interruption, drawing)
    return interruption.status() ?? status
  } catch (error) {
    drawing.close()
    const interrupted = interruption.status()
    if (interrupted === undefined) return fail(session, error)
    fail(session, interruptedFault(error))
    return interrupted
  } finally {
    interruption.release()
  }
}

/** Candidates for a shell; only looks. */
async function answerShell<Context extends OperationContext>(session: Session<Context>, words: readonly string[]): Promise<number> {
  const context = async (): Promise<Context> => {
    const common = { host: planningHost(localHost()), report: () => undefined, signal: AbortSignal.timeout(1000) }
    return session.program.makeContext({ ...common, dryRun: true, interactive: false, passthrough: false })
  }
  session.terminal.out(completionLines(await complete(session.registry, words, context)))
  return 0
}

async function dispatch<Context extends OperationContext>(session: Session<Context>, words: readonly string[]): Promise<number> {
  const { program, registry, globals, terminal } = session
  const [first] = words
  const view = { width: Math.min(terminal.width, 100), colour: terminal.colour.out }
  if (first === '__complete') return answerShell(session, words[1] === '--' ? words.slice(2) : words.slice(1))
  if (first === '--version') terminal.out(`${registry.program} ${program.version}`)
  else if (first === undefined || first === 'help' || globals.help)
    terminal.out(await helpFor(registry, first === 'help' ? words.slice(1) : words, view))
  else return command(session, words)
  return 0
}

/** Runs one command line (without the names of interpreter and program) and returns its exit status. */
export async function main<Context extends OperationContext>(
  program: Program<Context>,
  argv: readonly string[],
  terminal: Terminal,
): Promise<number> {
  const { globals, words } = splitGlobals(argv)
  const surface = { name: program.registry.program, globals, terminal: globals.noColour ? withoutColour(terminal) : terminal }
  try {
    return await dispatch({ ...surface, program, registry: withCompletion(program.registry) }, words)
  } catch (error) {
    return fail(surface, error)
  }
}

/** Runs the command line of this process. What nobody catches ends it as a bug does. */
export async function start<Context extends OperationContext>(program: Program<Context>): Promise<void> {
  const terminal = processTerminal()
  const argv = process.argv.slice(2)
  const { globals } = splitGlobals(argv)
  process.on('uncaughtException', (error) => process.exit(fail({ name: program.registry.program, globals, terminal }, error)))
  process.exitCode = await main(program, argv, terminal)
  // A shell waits for our end, not for questions (live values) whose answer nobody needs any more.
  if (argv[0] === '__complete') process.exit()
}
