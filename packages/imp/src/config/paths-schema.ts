/** What the schema says about a place of the configuration: which fields it has, what its members are, what a word there means. */
import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { Fault } from '@imp/kit/base/fault.ts'
import { RouterConfig, keyFields, type KeyField } from './model.ts'

/** The part of a JSON Schema (draft 2020-12) that paths and words need. */
export interface PlaceSchema {
  readonly type?: string
  readonly description?: string
  readonly default?: unknown
  readonly examples?: readonly unknown[]
  readonly minimum?: number
  readonly maximum?: number
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly properties?: Readonly<Record<string, PlaceSchema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: PlaceSchema | boolean
  readonly items?: PlaceSchema
  /** Of a list: schemas of members by their key, where they differ from that of the others. */
  readonly members?: Readonly<Record<string, PlaceSchema>>
}

let whole: PlaceSchema | undefined
let settings: ModuleSchemas = {}

/** Schemas of the settings of modules, by the name of the module. */
export type ModuleSchemas = Readonly<Record<string, PlaceSchema>>

/** Makes the settings of the modules that are installed on this machine a part of the schema; until told it has none. */
export function learnModules(schemas: ModuleSchemas): void {
  if (isDeepStrictEqual(schemas, settings)) return
  settings = schemas
  whole = undefined
}

function withSettings(schema: PlaceSchema): PlaceSchema {
  const { modules } = schema.properties ?? {}
  const { items } = modules ?? {}
  if (items === undefined) return schema
  const named = ([name, config]: [string, PlaceSchema]): [string, PlaceSchema] => [
    name,
    { ...items, properties: { ...items.properties, config: { ...items.properties?.['config'], ...config } } },
  ]
  const members = Object.fromEntries(Object.entries(settings).map(named))
  return { ...schema, properties: { ...schema.properties, modules: { ...modules, members } } }
}

/** The schema of the whole configuration as people write it; made when first asked for. */
export function wholeSchema(): PlaceSchema {
  whole ??= withSettings(z.toJSONSchema(RouterConfig, { io: 'input', unrepresentable: 'any', reused: 'inline' }) as PlaceSchema)
  return whole
}

/** Schema of one member of a list: by its key where that has one of its own. Undefined for what is no list. */
export function memberSchema({ items, members = {} }: PlaceSchema, key: string | undefined): PlaceSchema | undefined {
  return key !== undefined && Object.hasOwn(members, key) ? members[key] : items
}

/** Names of the fields of an object. */
export function fieldsAt(schema: PlaceSchema): readonly string[] {
  return Object.keys(schema.properties ?? {})
}

/** Schema of a field; undefined when the schema knows no such field. */
export function fieldSchema(schema: PlaceSchema, field: string): PlaceSchema | undefined {
  const { properties = {}, additionalProperties = false } = schema
  if (Object.hasOwn(properties, field)) return properties[field]
  if (additionalProperties === false) return undefined
  return additionalProperties === true ? {} : additionalProperties
}

/** Field by which a new member of a list is named; undefined when members are made by their place only. */
export function keyFieldOf(items: PlaceSchema): KeyField | undefined {
  return keyFields.find((field) => items.required?.includes(field) === true)
}

/** The few values that are allowed there, when the schema lists them. */
export function choicesAt(schema: PlaceSchema): readonly unknown[] {
  if (schema.const !== undefined) return [schema.const]
  return schema.type === 'boolean' ? [true, false] : (schema.enum ?? [])
}

function jsonOf(word: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(word) as unknown }
  } catch {
    return undefined
  }
}

function expected(path: string, word: string, what: string): Fault {
  return new Fault('input', `${path}: ${JSON.stringify(word)} is not ${what}`)
}

function jsonWord(path: string, word: string, what: string, fits: (value: unknown) => boolean): unknown {
  const json = jsonOf(word)
  if (json === undefined || !fits(json.value)) throw expected(path, word, what)
  return json.value
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** How JSON writes numbers. */
const decimal = /^-?\d+(\.\d+)?$/

function oneWord(schema: PlaceSchema, word: string, path: string): unknown {
  const choices = choicesAt(schema)
  if (choices.length > 0) {
    const choice = choices.find((each) => String(each) === word)
    if (choice === undefined) throw expected(path, word, `one of: ${choices.map(String).join(', ')}`)
    return choice
  }
  switch (schema.type) {
    case 'number':
    case 'integer':
      if (!decimal.test(word)) throw expected(path, word, 'a number')
      return Number(word)
    case 'object':
      return jsonWord(path, word, `an object in JSON, such as '{"${fieldsAt(schema)[0] ?? 'key'}": ...}'`, isObject)
    case 'array':
      return jsonWord(path, word, 'a list in JSON', Array.isArray)
    case 'string':
      return word
    case undefined:
    default:
      return (jsonOf(word) ?? { value: word }).value
  }
}

/** The value that words stand for at a place: a list takes several words or one JSON list, everything else one word. */
export function valueOf(schema: PlaceSchema, words: readonly string[], path: string): unknown {
  const [first = '', ...more] = words
  const { type, items } = schema
  if (type !== 'array' || items === undefined) {
    if (more.length > 0) throw new Fault('input', `${path} takes one value, not ${words.length}`, { hint: 'quote a value that has blanks' })
    return oneWord(schema, first, path)
  }
  if (more.length === 0 && first.trimStart().startsWith('[')) return oneWord(schema, first, path)
  return words.map((word, index) => oneWord(items, word, `${path}[${index}]`))
}
