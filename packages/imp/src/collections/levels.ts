/** Levels of a session in the candidate: sections, lists, their members and what these hold, by words as people type them. Pure. */
import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { Fault } from '@imp/kit/base/fault.ts'
import { jsonPath } from '@imp/kit/base/schema.ts'
import { nearest } from '@imp/kit/base/text.ts'
import { kebabCase } from '@imp/kit/op/fields.ts'
import type { Level, LevelCommand } from '@imp/kit/op/levels.ts'
import { RouterConfig, type RouterConfigInput } from '../config/model.ts'
import { entriesOf, segmentOf } from './entry.ts'
import { descriptionOf, isCompound, lists, listedIn, membersOf, unwrap, wordsOf, type Listed } from './schema.ts'

type Segment = string | number

/** A place of the candidate that is a level. */
export interface Place {
  /** As a session says it: `['interfaces', 'wan', 'ospf']`. */
  readonly words: readonly string[]
  /** As paths say it. */
  readonly path: readonly Segment[]
  readonly schema: z.ZodType
  readonly value: unknown
  /** The list that it is, or of which it is a member. */
  readonly list?: Listed
  /** Name of the member, when it is one. */
  readonly member?: string
  /** Name of the member of the outer list in which it is. */
  readonly owner?: string
}

function isLevel(schema: z.ZodType): boolean {
  if (schema instanceof z.ZodObject) return true
  return schema instanceof z.ZodArray && (unwrap(schema.element as z.ZodType) instanceof z.ZodObject || isScalarList(schema))
}

function isScalarList(schema: z.ZodArray): boolean {
  return !isCompound(unwrap(schema.element as z.ZodType))
}

function fieldOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined
}

/** The list of the schema that a field is, so that its commands are known; of deeper ones only what they hold is known. */
function listAt(place: Place, key: string, schema: z.ZodArray, outer: z.ZodType): Listed {
  const isIt = ({ within, fields }: Listed): boolean =>
    within === undefined
      ? isDeepStrictEqual(fields, [...place.path, key])
      : place.member !== undefined && place.list === within && isDeepStrictEqual(fields, [key])
  return lists.find(isIt) ?? listedIn(place.path.filter(isField), key, schema, outer)
}

function fieldsBelow(place: Place, object: z.ZodObject): readonly (Place & { readonly summary: string })[] {
  return membersOf(object).flatMap(({ key, schema, outer }) => {
    if (!isLevel(schema)) return []
    const list = schema instanceof z.ZodArray ? listAt(place, key, schema, outer) : undefined
    const below: Place = {
      words: [...place.words, kebabCase(key)],
      path: [...place.path, key],
      schema,
      value: fieldOf(place.value, key),
      ...(list === undefined ? {} : { list }),
      ...(place.member === undefined ? {} : { owner: place.member }),
    }
    return [{ ...below, summary: descriptionOf(outer) }]
  })
}

function isField(segment: Segment): segment is string {
  return typeof segment === 'string'
}

/** What a member is, in a few words: its plain fields. */
function brief(value: unknown, name: string): string {
  if (typeof value !== 'object' || value === null) return ''
  const words = Object.values(value as Readonly<Record<string, unknown>>).flatMap((each) =>
    Array.isArray(each) ? (each as unknown[]) : [each],
  )
  const plain = words.filter((each) => typeof each === 'string' || typeof each === 'number').filter((each) => String(each) !== name)
  return plain.slice(0, 4).join(' ')
}

function membersBelow(place: Place, list: Listed): readonly (Place & { readonly summary: string })[] {
  if (!(list.member instanceof z.ZodObject) || !Array.isArray(place.value)) return []
  return entriesOf(list, place.value as readonly unknown[]).map((entry) => ({
    words: [...place.words, entry.name],
    path: [...place.path, segmentOf(list, entry)],
    schema: list.member,
    value: entry.value,
    list,
    member: entry.name,
    ...(place.owner === undefined ? {} : { owner: place.owner }),
    summary: brief(entry.value, entry.name),
  }))
}

/** The levels right below a place, each with what it is. */
export function levelsBelow(place: Place): readonly (Place & { readonly summary: string })[] {
  if (place.schema instanceof z.ZodObject) return fieldsBelow(place, place.schema)
  return place.list === undefined ? [] : membersBelow(place, place.list)
}

/** The only member of a role by that as well, `external` for `wan`: a router with one uplink has one external interface. */
export function rolesBelow(place: Place): readonly (Place & { readonly summary: string })[] {
  const members = place.schema instanceof z.ZodArray ? levelsBelow(place) : []
  const names = new Set(members.map(({ member }) => member))
  const byRole = Map.groupBy(members, ({ value }) => fieldOf(value, 'role'))
  return [...byRole].flatMap(([role, [only, another]]) => {
    if (typeof role !== 'string' || names.has(role) || only === undefined || another !== undefined) return []
    return [{ ...only, words: [...place.words, role], summary: `${only.member ?? ''}, the only one that is ${role}` }]
  })
}

