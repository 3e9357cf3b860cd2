/** Findings for people: what is wrong where, with the value and the remedy. */
import { z } from 'zod'
import type { Finding } from '../base/fault.ts'
import { styleFor, type Style } from '../base/style.ts'
import { table } from '../base/text.ts'
import { displayWidth, printable, wrap } from '../base/width.ts'
import type { ViewOptions } from './operation.ts'

/** A finding in the output of an operation. */
export const FindingOutput = z.strictObject({
  path: z.string().describe('JSON path of what is wrong, empty for the whole document'),
  severity: z.enum(['error', 'warning']),
  message: z.string(),
  value: z.string().exactOptional(),
  hint: z.string().describe('what to do about it').exactOptional(),
})

function severity(style: Style, finding: Finding): string {
  return finding.severity === 'error' ? style('red', 'error') : style('yellow', 'warning')
}

function place(finding: Finding): string {
  return finding.path === '' ? '(all of it)' : printable(finding.path)
}

function row(style: Style, finding: Finding): string[] {
  return [
    severity(style, finding),
    style('bold', place(finding)),
    printable(finding.value ?? ''),
    printable(finding.message),
    finding.hint === undefined ? '' : style('cyan', printable(finding.hint)),
  ]
}

/** Severity, place and value on a line, reason and remedy below, wrapped. */
function block(style: Style, finding: Finding, width: number): string[] {
  const value = finding.value === undefined ? '' : ` = ${printable(finding.value)}`
  const below = (text: string): string[] => wrap(printable(text), width - 4).map((line) => `    ${line}`)
  const remedy = finding.hint === undefined ? [] : below(finding.hint).map((line) => style('cyan', line))
  return [`${severity(style, finding)}  ${style('bold', place(finding))}${value}`, ...below(finding.message), ...remedy]
}

/** All findings as a table with the columns severity, path, value, reason and remedy, or one below the other where that is too wide. */
export function drawFindings(findings: readonly Finding[], options: ViewOptions): string {
  const style = styleFor(options.colour)
  const rows = findings.map((finding) => row(style, finding))
  const used = (column: number): boolean => rows.some((cells) => cells[column] !== '')
  const lines = table(
    rows.map((cells) => cells.filter((_, column) => used(column))),
    displayWidth,
  )
  const fits = lines.every((line) => displayWidth(line) <= options.width)
  return (fits ? lines : findings.flatMap((finding) => block(style, finding, options.width))).join('\n')
}
