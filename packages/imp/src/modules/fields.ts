/** The fields of a module as a schema: what router.json may say below `modules[].config`. */
import { z } from 'zod'
import { Address4, Address6, Prefix4, Prefix6 } from '@imp/kit/base/schema.ts'
import type { Field, Item, ModuleDefinition } from './model.ts'

/** What stands in a line of VPP commands: nothing in it may begin another line, word or variable. */
const Text = z.string().regex(/^[^\s"'`$#;{}]{1,200}$/, 'must be one word without quotes, "$", "#", ";", "{" and "}"')

const byFormat = { ipv4: Address4, ipv6: Address6, ipv4_cidr: Prefix4, ipv6_cidr: Prefix6 } as const

interface Scalar {
  readonly type: string
  readonly format?: keyof typeof byFormat | undefined
  readonly choices?: readonly string[] | undefined
}

function scalar({ type, format, choices }: Scalar): z.ZodType {
  if (type === 'integer') return z.int()
  if (type === 'boolean') return z.boolean()
  if (choices !== undefined) return z.enum(choices as [string, ...string[]])
  return format === undefined ? Text : byFormat[format]
}

function item(schema: Item): z.ZodType {
  if (schema.type !== 'object') return scalar(schema)
  const properties = Object.entries(schema.properties ?? {}).map(([name, property]): [string, z.ZodType] => {
    const described = scalar(property).describe(property.description)
    if (property.default !== undefined) return [name, described.default(property.default)]
    return [name, property.required ? described : described.optional()]
  })
  return z.strictObject(Object.fromEntries(properties))
}

function fieldSchema(field: Field): z.ZodType {
  const schema = field.type === 'array' && field.item_schema !== undefined ? z.array(item(field.item_schema)) : scalar(field)
  const described = schema.describe(field.description)
  if (field.default !== undefined) return described.default(field.default)
  if (field.required) return described
  // Templates name every field: a list that is not set is empty, anything else is none.
  return field.type === 'array' ? described.default([]) : described.nullable().default(null)
}

/** Schema of the settings of a module, defaults filled in when it parses. */
export function configSchema(definition: ModuleDefinition): z.ZodObject {
  return z.strictObject(Object.fromEntries(Object.entries(definition.config_schema).map(([name, field]) => [name, fieldSchema(field)])))
}

/** Prefixes that a module announces: those its field, or the field of the items of its list, holds. */
export function valuesAt(config: Readonly<Record<string, unknown>>, field: string): string[] {
  const [name = '', member] = field.split('[].')
  const value = config[name]
  const items: unknown[] = Array.isArray(value) ? value : [value]
  const values = items.map((each) => (member === undefined ? each : (each as Record<string, unknown> | null)?.[member]))
  return values.filter((each) => typeof each === 'string')
}
