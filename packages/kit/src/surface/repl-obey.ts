/** Obeys one line of a session: words of the session itself, menus, commands with what their text goes through. */
import { Fault } from '../base/fault.ts'
import type { OperationContext } from '../op/operation.ts'
import { runLine } from './cli.ts'
import type { Ended } from './command.ts'
import { splitGlobals } from './globals.ts'
import { withoutColour, type Terminal } from './print.ts'
import { explainLine } from './repl-explain.ts'
import { asksForHelp, splitLine } from './repl-line.ts'
import { placeOf, unknownWord } from './repl-menu.ts'
import { pass, readPipe, type Pipe } from './repl-pipe.ts'
import type { Session } from './repl-session.ts'

/** Exit status with which the session ends, undefined while it goes on. */
export type Ending = number | undefined

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

/** What `?` shows behind a line; an `input` fault when its words lead nowhere. */
export async function explain<Context extends OperationContext>(session: Session<Context>, line: string): Promise<string> {
  const { terminal } = session
  return explainLine(session, line, { width: Math.min(terminal.width, 100), colour: terminal.colour.out })
}

/** What follows from a word of the session itself; undefined for every other word. */
async function sessionWord<Context extends OperationContext>(
  session: Session<Context>,
  word: string,
): Promise<{ readonly ending: Ending } | undefined> {
  switch (word) {
    case 'exit':
    case 'quit':
      return { ending: 0 }
    case 'back':
      session.menu = session.menu.slice(0, -1)
      break
    case 'home':
      session.menu = []
      break
    case 'help':
      session.terminal.out(await explain(session, ''))
      break
    default:
      return undefined
  }
  return { ending: undefined }
}

/** Enters the menu or runs the command that the words say. */
async function follow<Context extends OperationContext>(
  session: Session<Context>,
  words: readonly string[],
  stages: readonly (readonly string[])[],
): Promise<Ending> {
  const argv = fromTop(session, withoutProgram(session, words))
  if (argv === undefined) return undefined
  const ended = await listening(() => run(session, argv, stages))
  return ended.interrupted && ended.status !== interruptedByPerson ? ended.status : undefined
}

/** Obeys a line; faults are thrown, but those of commands are shown. */
export async function obey<Context extends OperationContext>(session: Session<Context>, line: string): Promise<Ending> {
  const asked = line.trimEnd()
  if (asked.endsWith('?') && asksForHelp(asked.slice(0, -1))) {
    session.terminal.out(await explain(session, asked.slice(0, -1)))
    return undefined
  }
  const { words, stages } = splitLine(line)
  const [first, second] = words
  if (first === undefined && stages.length > 0) throw new Fault('input', 'there is no command before the |')
  if (first === undefined) return undefined
  const own = second === undefined && stages.length === 0 ? await sessionWord(session, first) : undefined
  return own === undefined ? follow(session, words, stages) : own.ending
}

/** Exit status of what ^C ended: 128 + SIGINT. */
const interruptedByPerson = 130

/** Listens for ^C between lines, when it is nobody's. */
export const ignore = (): void => undefined

/** ^C is the command's while one runs (surface/signals.ts listens only where nobody else does), and nobody's between lines. */
async function listening<T>(work: () => Promise<T>): Promise<T> {
  process.off('SIGINT', ignore)
  try {
    return await work()
  } finally {
    process.on('SIGINT', ignore)
  }
}
