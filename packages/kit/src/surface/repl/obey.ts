/** Obeys one line of a session: words of the session itself, menus, commands with what their text goes through. */
import { resolve } from 'node:path'
import { Fault } from '../../base/fault.ts'
import type { OperationContext } from '../../op/operation.ts'
import { runLine } from '../cli.ts'
import type { Delivery, Ended } from '../command.ts'
import { globalFlags, splitGlobals } from '../globals.ts'
import { withoutColour, type Terminal } from '../print.ts'
import { explainLine } from './explain.ts'
import { asksForHelp, splitLine } from './line.ts'
import { levelAt, readWords, unknownWord } from './levels.ts'
import { nextWords } from './menu.ts'
import { pass, readPipe, type Pipe } from './pipe.ts'
import type { Session } from './session.ts'

/** Exit status with which the session ends, undefined while it goes on. */
export type Ending = number | undefined

/** Runs a command and returns what it wrote as its result; faults and progress are shown as always. */
async function capture<Context extends OperationContext>(
  { program }: Session<Context>,
  argv: readonly string[],
  terminal: Terminal,
  delivery: Delivery,
): Promise<{ readonly ended: Ended; readonly text: string }> {
  const written: string[] = []
  const captured: Terminal = Object.defineProperty(Object.create(terminal) as Terminal, 'out', {
    value: (text: string) => void written.push(text),
  })
  // What comes piece by piece is shown at once, unless it goes through stages, which want all of it.
  if (delivery !== 'terminal') Object.defineProperty(captured, 'line', { value: (text: string) => void written.push(text) })
  const ended = await runLine(program, argv, captured, delivery)
  return { ended, text: written.join('\n') }
}

/** Writes the text of a result to a file that is not there yet. */
async function save<Context extends OperationContext>({ files, terminal }: Session<Context>, file: string, text: string): Promise<void> {
  const path = resolve(file)
  if ((await files.stat(path)) !== undefined) throw new Fault('conflict', `${path} exists`, { hint: 'choose another name' })
  await files.write(path, text === '' ? '' : `${text}\n`, { mode: 0o600 })
  terminal.err(`wrote ${path}\n`)
}

/** The result as text, through the stages behind the command. */
async function runPiped<Context extends OperationContext>(session: Session<Context>, argv: readonly string[], pipe: Pipe): Promise<Ended> {
  const { terminal } = session
  const { ended, text: whole } = await capture(session, argv, withoutColour(terminal), pipe.json ? 'json' : 'text')
  const text = pass(pipe, whole)
  if (pipe.save !== undefined && ended.status === 0) await save(session, pipe.save, text)
  else if (text !== '' && pipe.save === undefined) terminal.out(text)
  return ended
}

/** A result that is longer than the screen is shown page by page. */
async function runPaged<Context extends OperationContext>(session: Session<Context>, argv: readonly string[]): Promise<Ended> {
  const { ended, text } = await capture(session, argv, session.terminal, 'terminal')
  if (text === '') return ended
  if (session.lines.page === undefined) session.terminal.out(text)
  else await session.lines.page(text)
  return ended
}

function run<Context extends OperationContext>(
  session: Session<Context>,
  argv: readonly string[],
  stages: readonly (readonly string[])[],
): Promise<Ended> {
  return stages.length === 0 ? runPaged(session, argv) : runPiped(session, argv, readPipe(stages))
}

/** The words as they are said from the top, or undefined when they were a menu, which is entered. */
async function fromTop<Context extends OperationContext>(
  session: Session<Context>,
  argv: readonly string[],
): Promise<readonly string[] | undefined> {
  const { words, globals } = splitGlobals(argv)
  const help = words[0] === 'help' ? 1 : 0
  const path = words.slice(help)
  if (path.length === 0) return help > 0 ? argv : [...session.menu, ...argv]
  const meant = path.length === 1 ? session.options.alone?.[path[0] ?? ''] : undefined
  if (meant !== undefined && help === 0) return [...meant, ...argv.filter((word) => word !== path[0])]
  const place = await readWords(session, path)
  if (place === undefined) throw notYet(session, path) ?? (await unknownWord(session, path))
  if (place.at === 'menu' && help === 0 && !globals.help) {
    session.menu = place.words
    return undefined
  }
  // Flags of every command are no words of its own: they come behind.
  const flags = argv.filter((word, index) => isGlobal(word) && !argv.slice(0, index).includes('--'))
  return [...(help === 0 ? [] : ['help']), ...flags, ...place.words]
}

function isGlobal(word: string): boolean {
  return globalFlags.some(({ words }) => words.includes(word))
}

/** The fault of words that will mean something one day. */
function notYet<Context extends OperationContext>({ options, registry }: Session<Context>, path: readonly string[]): Fault | undefined {
  const found = Object.entries(options.later ?? {}).find(([word]) => word === path[0])
  if (found === undefined) return undefined
  return new Fault('unsupported', `${registry.program} has no ${found[1]} yet`, { hint: '? lists what there is' })
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

async function isOfMenu<Context extends OperationContext>(session: Session<Context>, word: string): Promise<boolean> {
  if (nextWords(session.vocabulary, session.menu).some((each) => each.word === word)) return true
  const level = await levelAt(session, session.menu)
  return level?.inside.some((each) => each.word === word) === true
}

/** Goes to a place of what is edited. */
async function goTo<Context extends OperationContext>(session: Session<Context>, place: string): Promise<void> {
  if (session.levels === undefined) throw await unknownWord(session, ['edit'])
  session.menu = await session.levels.find(await session.makeContext(), session.menu, place)
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
    case 'up':
    case 'top':
      // Menus may have words of their own that are called so.
      if (await isOfMenu(session, word)) return undefined
      session.menu = word === 'up' ? session.menu.slice(0, -1) : []
      break
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
  const argv = await fromTop(session, withoutProgram(session, words))
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
  if (first === 'edit' && second !== undefined && words.length === 2 && stages.length === 0 && session.levels !== undefined) {
    await goTo(session, second)
    return undefined
  }
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
