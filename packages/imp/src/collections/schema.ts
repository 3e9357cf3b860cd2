/**
 * The lists and sections of the router configuration, found in its schema: a field that comes to the schema gets its commands without
 * anybody writing them. Pure.
 */
import { z } from 'zod'
import { kebabCase } from '@imp/kit/op/fields.ts'
import { RouterConfig, keyFields } from '../config/model.ts'

/** A list of the configuration, such as `interfaces`, `bgp.peers`, or `subinterfaces` of every interface. */
export interface Listed {
  /** Fields from the top, or from a member of `within`. */
  readonly fields: readonly string[]
  /** The list in whose members it is. */
  readonly within: Listed | undefined
  readonly member: z.ZodType
  readonly description: string
  /** Whether the schema takes it without members. */
  readonly mayBeEmpty: boolean
  /** Whether it may be left out. */
  readonly isOptional: boolean
}

/** A part of the configuration that is there or not, such as `bgp`. */
export interface Section {
  readonly field: string
  readonly object: z.ZodObject
  readonly description: string
}

interface Wrapper {
  readonly innerType: z.ZodType
}

/** What is inside of `optional`, `default` and their kin. */
export function unwrap(schema: z.ZodType): z.ZodType {
  const wrapped = ['optional', 'default', 'prefault', 'nullable', 'readonly'].includes(schema.def.type)
  return wrapped ? unwrap((schema.def as unknown as Wrapper).innerType) : schema
}

/** The outermost description: where a field is used it is described better than where its type is. */
export function descriptionOf(schema: z.ZodType): string {
  if (schema.description !== undefined) return schema.description
  const inner = (schema.def as Partial<Wrapper>).innerType
  return inner === undefined ? '' : descriptionOf(inner)
}

/** Whether people may leave a field out. */
export function isOptional(schema: z.ZodType): boolean {
  return schema.safeParse(undefined).success || schema.def.type === 'optional'
}

/** Members of an object with nothing wrapped around them. */
export function membersOf(object: z.ZodObject): readonly { readonly key: string; readonly schema: z.ZodType; readonly outer: z.ZodType }[] {
  return Object.entries(object.shape as Readonly<Record<string, z.ZodType>>).map(([key, outer]) => ({ key, schema: unwrap(outer), outer }))
}

function listed(fields: readonly string[], within: Listed | undefined, schema: z.ZodArray, outer: z.ZodType): Listed {
  const member = unwrap(schema.element as z.ZodType)
  return {
    fields,
    within,
    member,
    description: descriptionOf(outer),
    mayBeEmpty: schema.safeParse([]).success,
    isOptional: isOptional(outer),
  }
}

/** A list that is a field of an object at these fields. */
export function listedIn(before: readonly string[], field: string, schema: z.ZodArray, outer: z.ZodType): Listed {
  return listed([...before, field], undefined, schema, outer)
}

function listsIn(object: z.ZodObject, before: readonly string[], within: Listed | undefined): readonly Listed[] {
  return membersOf(object).flatMap(({ key, schema, outer }) =>
    schema instanceof z.ZodArray ? [listed([...before, key], within, schema, outer)] : [],
  )
}

const top = membersOf(RouterConfig)

/** Every section, in the order of the schema. */
export const sections: readonly Section[] = top.flatMap(({ key, schema, outer }) =>
  schema instanceof z.ZodObject ? [{ field: key, object: schema, description: descriptionOf(outer) }] : [],
)

const outerLists: readonly Listed[] = [
  ...listsIn(RouterConfig, [], undefined),
  ...sections.flatMap(({ field, object }) => listsIn(object, [field], undefined)),
]

/** Every list: those of the top, of the sections, and of the members of these. Deeper ones are reached by their places. */
export const lists: readonly Listed[] = outerLists.flatMap((outer) => [
  outer,
  ...(outer.member instanceof z.ZodObject ? listsIn(outer.member, [], outer) : []),
])

/** The words by which a list is known: `policy-routes`, `bgp peers`, `interfaces subinterfaces`. */
export function wordsOf({ fields, within }: Listed): readonly [string, ...string[]] {
  return [...(within === undefined ? [] : wordsOf(within)), ...fields.map(kebabCase)] as [string, ...string[]]
}

/** Fields by which a member is named, the one that people use first. Of scalars there are none: they are their own name. */
export function nameFieldsOf({ member }: Listed): readonly string[] {
  if (!(member instanceof z.ZodObject)) return []
  const members = membersOf(member)
  const required = members.filter(({ outer, schema }) => !isOptional(outer) && !isCompound(schema)).map(({ key }) => key)
  const keys = required.filter((key) => namingFields.has(key))
  const named = members.some(({ key }) => key === 'name') ? ['name'] : []
  return [...new Set([...named, ...(named.length + keys.length > 0 ? keys : required)])]
}

const namingFields: ReadonlySet<string> = new Set(keyFields)

/** Whether places of the configuration call a member by this field, rather than by its number in the list. */
export function isKeyField(field: string): boolean {
  return namingFields.has(field)
}

/** Whether a value has parts: an object, a list, a table. */
export function isCompound(schema: z.ZodType): boolean {
  return schema instanceof z.ZodObject || schema instanceof z.ZodArray || schema instanceof z.ZodRecord
}

/** Required numbers that only tell members apart: the first free one is taken unless somebody chooses. */
const numbers = new Set(['instance', 'id'])

/** The field that is numbered by itself, and its least number. */
export function numberedField({ member }: Listed): { readonly field: string; readonly least: number } | undefined {
  if (!(member instanceof z.ZodObject)) return undefined
  const found = membersOf(member).find(({ key, schema }) => numbers.has(key) && schema instanceof z.ZodNumber)
  if (found === undefined) return undefined
  const example = exampleOf(found.outer)
  const least = typeof example === 'number' ? example : ((found.schema as z.ZodNumber).minValue ?? 0)
  return { field: found.key, least }
}

/** An example of a value: one that its description gives, or else the simplest that its schema takes. */
export function exampleOf(schema: z.ZodType): unknown {
  const examples: unknown = schema.meta()?.['examples']
  if (Array.isArray(examples) && examples.length > 0) return examples[0]
  const inner = (schema.def as Partial<Wrapper>).innerType
  return inner === undefined ? undefined : exampleOf(inner)
}

/** The fields of members, in the order of the schema; none of scalars. */
export function fieldOrder({ member }: Listed): readonly string[] {
  return member instanceof z.ZodObject ? Object.keys(member.shape) : []
}

/** The fields of a member in the order of the schema, as people expect to read them. */
export function inOrder(list: Listed, value: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    [...new Set([...fieldOrder(list), ...Object.keys(value)])].flatMap((key) => (key in value ? [[key, value[key]]] : [])),
  )
}

/** Lists of objects that must not be empty have commands of their own, whose first member makes the section. */
export function isEnabledByMembers({ object }: Section): boolean {
  return membersOf(object).some(
    ({ schema, outer }) => !isOptional(outer) && schema instanceof z.ZodArray && unwrap(schema.element as z.ZodType) instanceof z.ZodObject,
  )
}

/** Fields that a section cannot be without. */
export function requiredFields({ object }: Section): readonly string[] {
  return membersOf(object).flatMap(({ key, outer }) => (isOptional(outer) ? [] : [key]))
}
