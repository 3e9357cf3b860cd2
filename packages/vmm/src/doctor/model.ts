/** What `vmm doctor` looks at and what it says of it. */
import { z } from 'zod'

/** `problem`: something that people do will fail; `warning`: it goes on, less well; `note`: nothing is wrong, it is good to know. */
export const Severity = z.enum(['ok', 'note', 'warning', 'problem'])
export type Severity = z.output<typeof Severity>

export const Diagnosis = z.strictObject({
  /** What was looked at: `KVM`. */
  subject: z.string(),
  severity: Severity,
  message: z.string(),
  /** What to do about it. */
  remedy: z.string().optional(),
})
export type Diagnosis = z.output<typeof Diagnosis>

export function ok(subject: string, message: string): Diagnosis {
  return { subject, severity: 'ok', message }
}

export function told(subject: string, severity: Exclude<Severity, 'ok'>, message: string, remedy?: string): Diagnosis {
  return { subject, severity, message, ...(remedy === undefined ? {} : { remedy }) }
}
