/** What `?` says: all that can come next, with its meaning. */
import { Fault } from '../base/fault.ts'
import { styleFor } from '../base/style.ts'
import { fieldsOf, type Field } from '../op/fields.ts'
import type { AnyOperation, OperationContext, ViewOptions } from '../op/operation.ts'
import { scan } from '../op/scan.ts'
import { inputOf } from '../op/words.ts'
import { globalFlags, splitGlobals } from './globals.ts'
import { drawEntries, fieldMeaning, type Entry } from './help.ts'
import { candidatesBehind, type Scope } from './repl-complete.ts'
import { positionOf } from './repl-line.ts'
import { nextWords, placeOf, sessionWords, unknownWord, type NextWord, type Vocabulary } from './repl-menu.ts'
import { stages } from './repl-pipe.ts'
import { nextSteps } from './repl-steps.ts'

/** Entries under a title, which may be empty. */
interface Group {
  readonly title: string
  readonly entries: readonly Entry[]
}

function drawGroups(groups: readonly Group[], options: ViewOptions): string {
  const style = styleFor(options.colour)
  const shown = groups.filter(({ entries }) => entries.length > 0)
  if (shown.length === 0) return '  nothing can come here'
  return shown
    .flatMap(({ title, entries }) => [...(title === '' ? [] : [style('underline', title)]), ...drawEntries(style, entries, options.width)])
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

function firstWords<Context extends OperationContext>({ vocabulary, menu }: Scope<Context>, last: string): Group[] {
  const top = { title: menu.length === 0 ? '' : 'From the top', entries: wordsBehind(vocabulary, [], last) }
  const own = sessionWords.filter(({ word }) => word.startsWith(last)).map(({ word, summary }): Entry => [word, summary])
  const here = menu.length === 0 ? [] : [{ title: `In ${menu.join(' ')}`, entries: wordsBehind(vocabulary, menu, last) }]
  return [...here, top, { title: 'In this session', entries: own }]
}

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
  place: { readonly words: readonly string[]; readonly operation: AnyOperation; readonly rest: readonly string[] },
  before: readonly string[],
  last: string,
): Promise<Group[]> {
  const { operation, rest, words } = place
  const field = expectedField(operation, rest)
  const value: Entry[] = field === undefined ? [] : [[field.label, fieldMeaning(field)]]
  const wanted = await candidatesBehind(scope, before, last)
  const common = new Set(globalFlags.flatMap((flag) => flag.words))
  const isOpen = field !== undefined && field.position === undefined
  const flags = isOpen || last !== '' ? { candidates: [] } : await candidatesBehind(scope, before, '--')
  const meanings = new Map([...wanted.candidates, ...flags.candidates].map(({ word, meaning }) => [word, meaning ?? '']))
  const known = nextSteps([...meanings.keys()], last)
    .filter(({ name }) => last.startsWith('-') || !common.has(name))
    .map(({ name }): Entry => [name, meanings.get(name) ?? ''])
  const run: Entry[] = last === '' && isComplete(operation, rest) ? [['Enter', operation.summary]] : []
  return [
    { title: '', entries: [...wordsBehind(scope.vocabulary, words, last), ...(last.startsWith('-') ? [] : value)] },
    { title: '', entries: shorten(known) },
    { title: '', entries: run },
  ]
}

async function groupsBehind<Context extends OperationContext>(
  scope: Scope<Context>,
  before: readonly string[],
  last: string,
): Promise<Group[]> {
  const { words } = splitGlobals(before)
  const path = words[0] === 'help' ? words.slice(1) : words
  if (path.length === 0) return firstWords(scope, last)
  const place = placeOf(scope.vocabulary, scope.menu, path)
  if (place === undefined) throw unknownWord(scope.vocabulary, scope.menu, path)
  if (place.at === 'menu' || words[0] === 'help') return [{ title: '', entries: wordsBehind(scope.vocabulary, place.words, last) }]
  return argumentGroups(scope, place, before, last)
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
