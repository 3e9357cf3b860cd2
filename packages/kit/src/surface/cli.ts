/**
 * The command line: words -> operation -> result and exit status.
 *
 * With `--json` standard output is always exactly one JSON value (of operations that stream, one for each part, a line each): the
 * output of the operation (see docs/reference), or
 * `{ "dryRun": true, "steps": [...] }`, or `{ "error": { "code", "message", ... } }`; events are JSON lines on standard error. The
 * exit status is that of the fault (base/fault.ts), of the operation's own answer, or 128 + n when signal n ended the command.
 */
import { localHost } from '../host/local.ts'
import { planningHost } from '../host/planning.ts'
import type { OperationContext } from '../op/operation.ts'
import { fail, runCommand, type Command, type Delivery, type Ended, type Program } from './command.ts'
import { complete, completionLines } from './complete.ts'
import { splitGlobals } from './globals.ts'
import { helpFor } from './help.ts'
import { processTerminal, withoutColour, type Terminal } from './print.ts'
import { withCompletion } from './shells.ts'

/** Candidates for a shell; only looks. */
async function answerShell<Context extends OperationContext>(command: Command<Context>, words: readonly string[]): Promise<void> {
  const context = async (): Promise<Context> => {
    const common = { host: planningHost(localHost()), report: () => undefined, signal: AbortSignal.timeout(1000) }
    return command.program.makeContext({ ...common, dryRun: true, interactive: false, passthrough: false })
  }
  command.terminal.out(completionLines(await complete(command.registry, words, context)))
}

async function dispatch<Context extends OperationContext>(command: Command<Context>, words: readonly string[]): Promise<Ended> {
  const { program, registry, globals, terminal } = command
  const [first] = words
  const view = { width: Math.min(terminal.width, 100), colour: terminal.colour.out }
  if (first === '__complete') await answerShell(command, words[1] === '--' ? words.slice(2) : words.slice(1))
  else if (first === '--version') terminal.out(`${registry.program} ${program.version}`)
  else if (first === undefined || first === 'help' || globals.help)
    terminal.out(await helpFor(registry, first === 'help' ? words.slice(1) : words, view))
  else return runCommand(command, words)
  return { status: 0, interrupted: false }
}

/** Runs one line of words (without the names of interpreter and program); never rejects. */
export async function runLine<Context extends OperationContext>(
  program: Program<Context>,
  argv: readonly string[],
  terminal: Terminal,
  delivery: Delivery = 'terminal',
): Promise<Ended> {
  const { globals, words } = splitGlobals(argv)
  const surface = { name: program.registry.program, globals, terminal: globals.noColour ? withoutColour(terminal) : terminal }
  try {
    return await dispatch({ ...surface, program, registry: withCompletion(program.registry), delivery }, words)
  } catch (error) {
    return { status: fail(surface, error), interrupted: false }
  }
}

/** Runs one command line and returns its exit status. */
export async function main<Context extends OperationContext>(
  program: Program<Context>,
  argv: readonly string[],
  terminal: Terminal,
): Promise<number> {
  return (await runLine(program, argv, terminal)).status
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
