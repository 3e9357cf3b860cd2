/** What a person says to add a member or a section: each field of it a word or a flag, fields of fields joined: `--ospf-area`. */
import { z } from 'zod'
import { Fault } from '@imp/kit/base/fault.ts'
import { parseInterfaceAddress, type Family } from '@imp/kit/base/ip.ts'
import { kebabCase } from '@imp/kit/op/fields.ts'
import { descriptionOf, exampleOf, isCompound, isOptional, membersOf, nameFieldsOf, numberedField, unwrap, type Listed } from './schema.ts'

/** One field of what is added. */
export interface InputField {
  /** Key of the input: `ospfArea`. */
  readonly key: string
  /** Where it belongs: `['ospf', 'area']`. */
  readonly path: readonly string[]
  readonly required: boolean
  /** What the configuration takes there, without a default: what is not said stays unsaid. */
  readonly schema: z.ZodType
  readonly description: string
  readonly example: unknown
}

/** Members of lists of objects, as words: `interface=lan,vlan=100`, or JSON. */
const pairs = /^[A-Za-z]+=[^,=]*(,[A-Za-z]+=[^,=]*)*$/
const Pairs = z.string().regex(pairs, 'must be FIELD=VALUE,FIELD=VALUE or a JSON object')

/** What one word may stand for. */
function wordSchema(schema: z.ZodType): z.ZodType {
  if (!(schema instanceof z.ZodArray)) return schema
  const element = unwrap(schema.element as z.ZodType)
  return z.array(element instanceof z.ZodObject ? z.union([Pairs, element]) : element).min(1)
}

function described(schema: z.ZodType, outer: z.ZodType): string {
  const element = schema instanceof z.ZodArray ? unwrap(schema.element as z.ZodType) : undefined
  const text = descriptionOf(outer) || (element === undefined ? '' : descriptionOf(element))
  if (!(element instanceof z.ZodObject)) return text
  const names = membersOf(element).filter(({ schema: inner }) => !isCompound(inner))
  return `${text}, each as ${names.map(({ key }) => `${key}=...`).join(',')} or JSON`
}

function exampleIn(schema: z.ZodType, outer: z.ZodType): unknown {
  const own = exampleOf(outer)
  if (own !== undefined) return own
  if (schema instanceof z.ZodEnum) return schema.options[0]
  if (schema instanceof z.ZodNumber) return schema.minValue ?? 1
  if (schema instanceof z.ZodBoolean) return true
  if (!(schema instanceof z.ZodArray)) return 'text'
  const element = unwrap(schema.element as z.ZodType)
  return [element instanceof z.ZodObject ? exampleObject(element) : exampleIn(element, schema.element as z.ZodType)]
}

function exampleObject(object: z.ZodObject): string {
  const required = membersOf(object).filter(({ outer }) => !isOptional(outer))
  return required.map(({ key, schema, outer }) => `${key}=${String(exampleIn(schema, outer))}`).join(',')
}

function fieldsIn(object: z.ZodObject, before: readonly string[], required: boolean): readonly InputField[] {
  return membersOf(object).flatMap(({ key, schema, outer }) => {
    const path = [...before, key]
    const needed = required && !isOptional(outer)
    if (schema instanceof z.ZodObject) return fieldsIn(schema, path, needed)
    const name = path.map((part, index) => (index === 0 ? part : `${part[0]?.toUpperCase()}${part.slice(1)}`)).join('')
    const description = described(schema, outer)
    return [{ key: name, path, required: needed, schema: wordSchema(schema), description, example: exampleIn(schema, outer) }]
  })
}

/** All fields of an object, those of objects inside it joined to it. */
export function inputFields(object: z.ZodObject): readonly InputField[] {
  return fieldsIn(object, [], true)
}

function familyAddress(family: Family): z.ZodType {
  return z.string().superRefine((text, context) => {
    try {
      parseInterfaceAddress(text, family)
    } catch (error) {
      context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : String(error) })
    }
  })
}

