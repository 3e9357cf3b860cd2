/**
 * Paths into the configuration: `interfaces.wan.mtu`, `nat.mappings[0].outside`, `routes["0.0.0.0/0"].via`. Members of lists go by
 * their natural key or by their place; what a path means is decided by the schema, so a mistyped field is never made.
 */
import { Fault } from '@imp/kit/base/fault.ts'
import { jsonPath } from '@imp/kit/base/schema.ts'
import { nearest } from '@imp/kit/base/text.ts'
import { callingOf, keysOf, placesOf, type Segment } from './paths-keys.ts'
import { fieldSchema, fieldsAt, keyFieldOf, memberSchema, valueOf, wholeSchema, type PlaceSchema } from './paths-schema.ts'
import type { RouterConfigInput } from './model.ts'

/** One part of a path: a field, `[3]`, or `["a key"]`; fields after the first begin with a dot. */
const part = /(?:^|\.)(?<field>[^.[\]"\s]+)|\[(?<index>\d{1,6})\]|\[(?<key>"(?:[^"\\]|\\.)*")\]/y

function keyText(quoted: string, text: string): string {
  try {
    return String(JSON.parse(quoted))
  } catch (cause) {
    throw badPath(text, cause)
  }
}

function badPath(text: string, cause?: unknown): Fault {
  const hint = 'write interfaces.wan.mtu, nat.mappings[0] or routes["0.0.0.0/0"].via'
  return new Fault('input', `${JSON.stringify(text)} is not a path`, { hint, cause })
}

/** The parts of a path; an `input` fault when it is none. */
export function parsePath(text: string): readonly Segment[] {
  const segments: Segment[] = []
  part.lastIndex = 0
  while (part.lastIndex < text.length) {
    const groups = part.exec(text)?.groups
    if (groups === undefined) throw badPath(text)
    const { field, index, key } = groups
    segments.push(field ?? (index === undefined ? keyText(key ?? '', text) : Number(index)))
  }
  if (segments.length === 0) throw badPath(text)
  return segments
}

/** A place in a document: its value, what the schema says of it, and the way there. */
interface Place {
  readonly value: unknown
  readonly schema: PlaceSchema
  readonly path: readonly Segment[]
}

type Fields = Readonly<Record<string, unknown>>

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {}
}

function membersOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as readonly unknown[]) : []
}

function didYouMean(word: string, known: readonly string[], otherwise: string): string {
  const close = nearest(word, known)
  return close === undefined ? otherwise : `did you mean ${close}?`
}

function fieldAt({ value, schema, path }: Place, segment: Segment): Place {
  const inside = typeof segment === 'number' ? undefined : fieldSchema(schema, segment)
  if (inside === undefined) {
    const fields = fieldsAt(schema)
    const where = path.length === 0 ? 'the configuration' : jsonPath(path)
    const hint = fields.length === 0 ? `${where} has no fields` : didYouMean(String(segment), fields, `fields: ${fields.join(', ')}`)
    throw new Fault('input', `there is no field ${JSON.stringify(segment)} in ${where}`, { hint })
  }
  const fields = fieldsOf(value)
  const own = Object.hasOwn(fields, segment) ? fields[segment] : undefined
  return { value: own, schema: inside, path: [...path, segment] }
}

/** Place in a list; undefined when no member goes by the key. */
function indexOf({ value, path }: Place, segment: Segment): number | undefined {
  if (typeof segment === 'number') return segment
  const places = placesOf(membersOf(value), segment)
  if (places.length > 1) {
    const shown = places.map((place) => jsonPath([...path, place])).join(', ')
    throw new Fault('input', `${jsonPath([...path, segment])} may be several members`, { hint: `name one by its place: ${shown}` })
  }
  return places[0]
}

function missingMember({ value, path }: Place, segment: Segment): Fault {
  const list = membersOf(value)
  const keys = keysOf(list, list)?.[0] ?? []
  const otherwise = keys.length > 0 ? `there are: ${keys.slice(0, 20).join(', ')}` : `it has ${list.length} members`
  const hint = typeof segment === 'number' ? otherwise : didYouMean(segment, keys, otherwise)
  return new Fault('not-found', `there is no ${jsonPath([...path, segment])}`, { hint })
}

/** Schema of a member, which may go by the name that it has. */
function memberAt({ schema }: Place, member: unknown): PlaceSchema {
  const { name } = fieldsOf(member)
  return memberSchema(schema, typeof name === 'string' ? name : undefined) ?? {}
}

/** The value at a path; a `not-found` fault when there is none. */
export function getAt(document: RouterConfigInput, segments: readonly Segment[]): unknown {
  let place: Place = { value: document, schema: wholeSchema(), path: [] }
  for (const segment of segments) {
    if (place.schema.items === undefined) place = fieldAt(place, segment)
    else {
      const index = indexOf(place, segment)
      const list = membersOf(place.value)
      if (index === undefined || index >= list.length) throw missingMember(place, segment)
      place = { value: list[index], schema: memberAt(place, list[index]), path: [...place.path, segment] }
    }
    if (place.value === undefined) throw new Fault('not-found', `${jsonPath(place.path)} is not set`)
  }
  return place.value
}

