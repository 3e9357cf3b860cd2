/**
 * The one error class. A `Fault` is something that a person can act on; any other error that reaches a surface is a bug.
 */

const table = {
  input: { exit: 2, http: 422, retry: false },
  'not-found': { exit: 3, http: 404, retry: false },
  conflict: { exit: 4, http: 409, retry: false },
  state: { exit: 5, http: 409, retry: false },
  busy: { exit: 6, http: 423, retry: true },
  denied: { exit: 7, http: 403, retry: false },
  'missing-program': { exit: 8, http: 501, retry: false },
  exec: { exit: 9, http: 502, retry: true },
  timeout: { exit: 10, http: 504, retry: true },
  unsupported: { exit: 11, http: 501, retry: false },
  failed: { exit: 1, http: 409, retry: false },
  bug: { exit: 70, http: 500, retry: false },
} as const

export type FaultCode = keyof typeof table

/** One thing that is wrong with an input, with where it is and how to mend it. */
export interface Finding {
  /** Where: a JSON path such as `interfaces[1].addresses[0]`; empty for the whole document. */
  readonly path: string
  readonly severity: 'error' | 'warning'
  readonly message: string
  /** The offending value as compact JSON, when there is one. */
  readonly value?: string
  /** What to do about it. */
  readonly hint?: string
}

export interface FaultOptions {
  /** What to do, e.g. the command that mends it. */
  readonly hint?: string | undefined
  /** The program's own words, shown once. */
  readonly detail?: string | undefined
  /** All findings, when the fault is about an input. */
  readonly findings?: readonly Finding[] | undefined
  readonly cause?: unknown
}

export class Fault extends Error {
  override readonly name = 'Fault'
  readonly code: FaultCode
  readonly hint: string | undefined
  readonly detail: string | undefined
  readonly findings: readonly Finding[]

  constructor(code: FaultCode, message: string, options: FaultOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.hint = options.hint
    this.detail = options.detail
    this.findings = options.findings ?? []
  }

  /** Exit status of a command that ends with this fault (sysexits: 70 is an internal error). */
  get exitStatus(): number {
    return table[this.code].exit
  }

  get httpStatus(): number {
    return table[this.code].http
  }

  /** Whether the same call may succeed later without anything being mended. */
  get retryable(): boolean {
    return table[this.code].retry
  }

  toJSON(): Record<string, unknown> {
    return {
      code: this.code,
      message: this.message,
      ...(this.hint === undefined ? {} : { hint: this.hint }),
      ...(this.detail === undefined ? {} : { detail: this.detail }),
      ...(this.findings.length === 0 ? {} : { findings: this.findings }),
    }
  }
}

/** Wraps anything thrown: a `Fault` stays, everything else becomes a `bug` that keeps its cause. */
export function asFault(error: unknown): Fault {
  if (error instanceof Fault) return error
  const message = error instanceof Error ? error.message : String(error)
  return new Fault('bug', message, { cause: error })
}

/** The errno code (`ENOENT`...) of a system error, or undefined. */
export function errnoOf(error: unknown): string | undefined {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code
  return undefined
}

/** Throws one `input` fault with all findings when any of them is an error. */
export function refuse(what: string, findings: readonly Finding[]): void {
  const errors = findings.filter((finding) => finding.severity === 'error')
  if (errors.length === 0) return
  const count = errors.length === 1 ? '1 error' : `${errors.length} errors`
  throw new Fault('input', `${what}: ${count}`, { findings })
}
