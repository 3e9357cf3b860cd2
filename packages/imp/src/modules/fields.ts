/** The fields of a module as a schema: what router.json may say below `modules[].config`. */
import { z } from 'zod'
import { Address4, Address6, Prefix4, Prefix6 } from '@imp/kit/base/schema.ts'
import type { Field, Item, ModuleDefinition, Parameter } from './model.ts'

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

/** One word that a command of a module takes. */
export function parameterSchema({ type, choices }: Parameter): z.ZodType {
  switch (type) {
    case 'integer':
      return z
        .string()
        .regex(/^-?\d+$/, 'must be a whole number')
        .transform(Number)
    case 'boolean':
      return z.enum(['true', 'false']).transform((word) => word === 'true')
    case 'choice':
      return choices === undefined ? Text : z.enum(choices as [string, ...string[]])
    case 'ipv4':
    case 'ipv6':
    case 'ipv4_cidr':
    case 'ipv6_cidr':
      return byFormat[type]
    case 'string':
    default:
      return Text
  }
}

interface JsonSchema {
  readonly anyOf?: readonly JsonSchema[]
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly [key: string]: unknown
}

/** People set a field or leave it out: nobody writes the null that a template sees then. */
function withoutNull(schema: JsonSchema): JsonSchema {
  const { anyOf, default: value, ...rest } = schema
  const own = anyOf?.filter(({ type }) => type !== 'null') ?? []
  const [only] = own
  const shown = value === null || value === undefined ? {} : { default: value }
  return own.length === 1 && only !== undefined ? { ...only, ...rest, ...shown } : schema
}

/** The same as JSON Schema of what people write. */
export function configJsonSchema(definition: ModuleDefinition, target: 'draft-7' | 'draft-2020-12' = 'draft-2020-12'): JsonSchema {
  const { $schema: _, ...schema } = z.toJSONSchema(configSchema(definition), {
    io: 'input',
    unrepresentable: 'any',
    reused: 'inline',
    target,
  })
  const properties = Object.entries((schema as JsonSchema).properties ?? {}).map(([name, field]) => [name, withoutNull(field)] as const)
  return { ...(schema as JsonSchema), properties: Object.fromEntries(properties) }
}

/** Prefixes that a module announces: those its field, or the field of the items of its list, holds. */
export function valuesAt(config: Readonly<Record<string, unknown>>, field: string): string[] {
  const [name = '', member] = field.split('[].')
  const value = config[name]
  const items: unknown[] = Array.isArray(value) ? value : [value]
  const values = items.map((each) => (member === undefined ? each : (each as Record<string, unknown> | null)?.[member]))
  return values.filter((each) => typeof each === 'string')
}
