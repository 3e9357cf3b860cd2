/** What `?` says: all that can come next, with its meaning. */
import { Fault } from '../../base/fault.ts'
import { styleFor } from '../../base/style.ts'
import { wrap } from '../../base/width.ts'
import { fieldsOf, type Field } from '../../op/fields.ts'
import type { AnyOperation, OperationContext, ViewOptions } from '../../op/operation.ts'
import { scan } from '../../op/scan.ts'
import { inputOf } from '../../op/words.ts'
import { expectation, givenOf } from '../complete.ts'
import { globalFlags, splitGlobals } from '../globals.ts'
import { drawEntries, type Entry } from '../help.ts'
import { candidatesBehind, levelWords, type Scope } from './complete.ts'
import { positionOf } from './line.ts'
import { readingsOf, unknownWord, type CommandReading } from './levels.ts'
import { nextWords, sessionWords, type NextWord, type Vocabulary } from './menu.ts'
import { stages } from './pipe.ts'
import { nextSteps } from './steps.ts'

/** Entries under a title, which may be empty. */
interface Group {
  readonly title: string
  readonly entries: readonly Entry[]
  /** Only the names are shown, one behind the other. */
  readonly brief?: boolean
}

function drawNames(entries: readonly Entry[], width: number): string[] {
  return wrap(entries.map(([term]) => term).join(', '), width - 2).map((line) => `  ${line}`)
}

function drawGroups(groups: readonly Group[], options: ViewOptions): string {
  const style = styleFor(options.colour)
  const shown = groups.filter(({ entries }) => entries.length > 0)
  if (shown.length === 0) return '  nothing can come here'
  return shown
    .flatMap(({ title, entries, brief = false }) => [
      ...(title === '' ? [] : [style('underline', title)]),
      ...(brief ? drawNames(entries, options.width) : drawEntries(style, entries, options.width)),
    ])
    .join('\n')
}

function wordEntry({ word, operation, below }: NextWord): Entry {
  return [word, operation?.summary ?? `${below.join(', ')} ...`]
}

function wordsBehind(vocabulary: Vocabulary, before: readonly string[], last: string): Entry[] {
  return nextWords(vocabulary, before)
    .filter(({ word, alias }) => word.startsWith(last) && !alias)
    .map(wordEntry)
}

async function levelEntries<Context extends OperationContext>(
  scope: Scope<Context>,
  words: readonly string[],
  last: string,
): Promise<Entry[]> {
  return (await levelWords(scope, words, last)).map(({ word, meaning }) => [word, meaning ?? ''])
}

async function firstWords<Context extends OperationContext>(scope: Scope<Context>, last: string): Promise<Group[]> {
  const { vocabulary, menu } = scope
  const level = await levelEntries(scope, menu, last)
  // In a menu its own words matter; of those of the top the names are enough.
  const brief = menu.length > 0 && last === ''
  const top = { title: menu.length === 0 ? '' : 'From the top', entries: wordsBehind(vocabulary, [], last), brief }
  const words = [...sessionWords, ...(scope.levels === undefined ? [] : [editWord])]
  const own = words.filter(({ word }) => word.startsWith(last)).map(({ word, summary }): Entry => [word, summary])
  const here =
    menu.length === 0 ? [] : [{ title: `In ${menu.join(' ')}`, entries: [...wordsBehind(vocabulary, menu, last), ...shorten(level)] }]
  return [...here, top, { title: 'In this session', entries: own }]
}

const editWord = { word: 'edit', summary: 'Go to a place of the configuration: edit PATH' } as const

/** What the next word is the value of. */
function expectedField(operation: AnyOperation, rest: readonly string[]): Field | undefined {
  const fields = fieldsOf(operation)
  const tokens = scan(fields, rest)
  const final = tokens.at(-1)
  if (final?.token === 'open') return final.field
  const given = new Set(tokens.flatMap((token) => ('field' in token ? [token.field] : [])))
  return fields.find((field) => field.position !== undefined && (field.many || !given.has(field)))
}

function isComplete(operation: AnyOperation, rest: readonly string[]): boolean {
  try {
    inputOf(operation, rest)
    return true
  } catch (error) {
    if (error instanceof Fault) return false
    throw error
  }
}

