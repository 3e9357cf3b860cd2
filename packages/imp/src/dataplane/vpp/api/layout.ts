/**
 * How values of VPP's API lie in bytes: packed, big-endian; only `f64` is in the order of the host, which is little-endian on every
 * machine that VPP is built for (VPP, src/vlibapi/api_types.h).
 */
import type { Field, TypeDefinition } from './description.ts'
import { textTypes } from './text.ts'

export type Value = number | bigint | boolean | string | readonly Value[] | Fields
/** Values by name. Enumerations are numbers in answers; requests may write them as names, or as lists of names that are joined by or. */
export interface Fields {
  readonly [name: string]: Value
}

export interface Scalar {
  readonly size: number
  write(into: Buffer, at: number, value: number | bigint): void
  read(from: Buffer, at: number): number | bigint | boolean
}

export const scalars: ReadonlyMap<string, Scalar> = new Map<string, Scalar>([
  ['u8', { size: 1, write: (into, at, value) => into.writeUInt8(Number(value), at), read: (from, at) => from.readUInt8(at) }],
  ['i8', { size: 1, write: (into, at, value) => into.writeInt8(Number(value), at), read: (from, at) => from.readInt8(at) }],
  ['bool', { size: 1, write: (into, at, value) => into.writeUInt8(Number(value) === 0 ? 0 : 1, at), read: (from, at) => from[at] !== 0 }],
  ['u16', { size: 2, write: (into, at, value) => into.writeUInt16BE(Number(value), at), read: (from, at) => from.readUInt16BE(at) }],
  ['i16', { size: 2, write: (into, at, value) => into.writeInt16BE(Number(value), at), read: (from, at) => from.readInt16BE(at) }],
  ['u32', { size: 4, write: (into, at, value) => into.writeUInt32BE(Number(value), at), read: (from, at) => from.readUInt32BE(at) }],
  ['i32', { size: 4, write: (into, at, value) => into.writeInt32BE(Number(value), at), read: (from, at) => from.readInt32BE(at) }],
  ['u64', { size: 8, write: (into, at, value) => into.writeBigUInt64BE(BigInt(value), at), read: (from, at) => from.readBigUInt64BE(at) }],
  ['i64', { size: 8, write: (into, at, value) => into.writeBigInt64BE(BigInt(value), at), read: (from, at) => from.readBigInt64BE(at) }],
  ['f64', { size: 8, write: (into, at, value) => into.writeDoubleLE(Number(value), at), read: (from, at) => from.readDoubleLE(at) }],
])

/** The types that VPP describes, with the sizes of those that have a fixed one. */
export interface Layout {
  /** A TypeError for a type that VPP does not describe. */
  definitionOf(type: string): TypeDefinition
  /** Bytes; of types whose size varies the part that does not. */
  sizeOf(type: string): number
}

export function layoutOf(types: ReadonlyMap<string, TypeDefinition>): Layout {
  const sizes = new Map([...scalars, ...textTypes].map(([type, { size }]) => [type, size]))
  const definitionOf = (type: string): TypeDefinition => {
    const found = types.get(type)
    if (found === undefined) throw new TypeError(`VPP describes no type ${type}`)
    return found
  }
  const sizeOf = (type: string): number => {
    const known = sizes.get(type)
    if (known !== undefined) return known
    const size = measure(definitionOf(type))
    sizes.set(type, size)
    return size
  }
  const measure = (definition: TypeDefinition): number => {
    if (definition.kind === 'enum') return sizeOf(definition.base)
    if (definition.kind === 'alias') return sizeOfField({ definitionOf, sizeOf }, definition.field)
    const each = definition.fields.map((field) => sizeOfField({ definitionOf, sizeOf }, field))
    return definition.kind === 'union' ? Math.max(0, ...each) : each.reduce((sum, size) => sum + size, 0)
  }
  return { definitionOf, sizeOf }
}

/** Bytes of a field, without what varies. */
export function sizeOfField(layout: Layout, { type, length }: Field): number {
  return type === 'string' ? (length ?? 0) : layout.sizeOf(type) * (length ?? 1)
}
