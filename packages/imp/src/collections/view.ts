/** Lists and their members for people: a table, or one field a line. */
import { table } from '@imp/kit/base/text.ts'
import { displayWidth, printable } from '@imp/kit/base/width.ts'

type Fields = Readonly<Record<string, unknown>>

export interface NamedValue {
  readonly name: string
  readonly value?: unknown
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A value in a cell: words as they are, of objects how many there are or their words. */
function cell(value: unknown): string {
  if (value === undefined) return ''
  if (Array.isArray(value)) return value.some(isFields) ? String(value.length) : value.map((each) => cell(each)).join(' ')
  if (isFields(value))
    return (
      Object.entries(value)
        .map(([key, each]) => (each === true ? key : `${key} ${cell(each)}`))
        .join(', ') || 'on'
    )
  return printable(typeof value === 'string' ? value : JSON.stringify(value))
}

function title(field: string): string {
  return field.replace(/(?<=[a-z0-9])([A-Z])/g, ' $1').toUpperCase()
}

/** Columns from the left as long as they fit. */
function fitting(rows: readonly (readonly string[])[], width: number): string[] {
  const most = rows[0]?.length ?? 0
  for (let columns = most; columns > 2; columns -= 1) {
    const lines = table(
      rows.map((row) => row.slice(0, columns)),
      displayWidth,
    )
    if (lines.every((line) => displayWidth(line) <= width)) return lines
  }
  return table(
    rows.map((row) => row.slice(0, 2)),
    displayWidth,
  )
}

/** One line for each member: its name, then the fields that any of them has, in this order. */
export function drawList(entries: readonly NamedValue[], width: number, order: readonly string[]): string {
  if (entries.length === 0) return 'there are none'
  if (!entries.some(({ value }) => isFields(value))) return entries.map(({ name }) => printable(name)).join('\n')
  const values = entries.map(({ value }) => (isFields(value) ? value : {}))
  const used = [...new Set([...order, ...values.flatMap(Object.keys)])].filter((field) =>
    values.some((value) => value[field] !== undefined),
  )
  // The first column says it already; another field may say the same by chance.
  const named = used.find((field) => values.every((value, at) => String(value[field]) === entries[at]?.name))
  const fields = used.filter((field) => field !== named)
  const rows = entries.map(({ name }, at) => [printable(name), ...fields.map((field) => cell(values[at]?.[field]))])
  return fitting([['NAME', ...fields.map(title)], ...rows], width).join('\n')
}

function leaves(value: unknown, path: string): readonly (readonly [string, string])[] {
  if (Array.isArray(value) && value.some(isFields)) return value.flatMap((each: unknown, index) => leaves(each, `${path}[${index}]`))
  if (!isFields(value) || Object.keys(value).length === 0) return [[path, isFields(value) ? 'on' : cell(value)]]
  return Object.entries(value).flatMap(([key, each]) => leaves(each, path === '' ? key : `${path}.${key}`))
}

/** One field a line, fields of fields by their paths. */
export function drawFields(value: unknown): string {
  return table(leaves(value, '')).join('\n')
}
