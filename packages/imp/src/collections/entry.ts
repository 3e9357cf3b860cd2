/** Members of the lists of a configuration: what they are called, where they are, and the document with one more or one less. Pure. */
import { Fault } from '@imp/kit/base/fault.ts'
import { nearest } from '@imp/kit/base/text.ts'
import { kebabCase } from '@imp/kit/op/fields.ts'
import type { RouterConfigInput } from '../config/model.ts'
import { inOrder, isKeyField, nameFieldsOf, numberedField, wordsOf, type Listed } from './schema.ts'

type Fields = Readonly<Record<string, unknown>>
type Segment = string | number

/** A member of a list. */
export interface Entry {
  /** What people call it: its name or key, or `[3]` when nothing else tells it apart. */
  readonly name: string
  readonly index: number
  readonly value: unknown
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function fieldIn(value: unknown, field: string): string | undefined {
  if (!isFields(value) || !Object.hasOwn(value, field)) return undefined
  const found = value[field]
  return typeof found === 'string' || typeof found === 'number' ? String(found) : undefined
}

/** All that a member may be called by, the most usual first. */
function namesOf(list: Listed, value: unknown): readonly string[] {
  if (!isFields(value)) return [String(value)]
  return nameFieldsOf(list).flatMap((field) => fieldIn(value, field) ?? [])
}

/** The members of a list with their names. */
export function entriesOf(list: Listed, members: readonly unknown[]): readonly Entry[] {
  const names = members.map((value) => namesOf(list, value)[0])
  return members.map((value, index) => {
    const [name] = namesOf(list, value)
    const alone = name !== undefined && names.filter((each) => each === name).length === 1
    return { name: alone ? name : `[${index}]`, index, value }
  })
}

/** The member that a word calls: by a name that only it has, or by its number. */
export function findEntry(list: Listed, members: readonly unknown[], word: string): Entry {
  const entries = entriesOf(list, members)
  const numbered = /^\[(\d+)\]$/.exec(word)
  const found = entries.filter(({ index, value }) =>
    numbered === null ? namesOf(list, value).includes(word) : index === Number(numbered[1]),
  )
  const [first, second] = found
  const what = wordsOf(list).join(' ')
  if (first !== undefined && second === undefined) return first
  if (second !== undefined) {
    const hint = `call one by its number: ${found.map(({ index }) => `[${index}]`).join(', ')}`
    throw new Fault('input', `${word} may be several of ${what}`, { hint })
  }
  const known = entries.map(({ name }) => name)
  const close = nearest(word, known)
  const some = known.length === 0 ? 'there are none' : `there are: ${known.slice(0, 20).join(', ')}`
  throw new Fault('not-found', `${what}: there is no ${JSON.stringify(word)}`, {
    hint: close === undefined ? some : `did you mean ${close}?`,
  })
}

/** How paths call a member: by its key where they have one, else by its number. */
export function segmentOf(list: Listed, entry: Entry): Segment {
  const field = nameFieldsOf(list).find((each) => fieldIn(entry.value, each) !== undefined)
  return field !== undefined && isKeyField(field) && !entry.name.startsWith('[') ? entry.name : entry.index
}

/** What stands at fields below a value; undefined when nothing does. */
export function valueAt(from: unknown, path: readonly Segment[]): unknown {
  return path.reduce<unknown>((value, key) => {
    if (Array.isArray(value)) return (value as unknown[])[Number(key)]
    return isFields(value) && Object.hasOwn(value, key) ? value[key] : undefined
  }, from)
}

/** Where a list is: fields and numbers from the top. `owner` calls the member of the outer list in which it is. */
export function placeOf(document: RouterConfigInput, { fields, within }: Listed, owner: string | undefined): readonly Segment[] {
  if (within === undefined) return fields
  const outer = placeOf(document, within, undefined)
  const { index } = findEntry(within, membersAt(document, outer), owner ?? '')
  return [...outer, index, ...fields]
}

/** The members of the list at a place; none where there is no list yet. */
export function membersAt(document: RouterConfigInput, place: readonly Segment[]): readonly unknown[] {
  const found = valueAt(document, place)
  return Array.isArray(found) ? (found as readonly unknown[]) : []
}

function replaceIn(from: unknown, [key, ...rest]: readonly Segment[], value: unknown): unknown {
  if (key === undefined) return value
  if (typeof key === 'number') {
    const list = from as readonly unknown[]
    return list.with(key, replaceIn(list[key], rest, value))
  }
  const { [key]: before, ...others } = isFields(from) ? from : {}
  const after = replaceIn(before, rest, value)
  if (after === undefined) return others
  return isFields(from) ? { ...from, [key]: after } : { [key]: after }
}

/** The document with another value at a place, or with nothing there when it is undefined; objects on the way are made. */
export function replaceAt(document: RouterConfigInput, place: readonly Segment[], value: unknown): RouterConfigInput {
  // Whether the result is a configuration is for the caller to check.
  return replaceIn(document, place, value) as RouterConfigInput
}

function freeNumber(field: string, least: number, members: readonly unknown[]): number {
  const taken = new Set(members.map((member) => Number(fieldIn(member, field))))
  let free = least
  while (taken.has(free)) free += 1
  return free
}

/** A new member with its number, where the list numbers its members. A `conflict` fault when one is called the same already. */
export function newMember(list: Listed, members: readonly unknown[], value: unknown): unknown {
  const numbered = numberedField(list)
  const complete =
    numbered === undefined || !isFields(value) || value[numbered.field] !== undefined
      ? value
      : { [numbered.field]: freeNumber(numbered.field, numbered.least, members), ...value }
  const [name] = namesOf(list, complete)
  if (name !== undefined && isTaken(list, members, complete)) {
    throw new Fault('conflict', `${wordsOf(list).join(' ')}: there is ${name} already`, { hint: 'choose another, or change it with set' })
  }
  return isFields(complete) ? inOrder(list, complete) : complete
}

/** The list without a member. A `state` fault for the last one of a list that must not be empty, with what to do instead. */
export function withoutMember(list: Listed, members: readonly unknown[], word: string): readonly unknown[] {
  const { name, index } = findEntry(list, members, word)
  if (members.length > 1 || list.mayBeEmpty) return members.toSpliced(index, 1)
  const [first = ''] = list.fields
  const whole = list.within === undefined ? `imp ${kebabCase(first)} disable` : `imp ${wordsOf(list.within).join(' ')} delete`
  throw new Fault('state', `${name} is the last of ${wordsOf(list).join(' ')}, which cannot be empty`, {
    hint: `add another one first, or take all of it away: ${whole}`,
  })
}

/** Whether a member has the same name; the rest of what may not come twice is for the check. */
function isTaken(list: Listed, members: readonly unknown[], value: unknown): boolean {
  if (!isFields(value)) return members.some((member) => member === value)
  const field = nameFieldsOf(list).find((each) => fieldIn(value, each) !== undefined) ?? ''
  const unique = field === 'name' || field === 'instance' || field === 'id'
  return unique && members.some((member) => fieldIn(member, field) === fieldIn(value, field))
}
