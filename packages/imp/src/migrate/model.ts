/** What an import brings: a configuration of ours, and where each field of the old document went. */
import { z } from 'zod'
import type { RouterConfigInput } from '../config/model.ts'

export const outcomes = ['kept', 'changed', 'derived', 'dropped'] as const
export type Outcome = (typeof outcomes)[number]

export const Mapping = z.strictObject({
  from: z.string().describe('JSON path in the old document; empty for what it left unsaid'),
  to: z.array(z.string()).describe('JSON paths in the new document; none when nothing there says it'),
  outcome: z
    .enum(outcomes)
    .describe(
      'kept: says the same in both; changed: the same intention in another form; derived: follows from other fields; dropped: lost, a person should know',
    ),
  note: z.string().describe('why').exactOptional(),
})
export type Mapping = z.output<typeof Mapping>

/** A document with every field optional: an import invents nothing for what the old document lacks, so that the check can say it. */
export type Draft<T> = T extends readonly (infer Item)[]
  ? Draft<Item>[]
  : T extends object
    ? { [Key in keyof T]?: Draft<Exclude<T[Key], undefined>> }
    : T

export type RouterDraft = Draft<RouterConfigInput>

/** The draft of one member of a list such as `interfaces`. */
export type DraftOf<Key extends keyof RouterDraft> =
  NonNullable<RouterDraft[Key]> extends (infer Item)[] ? Item : NonNullable<RouterDraft[Key]>

export interface Imported {
  readonly config: RouterDraft
  /** In the order of the old document. */
  readonly report: readonly Mapping[]
}

/** An object with one member, or an empty one when there is nothing to say. */
export function given<Key extends string, Value>(key: Key, value: Value | null | undefined): { [K in Key]?: Value }
export function given(key: string, value: unknown): Record<string, unknown> {
  return value === null || value === undefined ? {} : { [key]: value }
}

/** The same for a list, which is left out when it is empty. */
export function listed<Key extends string, Item>(key: Key, items: readonly Item[]): { [K in Key]?: Item[] } {
  return given(key, items.length === 0 ? undefined : [...items])
}

/** A text that says something; undefined for null and the empty text, by which the reference system means the same. */
export function said(text: string | null | undefined): string | undefined {
  return text === null || text === '' ? undefined : text
}
