/** Natural keys: the field by which people name a member of a list, so that `interfaces.wan` needs no number. */
import { keyFields, type KeyField } from './model.ts'

/** One part of a path: a field or the natural key of a member, or the place of a member in its list. */
export type Segment = string | number

/** The value of a member in one of its key fields, as a word. */
function keyIn(member: unknown, field: KeyField): string | undefined {
  if (typeof member !== 'object' || member === null || !Object.hasOwn(member, field)) return undefined
  const value: unknown = Reflect.get(member, field)
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined
}

function uniqueKeys(list: readonly unknown[], field: KeyField): readonly string[] | undefined {
  const keys = list.map((member) => keyIn(member, field)).filter((key) => key !== undefined)
  return keys.length === list.length && new Set(keys).size === keys.length ? keys : undefined
}

/** Natural keys of the members of two states of a list, by one field for both; undefined when none tells the members apart. */
export function keysOf(before: readonly unknown[], after: readonly unknown[]): readonly [readonly string[], readonly string[]] | undefined {
  for (const field of keyFields) {
    const [old, now] = [uniqueKeys(before, field), uniqueKeys(after, field)]
    if (old !== undefined && now !== undefined) return [old, now]
  }
  return undefined
}

/** Places of the members that go by this word: one of their key fields says it, or they are the word themselves. */
export function placesOf(list: readonly unknown[], word: string): readonly number[] {
  const fits = (member: unknown): boolean =>
    typeof member === 'object' && member !== null ? keyFields.some((field) => keyIn(member, field) === word) : String(member) === word
  return [...list.keys()].filter((index) => fits(list[index]))
}

/** What a member is called by a word: the field of it that says the word, with its value; nothing when none does. */
export function callingOf(member: unknown, word: string): Readonly<Record<string, unknown>> {
  const field = keyFields.find((each) => keyIn(member, each) === word)
  return field === undefined ? {} : { [field]: Reflect.get(member as object, field) as unknown }
}

/** The same place with the members of lists by their natural keys where they have some, as people name them. */
export function namedPlace(document: unknown, segments: readonly Segment[]): readonly Segment[] {
  const [segment, ...rest] = segments
  if (segment === undefined || typeof document !== 'object' || document === null) return segments
  if (!Array.isArray(document))
    return [segment, ...namedPlace(Object.hasOwn(document, segment) ? Reflect.get(document, segment) : undefined, rest)]
  const list: readonly unknown[] = document
  const name = typeof segment === 'number' ? keysOf(list, list)?.[0][segment] : undefined
  return [name ?? segment, ...namedPlace(list[Number(segment)], rest)]
}
