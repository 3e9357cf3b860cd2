/** Reads fields of messages whose types VPP describes; what is missing is zero, empty or false, as it is on the wire. */
import type { Fields, Value } from './layout.ts'

export function numberAt(fields: Fields, name: string): number {
  const value = fields[name]
  return typeof value === 'object' || value === undefined ? 0 : Number(value)
}

export function textAt(fields: Fields, name: string): string {
  const value = fields[name]
  return typeof value === 'string' ? value : ''
}

export function flagAt(fields: Fields, name: string): boolean {
  return numberAt(fields, name) !== 0
}

export function listAt(fields: Fields, name: string): readonly Value[] {
  const value = fields[name]
  return Array.isArray(value) ? (value as readonly Value[]) : []
}

function isFields(value: Value | undefined): value is Fields {
  return typeof value === 'object' && !Array.isArray(value)
}

export function fieldsAt(fields: Fields, name: string): Fields {
  const value = fields[name]
  return isFields(value) ? value : {}
}

export function rowsAt(fields: Fields, name: string): readonly Fields[] {
  return listAt(fields, name).filter(isFields)
}
