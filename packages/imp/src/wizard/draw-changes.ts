/** Changes of a configuration for a person who has just made them: whole objects line by line instead of as JSON. Pure. */
import { indent } from '@imp/kit/base/text.ts'
import { printable } from '@imp/kit/base/width.ts'

interface Change {
  readonly path: string
  readonly before?: unknown
  readonly after?: unknown
}

/** A list of single values stays on its line. */
function inline(value: unknown): string | undefined {
  if (Array.isArray(value)) {
    const parts = value.map(inline)
    return parts.every((part) => part !== undefined) ? parts.join(', ') || 'none' : undefined
  }
  return typeof value === 'object' && value !== null ? undefined : String(value)
}

function block(value: unknown): string {
  const entries = Array.isArray(value)
    ? value.map((member, index): [string, unknown] => [`${index + 1}`, member])
    : Object.entries(Object(value))
  return entries.map(([key, member]) => entry(key, member)).join('\n')
}

function entry(key: string, value: unknown): string {
  const short = inline(value)
  return short === undefined ? `${key}:\n${indent(block(value))}` : `${key}: ${short}`
}

function drawOne({ path, before, after }: Change): string {
  if (before === undefined) return `+ ${indent(entry(path, after)).trimStart()}`
  if (after === undefined) return `- ${path}`
  const [old, now] = [inline(before), inline(after)]
  return old === undefined || now === undefined ? `~ ${indent(entry(path, after)).trimStart()}` : `~ ${path}: ${old} -> ${now}`
}

/** What comes (+), goes (-) and becomes something else (~). */
export function drawChangesAtLength(changes: readonly Change[]): string {
  return printable(changes.map(drawOne).join('\n'))
}