/** The whole candidate, above all levels. */
export function topOf(document: RouterConfigInput): Place {
  return { words: [], path: [], schema: RouterConfig, value: document }
}

/** The place that words name; undefined when they name none. */
export function placeAt(document: RouterConfigInput, words: readonly string[]): Place | undefined {
  return words.reduce<Place | undefined>(
    (place, word) =>
      place === undefined ? undefined : [...levelsBelow(place), ...rolesBelow(place)].find(({ words: own }) => own.at(-1) === word),
    topOf(document),
  )
}

const verbs: readonly (readonly [string, string])[] = [
  ['list', 'List all of them'],
  ['show', 'Show one or all with their fields'],
  ['add', 'Add one'],
  ['set', 'Set a field of one'],
  ['delete', 'Delete one'],
]

/** The commands of a list inside a member: those of the schema's list, of this member. */
function listCommands(list: Listed, owner: string): readonly LevelCommand[] {
  const offered = list.member instanceof z.ZodObject ? verbs : verbs.filter(([verb]) => verb !== 'show' && verb !== 'set')
  return offered.map(([word, summary]) => ({ word, summary, says: [...wordsOf(list), word, owner] }))
}

function showing({ list, member, owner, path }: Place): LevelCommand {
  const within = jsonPath(path)
  const common = { word: 'show', summary: 'Show it, or a place in it', says: ['config', 'show'], within }
  const known = list !== undefined && member !== undefined && lists.includes(list) && (list.within === undefined) === (owner === undefined)
  if (!known) return { ...common, alone: ['config', 'show', within] }
  return { ...common, alone: [...wordsOf(list), 'show', ...(owner === undefined ? [] : [owner]), member] }
}

/** What can be said at a place; the commands of the top, of sections and their lists are words of operations already. */
export function commandsAt(place: Place): readonly LevelCommand[] {
  const { list, member, owner, path, words } = place
  if (words.length === 0) return []
  const within = jsonPath(path)
  const takes: LevelCommand = { word: 'delete', summary: 'Take a place in it away', says: ['delete'], within }
  const edits: LevelCommand = { word: 'edit', summary: 'Edit it in your editor', says: ['edit'], alone: ['edit', within], within }
  if (list !== undefined && member === undefined && lists.includes(list)) {
    return [...(list.within === undefined || owner === undefined ? [] : listCommands(list, owner)), edits]
  }
  // Sections have words of their own but this.
  if (path.length === 1 && list === undefined) return [takes, edits]
  return [showing(place), { word: 'set', summary: 'Set a place in it to a value', says: ['set'], within }, takes, edits]
}

/** A place as sessions know it. */
export function levelOf(place: Place): Level {
  const inside = [...levelsBelow(place), ...rolesBelow(place)].map(({ words, summary }) => ({ word: words.at(-1) ?? '', summary }))
  return { inside, commands: commandsAt(place) }
}

function same(segment: Segment, place: Place, index: number): boolean {
  const own = place.path[index]
  return own === segment || String(own) === String(segment) || place.words[index] === segment
}

/** The level at a path below a place. A fault with what is near when there is none, and for values, which are no levels. */
export function follow(from: Place, path: readonly Segment[]): Place {
  const [segment, ...rest] = path
  if (segment === undefined) return from
  const below = levelsBelow(from)
  const found = below.find((place) => same(segment, place, from.path.length))
  if (found !== undefined) return follow(found, rest)
  const where = from.path.length === 0 ? 'the configuration' : jsonPath(from.path)
  const isValue = from.schema instanceof z.ZodObject && typeof segment === 'string' && segment in from.schema.shape
  if (isValue)
    throw new Fault('input', `${segment} in ${where} is a value`, { hint: `set ${jsonPath([...from.path, segment])} VALUE changes it` })
  const known = below.map(({ path: own }) => String(own.at(-1)))
  const close = nearest(String(segment), known)
  const some = known.length === 0 ? 'there is nothing to go to' : `there are: ${known.slice(0, 20).join(', ')}`
  throw new Fault('not-found', `there is no ${JSON.stringify(segment)} in ${where}`, {
    hint: close === undefined ? some : `did you mean ${close}?`,
  })
}

/** Paths of all levels below a place, relative to it. */
export function pathsBelow(from: Place, depth = 4): readonly string[] {
  const walk = (place: Place, left: number): readonly Place[] =>
    left === 0 ? [] : levelsBelow(place).flatMap((each) => [each, ...walk(each, left - 1)])
  return walk(from, depth).map(({ path }) => jsonPath(path.slice(from.path.length)))
}
