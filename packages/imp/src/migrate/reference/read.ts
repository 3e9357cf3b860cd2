/** The door through which an old document comes in. */
import type { z } from 'zod'
import { refuse } from '@imp/kit/base/fault.ts'
import { inspect } from '@imp/kit/base/schema.ts'

/** Parses an old document; one `input` fault with all findings, which are to be mended where the document came from, when it is none. */
export function readOld<T extends z.ZodType>(schema: T, document: unknown, where: string): z.output<T> {
  const { value, findings } = inspect(schema, document)
  refuse(
    where,
    findings.map((finding) => ({
      ...finding,
      hint: finding.message === 'is missing' ? 'add it: the reference system cannot do without it either' : 'mend it in the old document',
    })),
  )
  return value as z.output<T>
}
