/** Brings a candidate that others overtook up to date: a merge of both sides' changes since the commit that they have in common. Pure. */
import { isDeepStrictEqual } from 'node:util'
import { jsonPath } from '@imp/kit/base/schema.ts'
import type { Change } from './difference.ts'
import { keysOf, type Segment } from './paths-keys.ts'
import type { RouterConfigInput } from './model.ts'

export interface Rebased {
  readonly document: RouterConfigInput
  /** Own changes that were given up for those of others. */
  readonly dropped: readonly Change[]
}

type Fields = Readonly<Record<string, unknown>>

/** One place in the three documents; undefined where one has nothing there. */
interface Place {
  readonly path: readonly Segment[]
  readonly base: unknown
  readonly mine: unknown
  readonly theirs: unknown
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function own(fields: Fields, key: string): unknown {
  return Object.hasOwn(fields, key) ? fields[key] : undefined
}

function mergeFields({ path }: Place, sides: readonly [Fields, Fields, Fields], dropped: Change[]): Fields {
  const [base, mine, theirs] = sides
  const keys = [...new Set([...Object.keys(theirs), ...Object.keys(mine)])]
  const merged = keys.map((key) => {
    const inside = { path: [...path, key], base: own(base, key), mine: own(mine, key), theirs: own(theirs, key) }
    return [key, merge(inside, dropped)] as const
  })
  return Object.fromEntries(merged.filter(([, value]) => value !== undefined))
}

/** Names of the members of all three lists by one field; undefined when they have none in common. */
function namesOf(lists: readonly (readonly unknown[])[]): readonly ReadonlyMap<string, unknown>[] | undefined {
  const [base = [], mine = [], theirs = []] = lists
  const [first, second] = [keysOf(base, mine), keysOf(base, theirs)]
  if (first === undefined || second === undefined || !isDeepStrictEqual(first[0], second[0])) return undefined
  const named = (names: readonly string[], list: readonly unknown[]) => new Map(names.map((name, index) => [name, list[index]]))
  return [named(first[0], base), named(first[1], mine), named(second[1], theirs)]
}

/** Whether the members that both lists have stand in the same order. */
function isInOrder(a: ReadonlyMap<string, unknown>, b: ReadonlyMap<string, unknown>): boolean {
  const common = (one: ReadonlyMap<string, unknown>, other: typeof one) => [...one.keys()].filter((name) => other.has(name))
  return isDeepStrictEqual(common(a, b), common(b, a))
}

/** The names of theirs, with those that only mine has behind the ones that they follow in mine. */
function joinNames(mine: readonly string[], theirs: readonly string[]): readonly string[] {
  return mine.reduce<readonly string[]>((names, name, index) => {
    if (names.includes(name)) return names
    const before = mine.slice(0, index).findLast((each) => names.includes(each))
    return names.toSpliced(before === undefined ? 0 : names.indexOf(before) + 1, 0, name)
  }, theirs)
}

function mergeLists(place: Place, lists: readonly (readonly unknown[])[], dropped: Change[]): readonly unknown[] | undefined {
  const [base, mine, theirs] = namesOf(lists) ?? []
  if (base === undefined || mine === undefined || theirs === undefined) return undefined
  if (!isInOrder(base, mine) || !isInOrder(mine, theirs)) return undefined
  const members = joinNames([...mine.keys()], [...theirs.keys()]).map((name) =>
    merge({ path: [...place.path, name], base: base.get(name), mine: mine.get(name), theirs: theirs.get(name) }, dropped),
  )
  return members.filter((member) => member !== undefined)
}

/** What only one side changed is of that side; what both changed differently is of theirs, and mine is given up. */
function merge(place: Place, dropped: Change[]): unknown {
  const { path, base, mine, theirs } = place
  if (isDeepStrictEqual(mine, theirs) || isDeepStrictEqual(mine, base)) return theirs
  if (isDeepStrictEqual(theirs, base)) return mine
  if (isFields(mine) && isFields(theirs) && isFields(base)) return mergeFields(place, [base, mine, theirs], dropped)
  if (Array.isArray(mine) && Array.isArray(theirs) && (base === undefined || Array.isArray(base))) {
    const merged = mergeLists(place, [(base ?? []) as readonly unknown[], mine, theirs], dropped)
    if (merged !== undefined) return merged
  }
  dropped.push({ path: jsonPath(path), ...(base === undefined ? {} : { before: base }), ...(mine === undefined ? {} : { after: mine }) })
  return theirs
}

/** The changes from `base` to `mine` joined with those from `base` to `theirs`. */
export function rebase(base: RouterConfigInput, mine: RouterConfigInput, theirs: RouterConfigInput): Rebased {
  const dropped: Change[] = []
  // A mixture of two configurations may break any rule of the schema: for the caller to check.
  const document = merge({ path: [], base, mine, theirs }, dropped) as RouterConfigInput
  return { document, dropped }
}
