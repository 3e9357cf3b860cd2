/** Paths that a person may mean: what the candidate has, by name, and the fields that the schema offers beside it. */
import { jsonPath } from '@imp/kit/base/schema.ts'
import { keysOf, type Segment } from './paths-keys.ts'
import { fieldSchema, fieldsAt, memberSchema, wholeSchema, type PlaceSchema } from './paths-schema.ts'
import type { RouterConfigInput } from './model.ts'

/** More than this nobody reads, and a configuration of thousands of interfaces must not make the shell wait. */
const maximumPaths = 10_000

/** Fields of the envelope, which are not for people to set. */
const envelope = new Set(['$schema', 'schema', 'version'])

function addMembers(found: string[], list: readonly unknown[], schema: PlaceSchema, path: readonly Segment[]): void {
  const keys = keysOf(list, list)?.[0] ?? [...list.keys()]
  for (const [index, key] of keys.entries()) {
    found.push(jsonPath([...path, key]))
    addFields(found, list[index], memberSchema(schema, String(key)) ?? {}, [...path, key])
  }
}

function addFields(found: string[], value: unknown, schema: PlaceSchema, path: readonly Segment[]): void {
  if (found.length >= maximumPaths) return
  for (const field of fieldsAt(schema)) {
    if (path.length === 0 && envelope.has(field)) continue
    const inside = fieldSchema(schema, field) ?? {}
    const here = [...path, field]
    const own: unknown = typeof value === 'object' && value !== null && Object.hasOwn(value, field) ? Reflect.get(value, field) : undefined
    found.push(jsonPath(here))
    if (Array.isArray(own) && inside.items !== undefined) addMembers(found, own, inside, here)
    else if (own !== undefined || path.length === 0) addFields(found, own, inside, here)
  }
}

/** Every path that can be set in a document: of lists the members that are there, of objects all fields. */
export function pathsOf(document: RouterConfigInput): readonly string[] {
  const found: string[] = []
  addFields(found, document, wholeSchema(), [])
  return found
}
