/** Secrets: values that configurations name and never hold, so that documents, plans, journals and logs can be shown to anybody. */
import { z } from 'zod'
import { Name } from '@imp/kit/base/schema.ts'

export const SecretName = Name.describe('name of the secret').meta({ examples: ['transit1'] })

/** What stands in a configuration in the place of a password. */
export const SecretReference = z
  .strictObject({ secret: SecretName })
  .describe('name of a secret that imp secret set has stored')
  .meta({ examples: [{ secret: 'transit1' }] })
export type SecretReference = z.output<typeof SecretReference>

/**
 * What FRR keeps as it is however it is told: no blanks, and none of the characters that its command line takes for help, a pipe, a
 * quotation or a comment. TCP MD5 signatures take 80 bytes (TCP_MD5SIG_MAXKEYLEN, linux/tcp.h).
 */
export const SecretValue = z
  .string()
  .min(4, 'must have at least 4 characters')
  .max(80, 'must have at most 80 characters')
  .regex(/^[!-~]*$/, 'must be printable ASCII without blanks')
  .refine((text) => !/[?|"'\\]|^[!#]/.test(text), 'must hold none of ? | " \' \\ and not begin with ! or #')

export const Secret = z.strictObject({
  value: SecretValue,
  /** What it was before: a daemon has it until the next apply, and gets it back when that apply is undone. */
  former: SecretValue.exactOptional(),
  setAt: z.iso.datetime(),
})
export type Secret = z.output<typeof Secret>

/** Values by label: `transit1` for what a secret is, `transit1/former` for what it was before. */
export type SecretValues = ReadonlyMap<string, string>

/** No label of a secret: the value is none that we know. */
export const unknownLabel = '?'

const prefix = 'secret:'

/** What stands in a line of a daemon's configuration in the place of the value. */
export function placeholder(label: string): string {
  return `${prefix}${label}`
}

/** The label that a placeholder names; undefined when it is none. */
export function labelOf(word: string): string | undefined {
  return word.startsWith(prefix) ? word.slice(prefix.length) : undefined
}
