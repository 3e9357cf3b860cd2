/** Candidates for the last word of a command line. Never changes anything, never fails: no answer is an answer. */
import { setTimeout as sleep } from 'node:timers/promises'
import { fieldsOf, type Field } from '../op/fields.ts'
import type { AnyOperation, Given, OperationContext } from '../op/operation.ts'
import { findOperation, listedWords, spellings, type Registry } from '../op/registry.ts'
import { isSwitch, scan, type Token } from '../op/scan.ts'
import { globalFlags, splitGlobals } from './globals.ts'
import { fieldMeaning } from './help.ts'

export interface Candidate {
  readonly word: string
  readonly meaning?: string
}

export interface Candidates {
  readonly candidates: readonly Candidate[]
  /** Whether names of files fit as well; shells complete those better. */
  readonly files: boolean
}

/** Milliseconds that live candidates (names of machines, of images) may take. */
const patience = 1000
const none: Candidates = { candidates: [], files: false }

/** Steers nothing in a terminal and breaks no line of the answer to the shell. */
function isSafe(word: string): boolean {
  return word !== '' && !/[\p{Cc}\p{Cf}]/u.test(word)
}

/** What is typed of each field, for completers of the others. */
export function givenOf(tokens: readonly Token[]): Given {
  const given: Record<string, string | string[]> = {}
  for (const token of tokens) {
    if (token.token !== 'value') continue
    const { field, word } = token
    if (field.many) given[field.key] = [given[field.key] ?? [], word].flat()
    else given[field.key] ??= word
  }
  return given
}

/** Where a value is typed: the operation, what is typed of it already, and who can be asked. */
interface Asking<Context extends OperationContext> {
  readonly operation: AnyOperation<Context>
  readonly given: Given
  readonly makeContext: () => Promise<Context>
}

/** The answer to what may take too long or fail, or else `otherwise`. */
async function patiently<T>(asked: Promise<T>, otherwise: T): Promise<T> {
  return Promise.race([asked.catch(() => otherwise), sleep(patience, otherwise, { ref: false })])
}

async function live<Context extends OperationContext>(
  { operation, given, makeContext }: Asking<Context>,
  field: Field,
): Promise<readonly Candidate[]> {
  const complete = operation.complete?.[field.key]
  if (complete === undefined) return []
  const asked = makeContext().then((context) => complete(context, given))
  const found = await patiently(asked, [])
  return found.map((each) => (typeof each === 'string' ? { word: each } : each))
}

/** What a value is that comes next: as the operation says, given what is typed, or else as its schema does. */
export async function expectation<Context extends OperationContext>(
  operation: AnyOperation<Context>,
  field: Field,
  given: Given,
  makeContext: () => Promise<Context>,
): Promise<string> {
  const expects = operation.expects?.[field.key]
  if (expects === undefined) return fieldMeaning(field)
  const asked = makeContext().then((context) => expects(context, given))
  return (await patiently(asked, undefined)) ?? fieldMeaning(field)
}

function unique(candidates: readonly Candidate[]): Candidate[] {
  return [...new Map(candidates.toReversed().map((each) => [each.word, each])).values()].toReversed()
}

async function valuesOf<Context extends OperationContext>(asking: Asking<Context>, field: Field): Promise<Candidates> {
  const truth = field.kinds.includes('boolean') && !isSwitch(field) ? ['true', 'false'] : []
  const fixed = [...field.choices.map(String), ...truth].map((word) => ({ word }))
  const candidates = unique([...fixed, ...(await live(asking, field))])
  return { candidates: candidates.filter(({ word }) => isSafe(word)), files: field.path }
}

function flagCandidates(fields: readonly Field[], given: ReadonlySet<Field>): Candidate[] {
  const own = fields
    .filter((field) => field.position === undefined && (field.many || !given.has(field)))
    .map((field) => ({
      word: isSwitch(field) && field.schema.default === true ? `--no-${field.name}` : `--${field.name}`,
      meaning: fieldMeaning(field),
    }))
  return [...own, ...globalFlags.map((flag) => ({ word: flag.words[0], meaning: flag.description }))]
}