/** What the last part of a path becomes; undefined takes it away. */
type Leaf = (place: Place) => unknown

/** A member that is not there yet, with its key in it; undefined where a word cannot be its key. */
function newMember(place: Place, items: PlaceSchema, segment: Segment): Fields | undefined {
  const key = keyFieldOf(items)
  if (typeof segment === 'number' || key === undefined) return undefined
  return { [key]: valueOf(fieldSchema(items, key) ?? {}, [segment], jsonPath([...place.path, segment])) }
}

/** A member that is not there and that this one field would not make: rather a mistyped name than half of a new one. */
function refuseHalf(place: Place, { required = [] }: PlaceSchema, segment: Segment, member: unknown): void {
  const missing = required.filter((field) => !Object.hasOwn(fieldsOf(member), field))
  if (missing.length === 0) return
  const { message, hint = '' } = missingMember(place, segment)
  const whole = jsonPath([...place.path, segment])
  const making = `a new one is made with all that it needs: set ${whole} '{${missing.map((field) => `"${field}": ...`).join(', ')}}'`
  throw new Fault('not-found', message, { hint: `${hint}${hint.endsWith('?') ? ' ' : '; '}${making}` })
}

/** A list with one member more, called by a word that no member goes by. */
function appendMember(place: Place, items: PlaceSchema, [segment = 0, ...rest]: readonly Segment[], leaf: Leaf): readonly unknown[] {
  const list = membersOf(place.value)
  if (typeof segment === 'number' && segment !== list.length) throw missingMember(place, segment)
  const path = [...place.path, segment]
  if (rest.length === 0) {
    const whole = leaf({ value: undefined, schema: memberAt(place, { name: segment }), path })
    if (whole === undefined) throw missingMember(place, segment)
    // A member may go by another name than its key, as loopbacks do that have a name beside their number.
    const goesByIt = typeof segment === 'number' || placesOf([whole], segment).length > 0
    return [...list, goesByIt ? whole : { ...newMember(place, items, segment), ...fieldsOf(whole) }]
  }
  const fresh = newMember(place, items, segment)
  if (fresh === undefined && typeof segment !== 'number') throw missingMember(place, segment)
  const member = change({ value: fresh, schema: memberAt(place, fresh), path }, rest, leaf)
  refuseHalf(place, items, segment, member)
  return [...list, member]
}

function changeMember(place: Place, items: PlaceSchema, segments: readonly Segment[], leaf: Leaf): readonly unknown[] {
  const [segment = 0, ...rest] = segments
  const list = membersOf(place.value)
  const index = indexOf(place, segment)
  if (index === undefined || index >= list.length) return appendMember(place, items, segments, leaf)
  const member: Place = { value: list[index], schema: memberAt(place, list[index]), path: [...place.path, segment] }
  const changed = change(member, rest, leaf)
  if (changed === undefined) return list.toSpliced(index, 1)
  // A member that is replaced as a whole keeps the name by which it was called.
  const isReplaced = rest.length === 0 && typeof segment === 'string' && typeof changed === 'object'
  return list.toSpliced(index, 1, isReplaced ? { ...callingOf(list[index], segment), ...changed } : changed)
}

function changeField(place: Place, [segment = '', ...rest]: readonly Segment[], leaf: Leaf): Fields {
  const field = fieldAt(place, segment)
  const changed = change(field, rest, leaf)
  const { [segment]: _, ...others } = fieldsOf(place.value)
  return changed === undefined ? others : { ...fieldsOf(place.value), [segment]: changed }
}

/** The value of a place after the change at the end of the path; what is on the way is made. */
function change(place: Place, segments: readonly Segment[], leaf: Leaf): unknown {
  if (segments.length === 0) return leaf(place)
  const { items } = place.schema
  return items === undefined ? changeField(place, segments, leaf) : changeMember(place, items, segments, leaf)
}

function changeDocument(document: RouterConfigInput, segments: readonly Segment[], leaf: Leaf): RouterConfigInput {
  // Whether the result is a configuration is for the caller to check: an edit may break any rule of the schema.
  return change({ value: document, schema: wholeSchema(), path: [] }, segments, leaf) as RouterConfigInput
}

/** The document with the value that the words say at a path. Members of lists are made when they are named by a key, or at the end. */
export function setAt(document: RouterConfigInput, segments: readonly Segment[], words: readonly string[]): RouterConfigInput {
  return changeDocument(document, segments, ({ schema, path }) => valueOf(schema, words, jsonPath(path)))
}

/** The document without what stands at a path; a `not-found` fault when nothing does. */
export function deleteAt(document: RouterConfigInput, segments: readonly Segment[]): RouterConfigInput {
  getAt(document, segments)
  return changeDocument(document, segments, () => undefined)
}
