/** What differs between two configurations, by the paths that people use; and whether two sets of changes get in each other's way. */
import { isDeepStrictEqual } from 'node:util'
import { jsonPath } from '@imp/kit/base/schema.ts'
import { keysOf, type Segment } from './paths-keys.ts'

/** One place that differs. A side that has nothing there is left out. */
export interface Change {
  readonly path: string
  readonly before?: unknown
  readonly after?: unknown
  /** The members are the same in another order; the values are their names. */
  readonly order?: true
}

interface Place {
  readonly segments: readonly Segment[]
  readonly before: unknown
  readonly after: unknown
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function placesOfObjects(segments: readonly Segment[], before: Readonly<Record<string, unknown>>, after: typeof before): Place[] {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])]
  return keys.map((key) => ({ segments: [...segments, key], before: own(before, key), after: own(after, key) }))
}

function own(holder: Readonly<Record<string, unknown>>, key: string): unknown {
  return Object.hasOwn(holder, key) ? holder[key] : undefined
}

/** Members side by side by their natural keys. Another order of the same members is a difference of the list itself. */
function changesOfKeyed(segments: readonly Segment[], before: ReadonlyMap<string, unknown>, after: typeof before): Change[] {
  const keys = [...new Set([...before.keys(), ...after.keys()])]
  const members = keys.flatMap((key) => changesAt({ segments: [...segments, key], before: before.get(key), after: after.get(key) }))
  const oldOrder = [...before.keys()].filter((key) => after.has(key))
  const newOrder = [...after.keys()].filter((key) => before.has(key))
  const moved = isDeepStrictEqual(oldOrder, newOrder)
    ? []
    : [{ path: jsonPath(segments), before: oldOrder, after: newOrder, order: true as const }]
  return [...members, ...moved]
}

function changesOfLists(segments: readonly Segment[], before: readonly unknown[], after: readonly unknown[]): Change[] {
  const keys = keysOf(before, after)
  if (keys !== undefined) {
    const byKey = (names: readonly string[], members: readonly unknown[]) => new Map(names.map((name, index) => [name, members[index]]))
    return changesOfKeyed(segments, byKey(keys[0], before), byKey(keys[1], after))
  }
  if (![...before, ...after].every(isObject)) return [{ path: jsonPath(segments), before, after }]
  const length = Math.max(before.length, after.length)
  return Array.from({ length }, (_, index) => ({ segments: [...segments, index], before: before[index], after: after[index] })).flatMap(
    changesAt,
  )
}

function isNamedList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value) && value.length > 0 && keysOf(value, value) !== undefined
}

function changesAt({ segments, before, after }: Place): Change[] {
  if (isDeepStrictEqual(before, after)) return []
  if (isObject(before) && isObject(after)) return placesOfObjects(segments, before, after).flatMap(changesAt)
  if (Array.isArray(before) && Array.isArray(after)) return changesOfLists(segments, before, after)
  // The first members of a list come one by one, so that two people may add one each.
  if (before === undefined && isNamedList(after)) return changesOfLists(segments, [], after)
  const [old, now] = [before === undefined ? {} : { before }, after === undefined ? {} : { after }]
  return [{ path: jsonPath(segments), ...old, ...now }]
}

/** All places that differ, in the order of the documents. Empty when they say the same. */
export function differences(before: unknown, after: unknown): Change[] {
  return changesAt({ segments: [], before, after })
}

/** Places in a list without names mean something else as soon as another member comes or goes: they stand for the list. */
function stablePath({ path }: Change): string {
  return path.replace(/\[\d+\].*$/, '')
}

function isAtOrBelow(path: string, above: string): boolean {
  return above === '' || path === above || path.startsWith(`${above}.`) || path.startsWith(`${above}[`)
}

export interface Conflict {
  readonly mine: Change
  readonly theirs: Change
}

/** Pairs of changes of the same place, or of a place and one inside it, that do not come to the same. */
export function conflictsOf(mine: readonly Change[], theirs: readonly Change[]): Conflict[] {
  return mine.flatMap((own) =>
    theirs
      .filter((other) => isAtOrBelow(stablePath(own), stablePath(other)) || isAtOrBelow(stablePath(other), stablePath(own)))
      .filter((other) => own.path !== other.path || !isDeepStrictEqual(own.after, other.after))
      .map((other) => ({ mine: own, theirs: other })),
  )
}
