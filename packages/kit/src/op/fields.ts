/**
 * The input of an operation as a person says it in words: which keys are positional, which are flags and what they take.
 * Read from the JSON Schema of the input, the same that documents it.
 */
import { z } from 'zod'
import { FilePath } from '../base/schema.ts'
import type { AnyOperation } from './operation.ts'

/** What a word can become. `json` takes a JSON object or array. */
export type Kind = 'text' | 'number' | 'boolean' | 'json'

/** The part of a JSON Schema (draft 2020-12) that words and help need. */
export interface PropertySchema {
  readonly type?: string | readonly string[]
  readonly description?: string
  readonly default?: unknown
  readonly examples?: readonly unknown[]
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly items?: PropertySchema
  readonly anyOf?: readonly PropertySchema[]
  readonly oneOf?: readonly PropertySchema[]
  readonly allOf?: readonly PropertySchema[]
  readonly minimum?: number
  readonly maximum?: number
  readonly pattern?: string
  readonly $ref?: string
}

export interface Field {
  readonly key: string
  /** Place among the positional words, undefined for a flag. */
  readonly position: number | undefined
  /** Long flag without its dashes; of a positional word its name in lower case. */
  readonly name: string
  /** Short flag without its dash. */
  readonly short: string | undefined
  /** As messages and help say it: `NAME`, `--cpus`. */
  readonly label: string
  /** What one word of it can become. */
  readonly kinds: readonly Kind[]
  /** Takes several words: a flag is repeated, a positional takes all that follow. */
  readonly many: boolean
  readonly required: boolean
  /** The only values allowed, when they are few and known. */
  readonly choices: readonly (string | number)[]
  /** Names a file of this machine, so that shells complete file names. */
  readonly path: boolean
  readonly schema: PropertySchema
}

interface ObjectSchema {
  readonly properties?: Readonly<Record<string, PropertySchema>>
  readonly required?: readonly string[]
  readonly $defs?: Readonly<Record<string, PropertySchema>>
}

const filePathPattern = (z.toJSONSchema(FilePath) as PropertySchema).pattern

/** `memoryMib` -> `memory-mib`. */
export function kebabCase(key: string): string {
  return key.replace(/(?<=[a-z0-9])([A-Z])/g, '-$1').toLowerCase()
}

function resolve(schema: PropertySchema, definitions: ObjectSchema['$defs']): PropertySchema {
  const name = schema.$ref?.replace('#/$defs/', '')
  const found = name === undefined ? undefined : definitions?.[name]
  if (found === undefined) return schema
  const { $ref: _, ...rest } = schema
  return { ...resolve(found, definitions), ...rest }
}

/** All schemas of which a value may satisfy one, unions within unions included. */
function alternatives(schema: PropertySchema, definitions: ObjectSchema['$defs']): PropertySchema[] {
  const inner = schema.anyOf ?? schema.oneOf ?? schema.allOf
  if (inner === undefined) return [schema]
  return inner.flatMap((each) => alternatives(resolve(each, definitions), definitions))
}

function kindsOf(schema: PropertySchema): Kind[] {
  const value = schema.const ?? schema.enum?.[0]
  const types = schema.type === undefined ? [value === undefined ? 'string' : typeof value] : [schema.type].flat()
  return types.flatMap((type): Kind[] => {
    if (type === 'null') return []
    if (type === 'integer' || type === 'number') return ['number']
    if (type === 'boolean') return ['boolean']
    return type === 'object' || type === 'array' ? ['json'] : ['text']
  })
}

function choicesOf(schemas: readonly PropertySchema[]): (string | number)[] {
  const lists = schemas.map((schema) => (schema.const === undefined ? schema.enum : [schema.const]))
  if (lists.some((list) => list === undefined)) return []
  return lists.flatMap((list) => list ?? []).filter((value) => typeof value === 'string' || typeof value === 'number')
}

function isPath(key: string, schemas: readonly PropertySchema[]): boolean {
  if (!schemas.some((schema) => kindsOf(schema).includes('text') && schema.enum === undefined && schema.const === undefined)) return false
  return schemas.some((schema) => schema.pattern === filePathPattern) || /(^f|F)iles?$|(^p|P)aths?$|(^d|D)irectory$/.test(key)
}

function field(operation: AnyOperation, key: string, whole: ObjectSchema): Field {
  const schema = resolve(whole.properties?.[key] ?? {}, whole.$defs)
  const many = schema.type === 'array'
  const items = alternatives(many ? resolve(schema.items ?? {}, whole.$defs) : schema, whole.$defs)
  const position = operation.args?.indexOf(key) ?? -1
  const name: string = operation.flags?.[key] ?? kebabCase(key)
  return {
    key,
    position: position < 0 ? undefined : position,
    name,
    short: operation.short?.[key],
    label: position < 0 ? `--${name}` : name.toUpperCase(),
    kinds: [...new Set(items.flatMap(kindsOf))],
    many,
    required: whole.required?.includes(key) ?? false,
    choices: choicesOf(items),
    path: isPath(key, items),
    schema,
  }
}

/** The fields of an operation's input: positional ones first, in their order, then flags in the order of the schema. */
export function fieldsOf(operation: AnyOperation): readonly Field[] {
  const whole = z.toJSONSchema(operation.input, { io: 'input', unrepresentable: 'any' }) as ObjectSchema
  const fields = Object.keys(whole.properties ?? {}).map((key) => field(operation, key, whole))
  return fields.toSorted((a, b) => (a.position ?? fields.length) - (b.position ?? fields.length))
}
