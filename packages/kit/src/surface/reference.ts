/** The reference of a program as Markdown, derived from its registry. */
import { z } from 'zod'
import { Fault, type FaultCode } from '../base/fault.ts'
import { fieldsOf, type Field } from '../op/fields.ts'
import type { AnyOperation, OperationContext } from '../op/operation.ts'
import { allOperations, spellings, type Registry } from '../op/registry.ts'
import { globalFlags } from './globals.ts'
import { fieldMeaning, flagTerm, usage } from './help.ts'
import { withCompletion } from './shells.ts'

const faults: Readonly<Record<FaultCode, string>> = {
  failed: 'what was tried did not come to a good end',
  input: 'words, a file or another input is wrong',
  'not-found': 'what was named is not there',
  conflict: 'it is there already, or in use',
  state: 'the machine is not in a state in which this can be done',
  busy: 'another command is working on the same thing; try again',
  denied: 'rights are missing',
  'missing-program': 'a program is not installed',
  exec: 'a program failed',
  timeout: 'it took too long',
  unsupported: 'this machine or program version cannot do that',
  bug: 'a mistake in this program',
}

/** The exit status of every kind of fault, and what it means. */
export function exitStatuses(): { readonly status: number; readonly code: string; readonly meaning: string }[] {
  return Object.entries(faults).map(([code, meaning]) => ({ status: new Fault(code as FaultCode, '').exitStatus, code, meaning }))
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ')
}

function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  if (rows.length === 0) return []
  const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`
  return ['', line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)]
}

function fenced(language: string, lines: readonly string[]): string[] {
  return ['', `\`\`\`${language}`, ...lines, '```']
}

function fieldRow(field: Field): string[] {
  const term = field.position === undefined ? flagTerm(field) : `${field.label}${field.many ? '...' : ''}`
  return [`\`${term}\``, fieldMeaning(field)]
}

const effects = { read: 'Only looks.', write: 'Changes something.', destroy: 'Cannot be undone: asks first, or needs `--yes`.' } as const

function outputSchema(operation: AnyOperation): string[] {
  const { $schema: _, ...schema } = z.toJSONSchema(operation.output, { unrepresentable: 'any' })
  const lines = JSON.stringify(schema, null, 2).split('\n')
  return ['', '<details><summary>JSON Schema of the output with <code>--json</code></summary>', ...fenced('json', lines), '', '</details>']
}

function operationReference(program: string, operation: AnyOperation): string[] {
  const fields = fieldsOf(operation)
  const others = spellings(operation).slice(1)
  const also = others.length === 0 ? '' : ` Also: ${others.map((path) => `\`${program} ${path.join(' ')}\``).join(', ')}.`
  return [
    '',
    `### ${program} ${operation.path.join(' ')}`,
    '',
    `${operation.summary}. ${effects[operation.effect]}${also}`,
    ...(operation.description === undefined ? [] : ['', operation.description]),
    ...fenced('', [usage(program, operation)]),
    ...markdownTable(['Word', 'Meaning'], fields.map(fieldRow)),
    '',
    'Examples:',
    ...fenced('sh', operation.examples),
    ...outputSchema(operation),
  ]
}

function programReference(program: string): string[] {
  const flags = globalFlags.map((flag) => [flag.words.map((word) => `\`${word}\``).join(', '), flag.description])
  const statuses = exitStatuses().map(({ status, code, meaning }) => [String(status), code, meaning])
  return [
    '## Flags of every command',
    ...markdownTable(['Flag', 'Meaning'], flags),
    '',
    'With `--json` standard output is always one JSON value: the output of the command, `{"dryRun": true, "steps": [...]}` after',
    '`--dry-run`, or `{"error": {"code", "message", "hint", "detail", "findings"}}`. Events are JSON lines on standard error.',
    '',
    '## Exit status',
    '',
    '0 when all went well, 128 + n when signal n ended the command; some commands answer with a status of their own.',
    ...markdownTable(['Status', 'Code', 'Meaning'], statuses),
    '',
    `Words that begin with \`-\` follow \`--\`: \`${program} COMMAND -- -x\`. The value of a flag may be joined by \`=\`.`,
  ]
}

/** The whole reference. Loads all rooms. */
export async function referenceOf<Context extends OperationContext>(registry: Registry<Context>): Promise<string> {
  const rooms = await allOperations(withCompletion(registry))
  const sections = rooms.flatMap(({ room, operations }) => [
    '',
    `## ${room.title}`,
    ...operations.filter((each) => each.hidden !== true).flatMap((each) => operationReference(registry.program, each)),
  ])
  const head = [
    '<!-- Written by tools/docs.ts from the operations themselves. -->',
    '',
    `# ${registry.program}`,
    '',
    `\`${registry.program}\` ${registry.summary}.`,
    '',
  ]
  return `${[...head, ...programReference(registry.program), ...sections].join('\n')}\n`
}
