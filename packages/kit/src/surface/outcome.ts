/** How a command ends: its result, its plan or its fault, for people or for programs. */
import { inspect } from 'node:util'
import { asFault, Fault } from '../base/fault.ts'
import { styleFor } from '../base/style.ts'
import { count, indent } from '../base/text.ts'
import { printable, wrap } from '../base/width.ts'
import { drawFindings } from '../op/findings.ts'
import type { Answer, AnyOperation, ViewOptions } from '../op/operation.ts'
import type { Step } from '../plan/step.ts'

/** The steps of a dry run with how much each disturbs. */
export function drawPlan(steps: readonly Step[], options: ViewOptions): string {
  const style = styleFor(options.colour)
  if (steps.length === 0) return 'dry run: nothing to do'
  const title = `dry run: ${count(steps.length, 'step')}, nothing was changed`
  const marks = { none: ' ', reload: '~', restart: '!', reboot: '!' } as const
  return [
    title,
    ...steps.map(
      (step) =>
        `  ${marks[step.disruption]} ${printable(step.summary)}${step.disruption === 'none' ? '' : style('yellow', `  (${step.disruption})`)}`,
    ),
  ].join('\n')
}

/** The answer of a command: a view for people, the output of the operation (or `{ dryRun: true, steps }`) as JSON for programs. */
export function drawAnswer(operation: AnyOperation, answer: Answer, json: boolean, options: ViewOptions): string {
  if (answer.answer === 'plan') {
    return json ? JSON.stringify({ dryRun: true, steps: answer.steps }, null, 2) : drawPlan(answer.steps, options)
  }
  // Its parts were shown as they came.
  if (operation.streams === true) return ''
  if (json || operation.view === undefined) return JSON.stringify(answer.value ?? null, null, 2)
  return operation.view(answer.value, options)
}

export interface FaultOptions extends ViewOptions {
  readonly program: string
  /** Shows where the error came from. */
  readonly debug: boolean
}

/** A fault for people: message, the program's own words, findings, hint. */
export function drawFault(error: unknown, options: FaultOptions): string {
  const fault = asFault(error)
  const style = styleFor(options.colour)
  const isBug = fault.code === 'bug'
  const message = printable(isBug ? `internal error: ${fault.message}` : fault.message)
  const head = message.startsWith(`${options.program} `) ? style('red', message) : `${style('red', `${options.program}:`)} ${message}`
  const detail = fault.detail === undefined ? [] : [style('dim', indent(printable(fault.detail)))]
  const findings = fault.findings.length === 0 ? [] : [indent(drawFindings(fault.findings, { ...options, width: options.width - 2 }))]
  const hint = fault.hint ?? (isBug && !options.debug ? 'this is a bug; run it again with --debug to see where' : undefined)
  const hints = hint === undefined ? [] : wrap(`hint: ${printable(hint)}`, options.width).map((line) => style('cyan', line))
  const stack = options.debug ? [style('dim', inspect(error, { depth: 4 }))] : []
  return [head, ...detail, ...findings, ...hints, ...stack].join('\n')
}

/** A fault for programs: `{ "error": { code, message, hint?, detail?, findings? } }`. */
export function faultJson(error: unknown): string {
  return JSON.stringify({ error: asFault(error).toJSON() }, null, 2)
}

/** The fault of a command that a signal ended; what it threw on the way out is kept unless it only says so. */
export function interruptedFault(error: unknown): Fault {
  const abort = error instanceof Error && error.name === 'AbortError'
  return new Fault('failed', 'interrupted', { detail: abort ? undefined : asFault(error).message, cause: error })
}
