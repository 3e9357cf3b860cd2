/**
 * What VPP says about its own messages: the answer to `get_api_json`, read once at the border and turned into tables by name
 * (VPP, src/tools/vppapigen/vppapigen_json.py).
 */
import { z } from 'zod'
import { parse, parseJson } from '@imp/kit/base/schema.ts'

const FieldOptions = z.looseObject({ default: z.union([z.number(), z.boolean(), z.string()]).exactOptional() })

const RawField = z.union([
  z.tuple([z.string(), z.string()]),
  z.tuple([z.string(), z.string(), z.union([z.int().min(0), FieldOptions])]),
  z.tuple([z.string(), z.string(), z.int().min(0), z.string()]),
])

const EnumItem = z.tuple([z.string(), z.int()])
const RawEnum = z.array(z.union([z.string(), EnumItem, z.looseObject({ enumtype: z.string() })]))
const RawStruct = z.array(z.union([z.string(), RawField, z.looseObject({ crc: z.string().exactOptional() })]))

const Service = z.looseObject({ reply: z.string(), stream: z.boolean().exactOptional(), stream_msg: z.string().exactOptional() })

const Module = z.looseObject({
  types: z.array(RawStruct).default([]),
  messages: z.array(RawStruct).default([]),
  unions: z.array(RawStruct).default([]),
  enums: z.array(RawEnum).default([]),
  enumflags: z.array(RawEnum).default([]),
  aliases: z.record(z.string(), z.looseObject({ type: z.string(), length: z.int().min(0).exactOptional() })).default({}),
  services: z.record(z.string(), Service).default({}),
})

/** The description as VPP sends it, module by module. */
export const Modules = z.array(Module)
export type Modules = z.input<typeof Modules>

export interface Field {
  readonly name: string
  readonly type: string
  /** Number of items of an array, or bytes of a string; 0 for a string that carries its own length. Undefined for a single value. */
  readonly length?: number
  /** Field before this one that says how many items there are. */
  readonly count?: string
  readonly preset?: number | boolean | string
}

export type TypeDefinition =
  | { readonly kind: 'alias'; readonly field: Field }
  | { readonly kind: 'enum'; readonly base: string; readonly values: ReadonlyMap<string, number> }
  | { readonly kind: 'struct' | 'union'; readonly fields: readonly Field[] }

export interface MessageDefinition {
  readonly name: string
  /** Eight hexadecimal digits that change when the fields do. */
  readonly crc: string
  /** Fields after the message number. */
  readonly fields: readonly Field[]
}

/** How a request is answered: by one reply, by a stream of details, or by details that a reply ends. */
export interface Service {
  readonly reply: string
  readonly stream: boolean
  readonly details?: string
}

export interface Description {
  readonly types: ReadonlyMap<string, TypeDefinition>
  readonly messages: ReadonlyMap<string, MessageDefinition>
  readonly services: ReadonlyMap<string, Service>
}

/** `vl_api_prefix_t` is the type `prefix`. */
function bare(type: string): string {
  return /^vl_api_(.*)_t$/.exec(type)?.[1] ?? type
}

/** Defaults of flags come as texts: `"true"`. */
function presetOf(value: number | boolean | string): number | boolean | string {
  if (value === 'true' || value === 'false') return value === 'true'
  return typeof value === 'string' && value.trim() !== '' && !Number.isNaN(Number(value)) ? Number(value) : value
}

function toField(raw: z.output<typeof RawField>): Field {
  const [type, name, third, count] = raw
  const preset = typeof third === 'object' ? third.default : undefined
  return {
    name,
    type: bare(type),
    ...(typeof third === 'number' ? { length: third } : {}),
    ...(count === undefined ? {} : { count }),
    ...(preset === undefined ? {} : { preset: presetOf(preset) }),
  }
}

function fieldsOf(raw: z.output<typeof RawStruct>): Field[] {
  return raw.flatMap((part) => (Array.isArray(part) ? [toField(part)] : []))
}

function nameOf(raw: z.output<typeof RawStruct> | z.output<typeof RawEnum>): string {
  return typeof raw[0] === 'string' ? raw[0] : ''
}

function toEnum(raw: z.output<typeof RawEnum>): TypeDefinition {
  const last = raw.at(-1)
  const base = typeof last === 'object' && !Array.isArray(last) ? last.enumtype : 'u32'
  return { kind: 'enum', base, values: new Map(raw.flatMap((part) => (Array.isArray(part) ? [part] : []))) }
}

function toMessage(raw: z.output<typeof RawStruct>): MessageDefinition {
  const last = raw.at(-1)
  const crc = typeof last === 'object' && !Array.isArray(last) ? (last.crc ?? '') : ''
  return { name: nameOf(raw), crc: crc.replace(/^0x/, ''), fields: fieldsOf(raw).filter((field) => field.name !== '_vl_msg_id') }
}

/** Tables by name out of the modules. */
export function describe(modules: Modules): Description {
  const types = new Map<string, TypeDefinition>()
  const messages = new Map<string, MessageDefinition>()
  const services = new Map<string, Service>()
  for (const module of Modules.parse(modules)) {
    for (const [name, { type, length }] of Object.entries(module.aliases)) {
      types.set(name, { kind: 'alias', field: toField(length === undefined ? [type, name] : [type, name, length]) })
    }
    for (const raw of [...module.enums, ...module.enumflags]) types.set(nameOf(raw), toEnum(raw))
    for (const raw of module.unions) types.set(nameOf(raw), { kind: 'union', fields: fieldsOf(raw) })
    for (const raw of module.types) types.set(nameOf(raw), { kind: 'struct', fields: fieldsOf(raw) })
    for (const raw of module.messages) messages.set(nameOf(raw), toMessage(raw))
    for (const [name, { reply, stream = false, stream_msg: details }] of Object.entries(module.services)) {
      services.set(name, { reply, stream, ...(details === undefined ? {} : { details }) })
    }
  }
  return { types, messages, services }
}

/** Reads the text of a description; an `input` fault when it is not one. */
export function parseModules(text: string): Modules {
  return parse(Modules, parseJson(text, 'the description of VPP’s API'), 'the description of VPP’s API')
}
