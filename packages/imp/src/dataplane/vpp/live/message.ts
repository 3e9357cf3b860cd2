/** One message that changes VPP, with numbers that are not known yet as names: VPP gives them when it makes what they stand for. */
import type { Fields } from '../api/layout.ts'

/** A field whose value is the number of an interface or of an access list. */
export type Reference = { readonly interface: string } | { readonly list: string }

export type Template = Value | Reference
type Value = number | boolean | string | readonly Template[] | { readonly [field: string]: Template }

/** How much of the traffic a message disturbs: none, that through what it changes for a moment, or all of the process. */
export type MessageDisruption = 'none' | 'brief'

export interface Message {
  readonly message: string
  readonly fields: Readonly<Record<string, Template>>
  /** What the reply gives the number of. */
  readonly makes?: Reference
  /** For people: `add 192.0.2.1/24 to lan`. */
  readonly summary: string
  /** Thing that it is about: `interfaces lan`. */
  readonly about: string
  readonly disruption: MessageDisruption
  /** Return values besides those from 0 up that are no refusal. */
  readonly allowed?: readonly number[]
}

/** Messages whose order among themselves does not matter; the next ones are sent when all of them are answered. */
export type Phase = readonly Message[]

/** Numbers by name, as far as they are known. */
export interface Indexes {
  readonly interfaces: Map<string, number>
  readonly lists: Map<string, number>
}

function isReference(value: Template): value is Reference {
  return typeof value === 'object' && !Array.isArray(value) && Object.keys(value).length === 1 && ('interface' in value || 'list' in value)
}

/** The number that a reference stands for; undefined while it is not known. */
export function lookUp(reference: Reference, indexes: Indexes): number | undefined {
  return 'interface' in reference ? indexes.interfaces.get(reference.interface) : indexes.lists.get(reference.list)
}

/** The fields with every reference replaced by its number; throws an Error for one that is not known. */
export function resolve(template: Template, indexes: Indexes): Fields[string] {
  if (typeof template !== 'object') return template
  if (Array.isArray(template)) return (template as readonly Template[]).map((each) => resolve(each, indexes))
  if (isReference(template)) {
    const found = lookUp(template, indexes)
    if (found === undefined) throw new Error(`${JSON.stringify(template)} is not there`)
    return found
  }
  return Object.fromEntries(
    Object.entries(template as Readonly<Record<string, Template>>).map(([name, value]) => [name, resolve(value, indexes)]),
  )
}
