/** The manual page of a program in the roff of man(7), derived from its registry. */
import { fieldsOf, type Field } from '../op/fields.ts'
import type { AnyOperation, OperationContext } from '../op/operation.ts'
import { allOperations, spellings, type Registry } from '../op/registry.ts'
import { globalFlags } from './globals.ts'
import { fieldMeaning, flagTerm, usage } from './help.ts'
import { exitStatuses } from './reference.ts'
import { withCompletion } from './shells.ts'

export interface Manual {
  readonly version: string
  /** Day of the version, `2026-11-30`. */
  readonly date: string
  /** Pages that belong to this one: `vmm(1)`. */
  readonly seeAlso: readonly string[]
}

/** ASCII characters that roff shows as typographic ones, or takes for its own (groff_char(7)). */
const characters: Readonly<Record<string, string>> = {
  '\\': '\\(rs',
  '-': '\\-',
  "'": '\\(aq',
  '`': '\\(ga',
  '^': '\\(ha',
  '~': '\\(ti',
  '"': '\\(dq',
}

/** Text that is shown as it stands; nothing in it is a request. */
export function roffText(text: string): string {
  const escaped = text.replaceAll(/[\\\-'`^~"]/g, (character) => characters[character] ?? character)
  return escaped.replaceAll(/^(?=\.)/gm, '\\&').replaceAll(/\n+/g, '\n')
}

function bold(text: string): string {
  return `\\fB${roffText(text)}\\fR`
}

function tagged(term: string, meaning: string): string[] {
  return ['.TP', bold(term), roffText(meaning)]
}

function examplesOf(lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['.PP', 'Examples:', '.PP', '.nf', '.RS', ...lines.map(roffText), '.RE', '.fi']
}

function fieldTerm(field: Field): string {
  return field.position === undefined ? flagTerm(field) : `${field.label}${field.many ? '...' : ''}`
}

function commandSection(program: string, operation: AnyOperation): string[] {
  const others = spellings(operation).slice(1)
  return [
    `.SS ${roffText(usage(program, operation)).replaceAll(' ', '\\ ')}`,
    roffText(`${operation.summary}.`),
    ...(others.length === 0 ? [] : [`Also: ${others.map((path) => bold([program, ...path].join(' '))).join(', ')}.`]),
    ...(operation.description === undefined ? [] : ['.PP', roffText(operation.description)]),
    ...fieldsOf(operation).flatMap((field) => tagged(fieldTerm(field), fieldMeaning(field))),
    ...examplesOf(operation.examples),
  ]
}

/** The whole page. Loads all rooms. */
export async function manualOf<Context extends OperationContext>(registry: Registry<Context>, manual: Manual): Promise<string> {
  const { program, summary } = registry
  const rooms = await allOperations(withCompletion(registry))
  const title = [program.toUpperCase(), '1', manual.date, `${program} ${manual.version}`, 'User Commands']
  const lines = [
    `.TH ${title.map((part) => `"${roffText(part)}"`).join(' ')}`,
    '.SH NAME',
    `${roffText(program)} \\- ${roffText(summary)}`,
    '.SH SYNOPSIS',
    `${bold(program)} \\fICOMMAND\\fR [\\fIwords\\fR] [\\fIflags\\fR]`,
    '.br',
    `${bold(program)} \\fICOMMAND\\fR ${bold('--help')}`,
    ...rooms.flatMap(({ room, operations }) => {
      const shown = operations.filter((operation) => operation.hidden !== true)
      return [`.SH ${roffText(room.title.toUpperCase())}`, ...shown.flatMap((operation) => commandSection(program, operation))]
    }),
    '.SH FLAGS OF EVERY COMMAND',
    ...globalFlags.flatMap((flag) => tagged(flag.words.join(', '), flag.description)),
    '.SH EXIT STATUS',
    ...tagged('0', 'all went well'),
    ...exitStatuses().flatMap(({ status, code, meaning }) => tagged(String(status), `${code}: ${meaning}`)),
    ...tagged('128 + n', 'signal n ended the command'),
    '.SH SEE ALSO',
    manual.seeAlso.map(bold).join(', '),
  ]
  return `${lines.join('\n')}\n`
}
