/**
 * A session at a terminal: menus from the words of operations, any command from any menu. Lines run exactly as on the command line;
 * no error ends the session.
 */
import { asFault, Fault } from '../base/fault.ts'
import { localHost } from '../host/local.ts'
import type { Host } from '../host/host.ts'
import { planningHost } from '../host/planning.ts'
import type { OperationContext } from '../op/operation.ts'
import { fail, type Ended, type Program } from './command.ts'
import { runLine } from './cli.ts'
import { splitGlobals } from './globals.ts'
import { drawFault, type FaultOptions } from './outcome.ts'
import { processTerminal, withoutColour, type Terminal } from './print.ts'
import { completeLine, type Scope } from './repl-complete.ts'
import { explainLine } from './repl-explain.ts'
import { holdsSecret, openHistory, shortHistory, type History } from './repl-history.ts'
import { asksForHelp, splitLine } from './repl-line.ts'
import { placeOf, unknownWord, vocabularyOf } from './repl-menu.ts'
import { pass, readPipe, type Pipe } from './repl-pipe.ts'
import { terminalLines, type LineReader } from './repl-terminal.ts'

export interface SessionOptions<Context extends OperationContext> {
  /** Absolute path of the file that keeps the history. */
  readonly history: string
  /** Words of what this program will do one day, each with what it is called: `{ snapshot: 'snapshots' }`. */
  readonly later?: Readonly<Record<string, string>>
  /** A mark for the prompt, such as `*` when something is not committed yet. One that fails or takes over a second is left out. */
  promptMark?(context: Context): Promise<string>
}

interface Session<Context extends OperationContext> extends Scope<Context> {
  readonly program: Program<Context>
  readonly options: SessionOptions<Context>
  readonly terminal: Terminal
  menu: readonly string[]
  history: History
}

/** Exit status with which the session ends, undefined while it goes on. */
type Ending = number | undefined

const markPatience = 1000

function faultOptions<Context extends OperationContext>({ registry, terminal }: Session<Context>): FaultOptions {
  return { program: registry.program, width: terminal.width, colour: terminal.colour.err, debug: false }
}

function showFault<Context extends OperationContext>(session: Session<Context>, error: unknown): void {
  session.terminal.err(`${drawFault(error, faultOptions(session))}\n`)
}

/** A context for looking only: values for completion, the mark of the prompt. */
function lookingContext<Context extends OperationContext>(program: Program<Context>, host: Host): Promise<Context> {
  const common = { host: planningHost(host), report: () => undefined, signal: AbortSignal.timeout(markPatience) }
  return Promise.resolve(program.makeContext({ ...common, dryRun: true, interactive: false, passthrough: false }))
}

async function promptOf<Context extends OperationContext>(session: Session<Context>): Promise<string> {
  const asked = async (): Promise<string> => (await session.options.promptMark?.(await session.makeContext())) ?? ''
  const late = Promise.withResolvers<string>()
  const timer = setTimeout(() => late.resolve(''), markPatience)
  const mark = await Promise.race([asked().catch(() => ''), late.promise])
  clearTimeout(timer)
  return `${[session.registry.program, ...session.menu].join('.')}${mark}> `
}

async function remember<Context extends OperationContext>(session: Session<Context>, line: string): Promise<void> {
  if (holdsSecret(session.vocabulary, session.menu, line)) return
  try {
    await session.history.add(line)
  } catch (error) {
    session.history = shortHistory()
    showFault(session, new Fault('state', 'the history is not kept any more', { detail: asFault(error).message, cause: error }))
  }
}

/** The result as text, through the stages behind the command; faults and progress are shown as always. */
async function runPiped<Context extends OperationContext>(session: Session<Context>, argv: readonly string[], pipe: Pipe): Promise<Ended> {
  const { program, terminal } = session
  const written: string[] = []
  const captured: Terminal = Object.defineProperty(Object.create(withoutColour(terminal)) as Terminal, 'out', {
    value: (text: string) => void written.push(text),
  })
  const ended = await runLine(program, argv, captured, pipe.json ? 'json' : 'text')
  const text = pass(pipe, written.join('\n'))
  if (text !== '') terminal.out(text)
  return ended
}

function run<Context extends OperationContext>(
  session: Session<Context>,
  argv: readonly string[],
  stages: readonly (readonly string[])[],
): Promise<Ended> {
  if (stages.length === 0) return runLine(session.program, argv, session.terminal)
  return runPiped(session, argv, readPipe(stages))
}

/** Words for the session itself. True when it was one of them. */
function navigate<Context extends OperationContext>(session: Session<Context>, word: string): boolean {
  if (word === 'back') session.menu = session.menu.slice(0, -1)
  else if (word === 'home') session.menu = []
  else return false
  return true
}

