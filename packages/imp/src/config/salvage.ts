/** What is left of a document when everything that its schema refuses is taken out, so that rules across fields can judge the rest. Pure. */
import type { z } from 'zod'
import { jsonPath } from '@imp/kit/base/schema.ts'

type Path = readonly PropertyKey[]

export interface Dropped {
  readonly path: Path
  readonly value: unknown
  /** Whether the schema has such a key at all. */
  readonly known: boolean
}

export interface Salvaged {
  /** The document without what was refused; the schema accepts it. */
  readonly document: unknown
  /** What was taken out: its place in the document as written, and what stood there. */
  readonly dropped: readonly Dropped[]
  /** A text in which the places of this document have become those of the document as written. */
  readonly original: (text: string) => string
}

/** Places in lists that were kept, by the path of the list in the new document. */
type Kept = Map<string, readonly number[]>

function keyOf(path: Path): string {
  return JSON.stringify(path)
}

/** A copy without the places in `removed`; `kept` learns which members of shortened lists are left. */
function prune(value: unknown, removed: { has(key: string): boolean }, kept: Kept, from: Path = [], to: Path = []): unknown {
  if (Array.isArray(value)) {
    const left = [...value.keys()].filter((index) => !removed.has(keyOf([...from, index])))
    if (left.length < value.length) kept.set(keyOf(to), left)
    return left.map((index, place) => prune(value[index], removed, kept, [...from, index], [...to, place]))
  }
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value).filter(([key]) => !removed.has(keyOf([...from, key])))
  return Object.fromEntries(members.map(([key, member]) => [key, prune(member, removed, kept, [...from, key], [...to, key])]))
}

function valueAt(root: unknown, path: Path): unknown {
  return path.reduce<unknown>((value, key) => (value === null || value === undefined ? undefined : Reflect.get(Object(value), key)), root)
}

/** The place as it is in the document that was written. */
function originalPath(path: Path, kept: Kept): Path {
  return path.map((key, depth) => (typeof key === 'number' ? (kept.get(keyOf(path.slice(0, depth)))?.[key] ?? key) : key))
}

/** What has to go so that an issue goes: the value itself, or what holds it when it is missing. */
function removals(issue: z.core.$ZodIssue, document: unknown): Pick<Dropped, 'path' | 'known'>[] {
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => ({ path: [...issue.path, key], known: false }))
  const there = issue.path.findIndex((_, depth) => valueAt(document, issue.path.slice(0, depth + 1)) === undefined)
  return [{ path: there < 0 ? issue.path : issue.path.slice(0, there), known: true }]
}

function pathOf(text: string): Path {
  return [...text.matchAll(/\[(\d+)\]|[A-Za-z]\w*/g)].map(([key, index]) => (index === undefined ? key : Number(index)))
}

/**
 * Takes out what a schema refuses, as little as possible: a field that may be missing goes alone, one that may not takes along what holds
 * it. Undefined when that is the whole document.
 */
export function salvage(schema: z.ZodType, written: unknown): Salvaged | undefined {
  const removed = new Map<string, Dropped>()
  for (;;) {
    const kept: Kept = new Map()
    const document = prune(written, removed, kept)
    const issues = schema.safeParse(document).error?.issues ?? []
    if (issues.length === 0) {
      const original = (text: string): string =>
        text.replace(/[A-Za-z]\w*(?:\[\d+\]|\.[A-Za-z]\w*)+/g, (place) => jsonPath(originalPath(pathOf(place), kept)))
      return { document, dropped: [...removed.values()], original }
    }
    for (const { path, known } of issues.flatMap((issue) => removals(issue, document))) {
      const place = originalPath(path, kept)
      if (place.length === 0) return undefined
      removed.set(keyOf(place), { path: place, value: valueAt(written, place), known })
    }
  }
}
