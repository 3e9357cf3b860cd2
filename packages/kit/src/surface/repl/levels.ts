/** What words mean that are typed in a menu or at a level: a command said from the top, or another menu. */
import { Fault } from '../../base/fault.ts'
import { nearest } from '../../base/text.ts'
import { joinPlaces, type Level, type LevelCommand, type Levels } from '../../op/levels.ts'
import type { AnyOperation, OperationContext } from '../../op/operation.ts'
import { followWords, nextWords, sessionWords, type Vocabulary } from './menu.ts'

/** What is needed to read words. */
export interface Reader<Context extends OperationContext> {
  readonly vocabulary: Vocabulary
  readonly menu: readonly string[]
  readonly levels: Levels<Context> | undefined
  /** For looking at levels. */
  readonly makeContext: () => Promise<Context>
}

/** A command: all its words from the top, its operation, and what follows the path of that. */
export interface CommandReading {
  readonly at: 'command'
  readonly words: readonly string[]
  readonly operation: AnyOperation
  readonly rest: readonly string[]
  /** How many of the typed words its name takes. */
  readonly length: number
  /** Where the next word will be relative to a place: that place, and the words from the top before it. */
  readonly open?: { readonly within: string; readonly words: readonly string[] }
}

export interface MenuReading {
  readonly at: 'menu'
  readonly words: readonly string[]
}

export type Reading = CommandReading | MenuReading

/** The level that words name, if there are levels at all. */
export async function levelAt<Context extends OperationContext>(
  reader: Pick<Reader<Context>, 'levels' | 'makeContext'>,
  words: readonly string[],
): Promise<Level | undefined> {
  if (reader.levels === undefined || words.length === 0) return undefined
  return reader.levels.at(await reader.makeContext(), words)
}

function staticReading(vocabulary: Vocabulary, base: readonly string[], typed: readonly string[]): Reading | undefined {
  const place = followWords(vocabulary, base, typed)
  if (place?.at !== 'command') return place
  return { ...place, length: place.words.length - place.rest.length - base.length }
}

/** The words from the top for a command of a level. Flags may stand before the place that follows it. */
function levelReading(vocabulary: Vocabulary, command: LevelCommand, rest: readonly string[]): Reading | undefined {
  const { says, within, alone } = command
  const position = rest.findIndex((word) => !word.startsWith('-'))
  const isOpen = within !== undefined && position < 0
  const place = within !== undefined && position >= 0 ? [joinPlaces(within, rest[position] ?? '')] : []
  const behind = place.length > 0 ? [...rest.slice(0, position), ...place, ...rest.slice(position + 1)] : rest
  const reading = staticReading(vocabulary, [], [...(isOpen && alone !== undefined ? alone : says), ...behind])
  if (reading?.at !== 'command') return undefined
  return { ...reading, length: 1, ...(isOpen ? { open: { within, words: [...says, ...rest] } } : {}) }
}

async function readFrom<Context extends OperationContext>(
  reader: Reader<Context>,
  base: readonly string[],
  typed: readonly string[],
): Promise<Reading | undefined> {
  const { vocabulary } = reader
  const [next, ...rest] = typed
  const known = staticReading(vocabulary, base, typed)
  if (known !== undefined || next === undefined) return known ?? { at: 'menu', words: base }
  const level = await levelAt(reader, base)
  const command = level?.commands.find(({ word }) => word === next)
  if (command !== undefined) return levelReading(vocabulary, command, rest)
  const isInside = level?.inside.some(({ word }) => word === next) === true
  if (!isInside && !nextWords(vocabulary, base).some(({ word }) => word === next)) return undefined
  const inner = await readFrom(reader, [...base, next], rest)
  return inner?.at === 'command' ? { ...inner, length: inner.length + 1 } : inner
}

/** The readings of words in a menu and from the top, the one that counts first. */
export async function readingsOf<Context extends OperationContext>(
  reader: Reader<Context>,
  typed: readonly string[],
): Promise<readonly Reading[]> {
  const { menu } = reader
  if (menu.length === 0) return [await readFrom(reader, [], typed)].filter((each) => each !== undefined)
  const [here, top] = await Promise.allSettled([readFrom(reader, menu, typed), readFrom(reader, [], typed)])
  const [inMenu, fromTop] = [here, top].map((each) => (each.status === 'fulfilled' ? each.value : undefined))
  if (inMenu === undefined && fromTop === undefined && here.status === 'rejected') throw here.reason
  // In interfaces, `show bgp` is the command of this name rather than `interfaces show` of an interface called bgp.
  const isLonger = inMenu?.at === 'command' && fromTop?.at === 'command' && fromTop.length > inMenu.length
  return (isLonger ? [fromTop] : [inMenu, fromTop]).filter((each) => each !== undefined)
}

/** What words mean; undefined when nothing. Without words it is the menu itself. */
export async function readWords<Context extends OperationContext>(
  reader: Reader<Context>,
  typed: readonly string[],
): Promise<Reading | undefined> {
  return (await readingsOf(reader, typed))[0]
}

/** All words that may come behind others: of paths, and of levels. */
async function wordsBehind<Context extends OperationContext>(
  reader: Reader<Context>,
  before: readonly string[],
): Promise<readonly string[]> {
  const level = await levelAt(reader, before)
  const words = [...nextWords(reader.vocabulary, before), ...(level?.commands ?? []), ...(level?.inside ?? [])]
  return [...new Set(words.map(({ word }) => word))]
}

/** How many of the typed words lead somewhere, and what may come behind those. */
async function reach<Context extends OperationContext>(
  reader: Reader<Context>,
  base: readonly string[],
  typed: readonly string[],
): Promise<{ readonly before: readonly string[]; readonly reached: number; readonly listed: readonly string[] }> {
  const listed = await wordsBehind(reader, base)
  const [next, ...rest] = typed
  if (next === undefined || !listed.includes(next)) return { before: base, reached: 0, listed }
  const inner = await reach(reader, [...base, next], rest)
  return inner.listed.length === 0 ? { before: base, reached: 0, listed } : { ...inner, reached: inner.reached + 1 }
}

/** The fault of words that lead nowhere, with the nearest that do. */
export async function unknownWord<Context extends OperationContext>(reader: Reader<Context>, typed: readonly string[]): Promise<Fault> {
  const { menu, vocabulary } = reader
  const [here, top] = [await reach(reader, menu, typed), await reach(reader, [], typed)]
  const { before, reached, listed } = here.reached >= top.reached ? here : top
  const elsewhere = reached > 0 ? [] : [...top.listed, ...sessionWords.map(({ word }) => word)]
  const word = typed[reached] ?? ''
  const close = nearest(word, [...listed, ...elsewhere])
  const fitting = close === undefined ? `one of: ${listed.join(', ')}` : `did you mean "${[...typed.slice(0, reached), close].join(' ')}"?`
  return new Fault('input', `${[vocabulary.program, ...before].join(' ')} has no command ${JSON.stringify(word)}`, { hint: fitting })
}