/** Addresses by their family, for whoever has interface addresses: that is how people think of them. */
function familyFields(object: z.ZodObject): readonly InputField[] {
  if (!('addresses' in object.shape)) return []
  return ([4, 6] as const).map((family) => ({
    key: `ipv${family}`,
    path: ['addresses'],
    required: false,
    schema: z.array(familyAddress(family)).min(1),
    description: `IPv${family} address with the length of its network`,
    example: [family === 4 ? '192.0.2.1/24' : '2001:db8::1/64'],
  }))
}

/** What the words of `add` are: fields in the order of the words, then flags. */
export interface AddInput {
  readonly positional: readonly InputField[]
  readonly flags: readonly InputField[]
}

/** The words that add a member to a list of objects. */
export function addInput(list: Listed, object: z.ZodObject): AddInput {
  const numbered = numberedField(list)?.field
  const all = inputFields(object).map((field) => (field.key === numbered ? { ...field, required: false } : field))
  const names = nameFieldsOf(list).filter((name) => name !== numbered)
  const words = names.some((name) => all.some((field) => field.key === name && field.required))
    ? all.filter((field) => names.includes(field.key) && field.required)
    : all.filter((field) => field.key === names[0])
  return { positional: words, flags: [...familyFields(object), ...all.filter((field) => !words.includes(field))] }
}

/** The schema of these fields as the input of an operation. */
export function shapeOf(fields: readonly InputField[]): Record<string, z.ZodType> {
  return Object.fromEntries(
    fields.map(({ key, schema, required, description, example }) => {
      const documented = schema.meta({ description, ...(example === undefined ? {} : { examples: [example] }) })
      return [key, required ? documented : z.exactOptional(documented)]
    }),
  )
}

/** An object that is said as `interface=lan,vlan=100`. */
function readPairs(text: string, schema: z.ZodType): unknown {
  const said = text.split(',').map((pair) => pair.split('=', 2) as [string, string])
  const unknown = said.find(([key]) => !(schema instanceof z.ZodObject) || !(key in schema.shape))
  if (unknown !== undefined) {
    const known = schema instanceof z.ZodObject ? Object.keys(schema.shape) : []
    throw new Fault('input', `${JSON.stringify(text)}: there is no field ${JSON.stringify(unknown[0])}`, {
      hint: `one of: ${known.join(', ')}`,
    })
  }
  const shape = (schema as z.ZodObject).shape as Readonly<Record<string, z.ZodType>>
  return Object.fromEntries(said.map(([key, word]) => [key, unwrap(shape[key]!) instanceof z.ZodNumber ? Number(word) : word]))
}

function valueOf({ schema }: InputField, said: unknown): unknown {
  if (!Array.isArray(said) || !(schema instanceof z.ZodArray)) return said
  const element = schema.element as z.ZodType
  const object = element instanceof z.ZodUnion ? (element.options[1] as z.ZodType) : element
  return said.map((each: unknown) => (typeof each === 'string' && element instanceof z.ZodUnion ? readPairs(each, object) : each))
}

type Values = Readonly<Record<string, unknown>>

function place(values: Values, [field = '', ...rest]: readonly string[], value: unknown): Values {
  const before = values[field]
  if (rest.length > 0) return { ...values, [field]: place((before ?? {}) as Values, rest, value) }
  const both = Array.isArray(before) && Array.isArray(value) ? [...(before as unknown[]), ...(value as unknown[])] : value
  return { ...values, [field]: both }
}

/** The object that the input says; what was not said is not in it. An `input` fault for pairs of fields that do not exist. */
export function objectOf(fields: readonly InputField[], input: Values): Values {
  return fields
    .filter(({ key }) => input[key] !== undefined)
    .reduce<Values>((values, field) => place(values, field.path, valueOf(field, input[field.key])), {})
}

function exampleWords(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return /[\s"'|]/.test(text) ? `'${text}'` : text
}

/** The words of an example: all that must be said, and what makes it plain. */
export function exampleOfInput({ positional, flags }: AddInput): string {
  const words = positional.map(({ example }) => exampleWords(example))
  const needed = flags.filter(({ required }) => required)
  const families = flags.filter(({ key }) => key === 'ipv4')
  const said = [...needed, ...families].flatMap(({ key, example }) =>
    [example].flat().map((each) => `--${kebabCase(key)} ${exampleWords(each)}`),
  )
  return [...words, ...said].join(' ')
}
