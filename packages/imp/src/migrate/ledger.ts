/** Book-keeping of an import: every field of the old document is accounted for, also those that nobody asked about. */
import { jsonPath } from '@imp/kit/base/schema.ts'
import type { Mapping, Outcome, RouterDraft } from './model.ts'

type Targets = string | readonly string[]

export interface Ledger {
  /** The new document says the same. */
  kept(from: string, to: Targets, note?: string): void
  /** It says the same in another form. */
  changed(from: string, to: Targets, note?: string): void
  /** It follows from other fields. */
  derived(from: string, to: Targets, note: string): void
  /** The new document cannot say it. */
  dropped(from: string, note: string): void
  /** The same, unless the value is false, which is what the new document means by leaving it out. */
  left(from: string, value: unknown, note: string): void
  /** One mapping for everything below a path. */
  whole(from: string, outcome: Outcome, to: Targets, note: string): void
  /** A known field that says nothing when it is empty. */
  expect(...from: readonly string[]): void
  /**
   * Where every field of the old document went, in its order. A field that nothing was written about is unknown, and dropped.
   * One that was not set went nowhere, whatever was written about it, unless the new document has its place.
   */
  report(document: unknown, config: RouterDraft): Mapping[]
}

/** Whether a field says nothing: null, an empty text, list or object. */
function isUnset(value: unknown): boolean {
  return value === null || value === '' || (typeof value === 'object' && Object.keys(value).length === 0)
}

/** Whether nothing in an object or list says anything. */
function isHollow(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.values(value).every(isUnset)
}

/** `a`, `a.b`, `a.b[0]` for `a.b[0]`. */
function pathsTo(path: string): string[] {
  const paths: string[] = []
  for (let rest = path; rest !== ''; rest = rest.replace(/(\.?[^.[\]]+|\[\d+\])$/, '')) paths.push(rest)
  return paths
}

function membersOf(value: unknown): [PropertyKey, unknown][] {
  if (Array.isArray(value)) return value.map((item, index) => [index, item])
  return typeof value === 'object' && value !== null ? Object.entries(value) : []
}

/** Paths of everything in a value. */
function placesIn(value: unknown, path: readonly PropertyKey[] = []): string[] {
  return [jsonPath(path), ...membersOf(value).flatMap(([key, member]) => placesIn(member, [...path, key]))]
}

function mapping(from: string, outcome: Outcome, to: Targets, note: string | undefined): Mapping {
  return { from, to: [to].flat(), outcome, ...(note === undefined ? {} : { note }) }
}

export function openLedger(): Ledger {
  const mappings = new Map<string, Mapping[]>()
  const known = new Set<string>()
  const wholes = new Set<string>()

  function expect(...from: readonly string[]): void {
    for (const path of from.flatMap(pathsTo)) known.add(path)
  }

  function write(from: string, outcome: Outcome, to: Targets, note: string | undefined): void {
    expect(from)
    mappings.set(from, [...(mappings.get(from) ?? []), mapping(from, outcome, to, note)])
  }

  function visitUnset(from: string, places: ReadonlySet<string>): Mapping[] {
    const own = (mappings.get(from) ?? []).filter(({ to }) => to.some((target) => places.has(target)))
    return own.length > 0 ? own : [mapping(from, 'kept', [], 'not set')]
  }

  function visit(path: readonly PropertyKey[], value: unknown, places: ReadonlySet<string>): Mapping[] {
    const from = jsonPath(path)
    const own = mappings.get(from) ?? []
    if (path.length > 0 && !known.has(from)) return [mapping(from, 'dropped', [], 'unknown key: nothing here goes by this name')]
    if (path.length > 0 && (isUnset(value) || (wholes.has(from) && isHollow(value)))) return visitUnset(from, places)
    if (wholes.has(from)) return own
    const members = membersOf(value)
    if (members.length === 0 && own.length === 0) return [mapping(from, 'dropped', [], 'says nothing that is known')]
    return [...own, ...members.flatMap(([key, member]) => visit([...path, key], member, places))]
  }

  return {
    kept: (from, to, note) => write(from, 'kept', to, note),
    changed: (from, to, note) => write(from, 'changed', to, note),
    derived: (from, to, note) => write(from, 'derived', to, note),
    dropped: (from, note) => write(from, 'dropped', [], note),
    left: (from, value, note) => write(from, value === false ? 'derived' : 'dropped', [], note),
    whole: (from, outcome, to, note) => {
      wholes.add(from)
      write(from, outcome, to, note)
    },
    expect,
    report: (document, config) => visit([], document, new Set(placesIn(config))),
  }
}
