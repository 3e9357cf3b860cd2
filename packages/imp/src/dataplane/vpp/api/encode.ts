/** Values as bytes of VPP's API. A value that does not fit its field is a TypeError or RangeError that names the field. */
import type { Field, MessageDefinition, TypeDefinition } from './description.ts'
import { scalars, sizeOfField, type Fields, type Layout, type Value } from './layout.ts'
import { textTypes } from './text.ts'

/** Bytes that grow as they are written; new ones are zero. */
interface Writer {
  bytes: Buffer
  length: number
}

function reserve(writer: Writer, size: number): number {
  const at = writer.length
  const needed = at + size
  if (needed > writer.bytes.length) {
    const grown = Buffer.alloc(Math.max(needed, writer.bytes.length * 2))
    writer.bytes.copy(grown, 0, 0, at)
    writer.bytes = grown
  }
  writer.length = needed
  return at
}

function wrongType(what: string, expected: string, value: Value): TypeError {
  return new TypeError(`${what} must be ${expected}, not ${typeof value === 'bigint' ? value : JSON.stringify(value)}`)
}

function isFields(value: Value): value is Fields {
  return typeof value === 'object' && !Array.isArray(value)
}

function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value)
}

function numberOf(value: Value, what: string): number | bigint {
  if (typeof value === 'boolean') return value ? 1 : 0
  if (typeof value === 'number' || typeof value === 'bigint') return value
  throw wrongType(what, 'a number', value)
}

function enumerated(values: ReadonlyMap<string, number>, value: Value, what: string): number | bigint {
  if (isList(value)) return value.reduce<number>((sum, each) => sum | Number(enumerated(values, each, what)), 0)
  if (typeof value !== 'string') return numberOf(value, what)
  const found = values.get(value)
  if (found === undefined) throw wrongType(what, `one of ${[...values.keys()].join(', ')}`, value)
  return found
}

/** A fixed size is padded with zeros, of which VPP needs one at the end; without one the length comes first. */
function writeString(writer: Writer, size: number, value: Value, what: string): void {
  if (typeof value !== 'string') throw wrongType(what, 'a text', value)
  const bytes = Buffer.from(value)
  if (size === 0) {
    const at = reserve(writer, 4 + bytes.length)
    writer.bytes.writeUInt32BE(bytes.length, at)
    bytes.copy(writer.bytes, at + 4)
    return
  }
  if (bytes.length >= size) throw new RangeError(`${what} is longer than ${size - 1} bytes: ${value}`)
  const at = reserve(writer, size)
  bytes.copy(writer.bytes, at)
}

/** A union that was read has all its members; the widest of them is the whole of it. */
function writeUnion(layout: Layout, writer: Writer, type: string, fields: readonly Field[], value: Fields, what: string): void {
  const size = layout.sizeOf(type)
  const start = reserve(writer, size)
  const [widest] = fields.filter(({ name }) => name in value).toSorted((a, b) => sizeOfField(layout, b) - sizeOfField(layout, a))
  if (widest === undefined) return
  writer.length = start
  writeField(layout, writer, widest, value[widest.name], `${what}.${widest.name}`)
  writer.length = start + size
}

function writeDefined(layout: Layout, writer: Writer, type: string, definition: TypeDefinition, value: Value | undefined, what: string) {
  if (definition.kind === 'alias') return writeField(layout, writer, definition.field, value, what)
  if (definition.kind === 'enum') {
    return writeType(layout, writer, definition.base, enumerated(definition.values, value ?? 0, what), what)
  }
  if (value !== undefined && !isFields(value)) throw wrongType(what, 'an object', value)
  if (definition.kind === 'union') return writeUnion(layout, writer, type, definition.fields, value ?? {}, what)
  return writeFields(layout, writer, definition.fields, value ?? {}, what)
}

function writeType(layout: Layout, writer: Writer, type: string, value: Value | undefined, what: string): void {
  const scalar = scalars.get(type)
  if (scalar !== undefined) {
    const at = reserve(writer, scalar.size)
    return scalar.write(writer.bytes, at, numberOf(value ?? 0, what))
  }
  const text = textTypes.get(type)
  if (text === undefined) return writeDefined(layout, writer, type, layout.definitionOf(type), value, what)
  const at = reserve(writer, text.size)
  if (value === undefined) return undefined
  if (typeof value !== 'string') throw wrongType(what, 'a text', value)
  return text.write(value, writer.bytes, at)
}

function writeField(layout: Layout, writer: Writer, field: Field, value: Value | undefined, what: string): void {
  if (field.type === 'string') return writeString(writer, field.length ?? 0, value ?? '', what)
  if (field.length === undefined && field.count === undefined) return writeType(layout, writer, field.type, value ?? field.preset, what)
  const items = value ?? []
  if (!isList(items)) throw wrongType(what, 'a list', items)
  const length = field.count === undefined ? (field.length ?? 0) : items.length
  if (items.length > length) throw new RangeError(`${what} has ${items.length} items and room for ${length}`)
  for (let index = 0; index < length; index += 1) writeType(layout, writer, field.type, items[index], `${what}[${index}]`)
  return undefined
}

/** A field that counts the items of another one follows from it. */
function writeFields(layout: Layout, writer: Writer, fields: readonly Field[], values: Fields, what: string): void {
  const unknown = Object.keys(values).find((name) => !fields.some((field) => field.name === name))
  if (unknown !== undefined) throw new TypeError(`${what} has no field ${unknown}`)
  for (const field of fields) {
    const counted = fields.find((other) => other.count === field.name)
    const items = counted === undefined ? undefined : (values[counted.name] ?? [])
    const value = items === undefined ? values[field.name] : isList(items) ? items.length : 0
    writeField(layout, writer, field, value, `${what}.${field.name}`)
  }
}

/** The bytes of a message after its number. Fields that are left out are zero, or what VPP describes as their default. */
export function encode(layout: Layout, message: MessageDefinition, values: Fields): Buffer {
  const writer: Writer = { bytes: Buffer.alloc(256), length: 0 }
  writeFields(layout, writer, message.fields, values, message.name)
  return writer.bytes.subarray(0, writer.length)
}
