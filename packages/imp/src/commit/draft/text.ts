/** A part of the configuration as text for an editor: JSON below comments that say what it is and what is wrong with it. Pure. */
import { Fault, type Finding } from '@imp/kit/base/fault.ts'
import { parseJson } from '@imp/kit/base/schema.ts'

const mark = '// '

function findingLine({ severity, path, message, hint }: Finding): string {
  const place = path === '' ? '' : ` ${path}`
  return `${severity}${place}: ${message}${hint === undefined ? '' : ` (${hint})`}`
}

/** What the first line says, by which a draft that was left is known again. */
function title(place: string): string {
  return place === '' ? 'the whole configuration' : place
}

function commented(lines: readonly string[]): string {
  return lines.map((line) => `${mark}${line.replaceAll('\n', ' ')}\n`).join('')
}

function withoutComments(text: string): string {
  return text
    .split('\n')
    .filter((line) => !line.trimStart().startsWith('//'))
    .join('\n')
}

/** The text of a place, to be edited. */
export function draftText(place: string, value: unknown): string {
  const help = 'Lines that begin with // are left out. Close without a change to leave everything as it is.'
  return `${commented([title(place), help])}${JSON.stringify(value, null, 2)}\n`
}

/** The same text with what is wrong with it above. */
export function annotated(text: string, place: string, findings: readonly Finding[]): string {
  return `${commented([title(place), ...findings.map(findingLine)])}${withoutComments(text).trimStart()}`
}

/** Whether a text was made for this place. */
export function isDraftOf(text: string, place: string): boolean {
  return text.split('\n')[0] === `${mark}${title(place)}`
}

/** The value that a text says; an `input` fault with the place in it when it is not JSON. */
export function draftValue(text: string): unknown {
  const json = withoutComments(text)
  if (json.trim() === '') throw new Fault('input', 'the text is empty', { hint: 'imp delete takes a place away' })
  return parseJson(json, 'the edited text')
}
