/**
 * A session at a terminal: menus from the words of operations, any command from any menu. Lines run exactly as on the command line;
 * no error ends the session.
 */
import { asFault, Fault } from '../../base/fault.ts'
import type { Host } from '../../host/host.ts'
import { localHost } from '../../host/local.ts'
import type { OperationContext } from '../../op/operation.ts'
import { fail, type Program } from '../command.ts'
import { splitGlobals } from '../globals.ts'
import { drawFault } from '../outcome.ts'
import { processTerminal, type Terminal } from '../print.ts'
import { completeLine } from './complete.ts'
import { holdsSecret, openHistory, shortHistory } from './history.ts'
import { levelAt } from './levels.ts'
import { nextWords, vocabularyOf } from './menu.ts'
import { explain, ignore, obey, type Ending } from './obey.ts'
import { faultOptions, lookingContext, promptOf, showFault, type Session, type SessionOptions } from './session.ts'
import { terminalLines, type LineReader } from './terminal.ts'

async function remember<Context extends OperationContext>(session: Session<Context>, line: string): Promise<void> {
  if (holdsSecret(session.vocabulary, session.menu, line)) return
  try {
    await session.history.add(line)
  } catch (error) {
    session.history = shortHistory()
    showFault(session, new Fault('state', 'the history is not kept any more', { detail: asFault(error).message, cause: error }))
  }
}

/** The innermost menu around the present one that is still there: what is edited may have been deleted. */
async function standing<Context extends OperationContext>(session: Session<Context>, menu = session.menu): Promise<readonly string[]> {
  if (menu.length === 0 || nextWords(session.vocabulary, menu).length > 0) return menu
  // A level that cannot be looked at now may be looked at later.
  const isThere = await levelAt(session, menu).then(
    (level) => level !== undefined,
    () => true,
  )
  return isThere ? menu : standing(session, menu.slice(0, -1))
}

/** Reads and obeys one line. */
async function turn<Context extends OperationContext>(session: Session<Context>): Promise<Ending> {
  session.menu = await standing(session)
  const line = await session.lines.read({
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
  lines: LineReader,
  host: Host,
): Promise<Session<Context>> {
  const { registry } = program
  const vocabulary = await vocabularyOf(registry)
  const makeContext = (): Promise<Context> => lookingContext(program, host)
  const known = { program, options, terminal, lines, registry, vocabulary, files: host.files, makeContext, levels: options.levels }
  const session: Session<Context> = { ...known, menu: [], history: shortHistory() }
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
  const session = await openSession(program, options, terminal, lines, host)
  let ending: Ending
  process.on('SIGINT', ignore)
  try {
    while (ending === undefined) ending = await turn(session)
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
