/** Plans as people see them: a table of steps, coloured differences of texts, and the line that says whom it touches. */
import { styleFor, type Style } from '@imp/kit/base/style.ts'
import { indent, table } from '@imp/kit/base/text.ts'
import { displayWidth, printable } from '@imp/kit/base/width.ts'
import type { ViewOptions } from '@imp/kit/op/operation.ts'
import type { Preview, ShownArtefact, ShownStep } from './preview.ts'

function drawDisturbance(style: Style, disturbs: string): string {
  if (disturbs === 'none') return disturbs
  return style(disturbs === 'brief' ? 'yellow' : 'red', disturbs)
}

function drawLine(style: Style, line: string): string {
  const text = printable(line)
  if (line.startsWith('@@')) return style('cyan', text)
  if (line.startsWith('+')) return style('green', text)
  return line.startsWith('-') ? style('red', text) : text
}

/** The steps in their order, each with its own lines below. */
export function drawSteps(steps: readonly ShownStep[], options: ViewOptions): string {
  const style = styleFor(options.colour)
  const rows = table(
    [['STEP', 'DISRUPTION', 'WHAT'], ...steps.map((step) => [step.kind, drawDisturbance(style, step.disturbs), printable(step.summary)])],
    displayWidth,
  )
  return rows.flatMap((row, index) => [row, ...(steps[index - 1]?.lines ?? []).map((line) => indent(drawLine(style, line), 4))]).join('\n')
}

function drawArtefact(style: Style, { name, override, added, removed, lines }: ShownArtefact): string {
  const whose = override ? ` ${style('magenta', '(override)')}` : ''
  const head = `${style('bold', name)}${whose} ${style('green', `+${added}`)} ${style('red', `-${removed}`)}`
  return [head, ...lines.map((line) => drawLine(style, line))].join('\n')
}

/** A whole plan; the texts first, since the summary is what a person reads last. */
export function drawPreview({ target, steps, artefacts, summary }: Preview, options: ViewOptions): string {
  if (steps.length === 0) return `${target} is as configured`
  const style = styleFor(options.colour)
  return [...artefacts.map((each) => drawArtefact(style, each)), drawSteps(steps, options), style('bold', summary)].join('\n\n')
}