/** More values than this are no help. */
const mostValues = 60

function shorten(entries: readonly Entry[]): readonly Entry[] {
  if (entries.length <= mostValues) return entries
  return [...entries.slice(0, mostValues), ['...', `and ${entries.length - mostValues} more: type the beginning of one`]]
}

async function argumentGroups<Context extends OperationContext>(
  scope: Scope<Context>,
  place: CommandReading,
  before: readonly string[],
  last: string,
  elsewhere: ReadonlySet<string>,
): Promise<Group[]> {
  const { operation, rest, words } = place
  const field = expectedField(operation, rest)
  const given = givenOf(scan(fieldsOf(operation), rest))
  const value: Entry[] = field === undefined ? [] : [[field.label, await expectation(operation, field, given, scope.makeContext)]]
  const wanted = await candidatesBehind(scope, before, last)
  const common = new Set(globalFlags.flatMap((flag) => flag.words))
  const isOpen = field !== undefined && field.position === undefined
  const flags = isOpen || last !== '' ? { candidates: [] } : await candidatesBehind(scope, before, '--')
  const meanings = new Map([...wanted.candidates, ...flags.candidates].map(({ word, meaning }) => [word, meaning ?? '']))
  const known = nextSteps([...meanings.keys()], last)
    .filter(({ name }) => !elsewhere.has(name) && (last.startsWith('-') || !common.has(name)))
    .map(({ name }): Entry => [name, meanings.get(name) ?? ''])
  const run: Entry[] = last === '' && isComplete(operation, rest) ? [['Enter', operation.summary]] : []
  return [
    { title: '', entries: [...wordsBehind(scope.vocabulary, words, last), ...(last.startsWith('-') ? [] : value)] },
    { title: '', entries: shorten(known) },
    { title: '', entries: run },
  ]
}

/** The places that `edit` may go to, one step of their paths at a time. */
async function levelGroups<Context extends OperationContext>(
  scope: Scope<Context>,
  before: readonly string[],
  last: string,
): Promise<Group[]> {
  const { candidates } = await candidatesBehind(scope, before, last)
  const steps = nextSteps(
    candidates.map(({ word }) => word),
    last,
  )
  return [{ title: '', entries: shorten(steps.map(({ name, goesOn }): Entry => [name, goesOn ? '...' : ''])) }]
}

async function groupsBehind<Context extends OperationContext>(
  scope: Scope<Context>,
  before: readonly string[],
  last: string,
): Promise<Group[]> {
  const { words } = splitGlobals(before)
  const path = words[0] === 'help' ? words.slice(1) : words
  if (path.length === 0) return firstWords(scope, last)
  if (path[0] === 'edit' && path.length === 1 && scope.levels !== undefined) return levelGroups(scope, before, last)
  const [place, other] = await readingsOf(scope, path)
  if (place === undefined) throw await unknownWord(scope, path)
  const fromTop = other?.at === 'menu' ? [{ title: 'From the top', entries: wordsBehind(scope.vocabulary, other.words, last) }] : []
  // Tab offers them beside the values of the command; here they have a list of their own.
  const elsewhere = new Set(other?.at === 'menu' ? nextWords(scope.vocabulary, other.words).map(({ word }) => word) : [])
  if (place.at === 'command' && words[0] !== 'help') return [...(await argumentGroups(scope, place, before, last, elsewhere)), ...fromTop]
  const entries = [...wordsBehind(scope.vocabulary, place.words, last), ...shorten(await levelEntries(scope, place.words, last))]
  return [{ title: '', entries }, ...fromTop]
}

/** All that can come at the end of a line; `input` fault when its words lead nowhere. */
export async function explainLine<Context extends OperationContext>(
  scope: Scope<Context>,
  line: string,
  options: ViewOptions,
): Promise<string> {
  const { before, last, piped } = positionOf(line)
  const piping = stages.filter(({ word }) => word.startsWith(last)).map(({ usage, summary }): Entry => [usage, summary])
  const groups = piped ? [{ title: '', entries: piping }] : await groupsBehind(scope, before, last)
  return drawGroups(groups, options)
}