/** The words as they are said from the top, or undefined when they were a menu, which is entered. */
function fromTop<Context extends OperationContext>(session: Session<Context>, argv: readonly string[]): readonly string[] | undefined {
  const { words, globals } = splitGlobals(argv)
  const help = words[0] === 'help' ? 1 : 0
  const path = words.slice(help)
  if (path.length === 0) return help > 0 ? argv : [...session.menu, ...argv]
  const place = placeOf(session.vocabulary, session.menu, path)
  const later = Object.entries(session.options.later ?? {}).find(([word]) => word === path[0])
  if (place === undefined && later !== undefined)
    throw new Fault('unsupported', `${session.registry.program} has no ${later[1]} yet`, { hint: '? lists what there is' })
  if (place === undefined) throw unknownWord(session.vocabulary, session.menu, path)
  if (place.at === 'menu' && help === 0 && !globals.help) {
    session.menu = place.words
    return undefined
  }
  const base = place.words.slice(0, place.words.length - path.length)
  return help === 0 ? [...base, ...argv] : ['help', ...base, ...argv.filter((_, index) => index !== argv.indexOf('help'))]
}

/** Lines are also pasted from documents, where they begin with the name of the program. */
function withoutProgram<Context extends OperationContext>(
  { registry, vocabulary }: Session<Context>,
  argv: readonly string[],
): readonly string[] {
  const isCommand = vocabulary.spellings.some(({ path }) => path[0] === registry.program)
  return argv[0] === registry.program && argv.length > 1 && !isCommand ? argv.slice(1) : argv
}

async function explain<Context extends OperationContext>(session: Session<Context>, line: string): Promise<string> {
  const { terminal } = session
  return explainLine(session, line, { width: Math.min(terminal.width, 100), colour: terminal.colour.out })
}

async function obey<Context extends OperationContext>(session: Session<Context>, line: string): Promise<Ending> {
  const asked = line.trimEnd()
  if (asked.endsWith('?') && asksForHelp(asked.slice(0, -1))) {
    session.terminal.out(await explain(session, asked.slice(0, -1)))
    return undefined
  }
  const { words, stages } = splitLine(line)
  const [first] = words
  if (first === undefined && stages.length > 0) throw new Fault('input', 'there is no command before the |')
  if (first === undefined) return undefined
  if (words.length === 1 && (first === 'exit' || first === 'quit')) return 0
  if (words.length === 1 && navigate(session, first)) return undefined
  if (words.length === 1 && first === 'help') {
    session.terminal.out(await explain(session, ''))
    return undefined
  }
  const argv = fromTop(session, withoutProgram(session, words))
  if (argv === undefined) return undefined
  const ended = await listening(() => run(session, argv, stages))
  return ended.interrupted && ended.status !== interruptedByPerson ? ended.status : undefined
}

/** Exit status of what ^C ended: 128 + SIGINT. */
const interruptedByPerson = 130

const ignore = (): void => undefined

/** ^C is the command's while one runs (surface/signals.ts listens only where nobody else does), and nobody's between lines. */
async function listening<T>(work: () => Promise<T>): Promise<T> {
  process.off('SIGINT', ignore)
  try {
    return await work()
  } finally {
    process.on('SIGINT', ignore)
  }
}

/** Reads and obeys one line. */
async function turn<Context extends OperationContext>(session: Session<Context>, lines: LineReader): Promise<Ending> {
  const line = await lines.read({
    prompt: await promptOf(session),
    history: session.history.lines(),
    complete: (typed) => completeLine(session, typed),
    explain: (typed) => explain(session, typed).catch((error: unknown) => drawFault(error, faultOptions(session))),
  })
  if (line === undefined) return 0
  await remember(session, line)
  try {
    return await obey(session, line)
  } catch (error) {
    showFault(session, error)
    return undefined
  }
}

async function openSession<Context extends OperationContext>(
  program: Program<Context>,
  options: SessionOptions<Context>,
  terminal: Terminal,
  host: Host,
): Promise<Session<Context>> {
  const { registry } = program
  const vocabulary = await vocabularyOf(registry)
  const makeContext = (): Promise<Context> => lookingContext(program, host)
  const session = { program, options, terminal, registry, vocabulary, files: host.files, makeContext, menu: [], history: shortHistory() }
  try {
    return { ...session, history: await openHistory(host.files, options.history) }
  } catch (error) {
    showFault(session, new Fault('state', 'the history of earlier sessions is not there', { detail: asFault(error).message, cause: error }))
    return session
  }
}

/** Obeys lines until they end or the person does; returns the exit status. `host` is where files and live values are looked up. */
export async function converse<Context extends OperationContext>(
  program: Program<Context>,
  options: SessionOptions<Context>,
  terminal: Terminal,
  lines: LineReader,
  host: Host = localHost(),
): Promise<number> {
  const session = await openSession(program, options, terminal, host)
  let ending: Ending
  process.on('SIGINT', ignore)
  try {
    while (ending === undefined) ending = await turn(session, lines)
    return ending
  } finally {
    process.off('SIGINT', ignore)
  }
}

/** Holds a session at the terminal of this process. What nobody catches ends it as a bug does. */
export async function startSession<Context extends OperationContext>(
  program: Program<Context>,
  options: SessionOptions<Context>,
): Promise<void> {
  const terminal = processTerminal()
  const { globals } = splitGlobals([])
  process.on('uncaughtException', (error) => process.exit(fail({ name: program.registry.program, globals, terminal }, error)))
  terminal.err(`${program.registry.program} ${program.version}: ? lists what can be typed, Tab completes, exit ends\n`)
  process.exitCode = await converse(program, options, terminal, terminalLines())
}
