/** Candidates where the cursor stands in a line of the session: those of the command line, seen from the menu. */
import { resolve } from 'node:path'
import { Fault } from '../../base/fault.ts'
import type { Files } from '../../host/host.ts'
import type { OperationContext } from '../../op/operation.ts'
import { joinPlaces, placeBelow, type Levels } from '../../op/levels.ts'
import type { Registry } from '../../op/registry.ts'
import { complete, type Candidate, type Candidates } from '../complete.ts'
import { splitGlobals } from '../globals.ts'
import { positionOf, quoteWord } from './line.ts'
import { levelAt, readingsOf, type CommandReading, type Reading } from './levels.ts'
import { sessionWords, type Vocabulary } from './menu.ts'
import { stages } from './pipe.ts'
import { nextSteps } from './steps.ts'

/** Where a line is typed. */
export interface Scope<Context extends OperationContext> {
  readonly registry: Registry<Context>
  readonly vocabulary: Vocabulary
  readonly menu: readonly string[]
  readonly levels: Levels<Context> | undefined
  readonly files: Pick<Files, 'list' | 'stat'>
  /** For live values; called only when they are wanted. */
  readonly makeContext: () => Promise<Context>
}

function unique(candidates: readonly Candidate[]): Candidate[] {
  return [...new Map(candidates.map((each) => [each.word, each])).values()]
}

/** Words of a level, which are of no operation's path; none where it cannot be looked at. */
export async function levelWords<Context extends OperationContext>(
  scope: Scope<Context>,
  words: readonly string[],
  last: string,
): Promise<Candidate[]> {
  const level = await levelAt(scope, words).catch(() => undefined)
  const known = [...(level?.commands ?? []), ...(level?.inside ?? [])]
  return known.filter(({ word }) => word.startsWith(last)).map(({ word, summary }) => ({ word, meaning: summary }))
}

/** Candidates for a place that is typed relative to another. */
async function placesBelow<Context extends OperationContext>(
  scope: Scope<Context>,
  { within, words }: NonNullable<CommandReading['open']>,
  last: string,
): Promise<Candidates> {
  const typed = last === '' ? within : joinPlaces(within, last)
  const { candidates } = await complete(scope.registry, [...words, typed], scope.makeContext)
  const below = candidates.flatMap((each) => {
    const word = placeBelow(within, each.word)
    return word === undefined || !word.startsWith(last) ? [] : [{ ...each, word }]
  })
  return { candidates: below, files: false }
}

async function behindReading<Context extends OperationContext>(
  scope: Scope<Context>,
  reading: Reading,
  help: readonly string[],
  last: string,
): Promise<Candidates> {
  if (reading.at === 'command' && reading.open !== undefined && !last.startsWith('-')) return placesBelow(scope, reading.open, last)
  const found = await complete(scope.registry, [...help, ...reading.words, last], scope.makeContext)
  if (reading.at === 'command') return found
  return { ...found, candidates: [...(await levelWords(scope, reading.words, last)), ...found.candidates] }
}

/** What may be the first word of a line: of the menu, from the top, or of the session itself. */
async function firstWords<Context extends OperationContext>(
  scope: Scope<Context>,
  help: readonly string[],
  last: string,
): Promise<Candidates> {
  const ask = (base: readonly string[]): Promise<Candidates> => complete(scope.registry, [...help, ...base, last], scope.makeContext)
  const level = help.length > 0 ? [] : await levelWords(scope, scope.menu, last)
  const found = await Promise.all(scope.menu.length === 0 ? [ask([])] : [ask(scope.menu), ask([])])
  const own = help.length > 0 ? [] : sessionWords.filter(({ word }) => word.startsWith(last)).map(({ word }) => ({ word }))
  return { candidates: unique([...level, ...found.flatMap(({ candidates }) => candidates), ...own]), files: false }
}

/** Levels that `edit` may go to. */
async function levelPlaces<Context extends OperationContext>(
  { menu, makeContext }: Scope<Context>,
  levels: Levels<Context>,
  last: string,
): Promise<Candidates> {
  const places = await levels.places(await makeContext(), menu).catch(() => [])
  return { candidates: places.filter((word) => word.startsWith(last)).map((word) => ({ word })), files: false }
}

