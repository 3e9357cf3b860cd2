/** Bytes of VPP's API as values. Bytes that are fewer than described are a RangeError. */
import type { Field, MessageDefinition } from './description.ts'
import { scalars, type Fields, type Layout, type Value } from './layout.ts'
import { textTypes } from './text.ts'

interface Reader {
  readonly bytes: Buffer
  at: number
}

function take(reader: Reader, size: number): number {
  const { at } = reader
  if (at + size > reader.bytes.length) throw new RangeError(`${at + size} bytes are described and ${reader.bytes.length} came`)
  reader.at = at + size
  return at
}

function readString(reader: Reader, size: number): string {
  if (size === 0) {
    const length = reader.bytes.readUInt32BE(take(reader, 4))
    const at = take(reader, length)
    return reader.bytes.toString('utf8', at, at + length)
  }
  const at = take(reader, size)
  const end = reader.bytes.indexOf(0, at)
  return reader.bytes.toString('utf8', at, end < 0 || end > at + size ? at + size : end)
}

function readUnion(layout: Layout, reader: Reader, type: string, fields: readonly Field[]): Fields {
  const at = take(reader, layout.sizeOf(type))
  return Object.fromEntries(fields.map((field) => [field.name, readField(layout, { bytes: reader.bytes, at }, field, {})]))
}

function readType(layout: Layout, reader: Reader, type: string): Value {
  const plain = scalars.get(type) ?? textTypes.get(type)
  if (plain !== undefined) return plain.read(reader.bytes, take(reader, plain.size))
  const definition = layout.definitionOf(type)
  if (definition.kind === 'enum') return readType(layout, reader, definition.base)
  if (definition.kind === 'alias') return readField(layout, reader, definition.field, {})
  if (definition.kind === 'union') return readUnion(layout, reader, type, definition.fields)
  return readFields(layout, reader, definition.fields)
}

function readField(layout: Layout, reader: Reader, field: Field, before: Fields): Value {
  if (field.type === 'string') return readString(reader, field.length ?? 0)
  if (field.length === undefined && field.count === undefined) return readType(layout, reader, field.type)
  const length = field.count === undefined ? (field.length ?? 0) : Number(before[field.count] ?? 0)
  // Every item has at least one byte: a wild count must not fill the memory first.
  if (length > reader.bytes.length - reader.at) throw new RangeError(`${length} items of ${field.name} are announced and did not come`)
  return Array.from({ length }, () => readType(layout, reader, field.type))
}

function readFields(layout: Layout, reader: Reader, fields: readonly Field[]): Fields {
  const values: Record<string, Value> = {}
  for (const field of fields) values[field.name] = readField(layout, reader, field, values)
  return values
}

/** The fields of a message out of its bytes after the message number. */
export function decode(layout: Layout, message: MessageDefinition, bytes: Buffer): Fields {
  return readFields(layout, { bytes, at: 0 }, message.fields)
}