/** Words that may follow the ones typed, as parts of the paths of operations. */
function pathCandidates(operations: readonly AnyOperation[], before: readonly string[]): Candidate[] {
  const next = new Map<string, string>()
  for (const operation of operations.filter((each) => each.hidden !== true)) {
    for (const path of spellings(operation)) {
      const word = path[before.length]
      if (word === undefined || !before.every((each, index) => path[index] === each)) continue
      next.set(word, path.length === before.length + 1 ? operation.summary : '')
    }
  }
  return [...next].map(([word, meaning]) => (meaning === '' ? { word } : { word, meaning }))
}

async function argumentCandidates<Context extends OperationContext>(
  operation: AnyOperation<Context>,
  before: readonly string[],
  last: string,
  makeContext: () => Promise<Context>,
): Promise<Candidates> {
  const fields = fieldsOf(operation)
  const tokens = scan(fields, before)
  const asking = { operation, given: givenOf(tokens), makeContext }
  const given = new Set(tokens.flatMap((token) => ('field' in token ? [token.field] : [])))
  const final = tokens.at(-1)
  const flagsEnded = tokens.some((token) => token.token === 'end-of-flags')
  if (final?.token === 'open' && !last.startsWith('-')) return valuesOf(asking, final.field)
  const joined = /^--([^=]+)=/.exec(last)
  if (joined !== null && !flagsEnded) {
    const field = fields.find((each) => each.position === undefined && each.name === joined[1])
    if (field === undefined) return none
    const values = await valuesOf(asking, field)
    return { ...values, candidates: values.candidates.map((each) => ({ ...each, word: `${joined[0]}${each.word}` })) }
  }
  if (last.startsWith('-') && !flagsEnded) return { candidates: flagCandidates(fields, given), files: false }
  const field = fields.find((each) => each.position !== undefined && (each.many || !given.has(each)))
  if (field === undefined) return none
  const values = await valuesOf(asking, field)
  const said = tokens.flatMap((token) => (token.token === 'value' && token.field === field ? [token.word] : []))
  return { ...values, candidates: values.candidates.filter(({ word }) => !said.includes(word)) }
}

/** All candidates where the cursor stands, whatever has been typed of the last word. */
async function candidatesAt<Context extends OperationContext>(
  registry: Registry<Context>,
  before: readonly string[],
  last: string,
  makeContext: () => Promise<Context>,
): Promise<Candidates> {
  const { words } = splitGlobals(before)
  const explains = words[0] === 'help'
  const path = explains ? words.slice(1) : words
  const [first] = path
  if (first === undefined) {
    const rooms = listedWords(registry).map((word) => ({ word }))
    return { candidates: last.startsWith('-') ? flagCandidates([], new Set()) : rooms, files: false }
  }
  const loaded = await Promise.all(registry.rooms.filter((room) => room.words.includes(first)).map((room) => room.load()))
  const operations = loaded.flat()
  const deeper = pathCandidates(operations, path)
  const found = await findOperation(registry, path).catch(() => undefined)
  if (found === undefined || explains) return { candidates: deeper, files: false }
  const after = await argumentCandidates(found.operation, found.rest, last, makeContext)
  return { ...after, candidates: [...deeper, ...after.candidates] }
}

/**
 * Candidates for the last of the words (which may be empty), that begin with what is typed of it.
 * `makeContext` is called only for live values.
 */
export async function complete<Context extends OperationContext>(
  registry: Registry<Context>,
  words: readonly string[],
  makeContext: () => Promise<Context>,
): Promise<Candidates> {
  const last = words.at(-1) ?? ''
  const found = await candidatesAt(registry, words.slice(0, -1), last, makeContext)
  return { ...found, candidates: found.candidates.filter(({ word }) => word.startsWith(last)) }
}

/** The answer to a shell: `files` or `words`, then one candidate a line with its meaning behind a tab. */
export function completionLines(found: Candidates): string {
  const lines = found.candidates.map(({ word, meaning }) => (meaning === undefined || meaning === '' ? word : `${word}\t${meaning}`))
  return [found.files ? 'files' : 'words', ...lines].join('\n')
}