/** Candidates for the word that begins with `last`, behind the words of a command. */
export async function candidatesBehind<Context extends OperationContext>(
  scope: Scope<Context>,
  before: readonly string[],
  last: string,
): Promise<Candidates> {
  const { words } = splitGlobals(before)
  const help = words[0] === 'help' ? ['help'] : []
  const path = words.slice(help.length)
  if (path.length === 0) return firstWords(scope, help, last)
  if (path[0] === 'edit' && path.length === 1 && help.length === 0 && scope.levels !== undefined)
    return levelPlaces(scope, scope.levels, last)
  const readings = await readingsOf(scope, path).catch(() => [])
  // Words of the top come beside those of the menu where they are no value of its command.
  const useful = readings.filter((each, index) => index === 0 || each.at === 'menu')
  const found = await Promise.all(useful.map((reading) => behindReading(scope, reading, help, last)))
  return { candidates: unique(found.flatMap(({ candidates }) => candidates)), files: found.some(({ files }) => files) }
}

/** Names of files that begin with what is typed, directories with a slash; none where nothing can be listed. */
async function fileNames(files: Pick<Files, 'list' | 'stat'>, typed: string): Promise<string[]> {
  const cut = typed.lastIndexOf('/') + 1
  const [directory, start] = [typed.slice(0, cut), typed.slice(cut)]
  const names = await files.list(resolve(directory)).catch((error: unknown) => {
    if (error instanceof Fault) return []
    throw error
  })
  const fitting = names.filter((name) => name.startsWith(start) && (start !== '' || !name.startsWith('.')) && !/\p{Cc}/u.test(name))
  return Promise.all(
    fitting.map(async (name) => {
      const found = await files.stat(resolve(directory, name))
      return `${directory}${name}${found?.kind === 'directory' ? '/' : ''}`
    }),
  )
}

/** A word that may come, and whether it can be all of the word. */
interface Offer {
  readonly word: string
  readonly whole: boolean
}

/** Names of files, where they fit; behind `--flag=` only the value names one. */
async function filesBehind({ files }: Pick<Scope<OperationContext>, 'files'>, found: Candidates, last: string): Promise<Offer[]> {
  if (!found.files) return []
  const [flag = ''] = /^--[^=]+=/.exec(last) ?? []
  const names = await fileNames(files, last.slice(flag.length))
  return names.map((name) => ({ word: `${flag}${name}`, whole: !name.endsWith('/') }))
}

async function offersAt<Context extends OperationContext>(
  scope: Scope<Context>,
  before: readonly string[],
  last: string,
): Promise<Offer[]> {
  const found = await candidatesBehind(scope, before, last)
  const steps = nextSteps(
    found.candidates.map(({ word }) => word),
    last,
  )
  const words = steps.map(({ name, goesOn }) => ({ word: name, whole: !goesOn && !name.endsWith('=') }))
  return [...words, ...(await filesBehind(scope, found, last))]
}

export interface Completions {
  /** As they stand in a line: quoted where they must be, the only one with the blank that ends it. */
  readonly words: readonly string[]
  /** The end of the line that they replace. */
  readonly typed: string
}

/** What Tab offers at the end of a line. */
export async function completeLine<Context extends OperationContext>(scope: Scope<Context>, line: string): Promise<Completions> {
  const { before, last, typed, piped } = positionOf(line)
  const staged = stages.filter(({ word }) => before.length === 0 && word.startsWith(last)).map(({ word }) => ({ word, whole: true }))
  const saved = before[0] === 'save' && before.length === 1 ? await filesBehind(scope, { candidates: [], files: true }, last) : []
  const offers = piped ? [...staged, ...saved] : await offersAt(scope, before, last)
  const [only] = offers
  if (only === undefined || offers.length > 1) return { words: offers.map(({ word }) => quoteWord(word)), typed }
  return { words: [`${quoteWord(only.word)}${only.whole ? ' ' : ''}`], typed }
}
