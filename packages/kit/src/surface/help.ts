/** Help, derived from the registry: all commands, the commands below a word, one command. */
import { Fault } from '../base/fault.ts'
import { styleFor, type Style } from '../base/style.ts'
import { displayWidth, wrap } from '../base/width.ts'
import { fieldsOf, type Field, type PropertySchema } from '../op/fields.ts'
import type { AnyOperation, OperationContext, ViewOptions } from '../op/operation.ts'
import { allOperations, findOperation, spellings, type Registry } from '../op/registry.ts'
import { isSwitch } from '../op/scan.ts'
import { globalFlags } from './globals.ts'

/** A term and what it means. */
export type Entry = readonly [string, string]

const widestTerm = 30

/** Where the meanings begin. */
function columnOf(entries: readonly Entry[]): number {
  return Math.min(widestTerm, Math.max(0, ...entries.map(([term]) => displayWidth(term)))) + 4
}

/** Two columns; a term that is too wide has its meaning on the next line. */
export function drawEntries(style: Style, entries: readonly Entry[], width: number, column = columnOf(entries)): string[] {
  return entries.flatMap(([term, meaning]) => {
    const lines = wrap(meaning, Math.max(20, width - column))
    const fits = displayWidth(term) + 4 <= column
    const head = `  ${style('bold', term)}`
    const [first = '', ...rest] = fits ? lines : ['', ...lines]
    const pad = ' '.repeat(Math.max(0, column - 2 - displayWidth(term)))
    return [`${head}${fits ? pad + first : ''}`.trimEnd(), ...rest.map((line) => ' '.repeat(column) + line)]
  })
}

function section(style: Style, title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', style('underline', title), ...lines]
}

function positionalWord(field: Field): string {
  const word = field.many ? `${field.label}...` : field.label
  return field.required ? word : `[${word}]`
}

/** `vmm create NAME [flags]`. */
export function usage(program: string, operation: AnyOperation): string {
  const fields = fieldsOf(operation)
  const positional = fields.filter((field) => field.position !== undefined).map(positionalWord)
  const flags = fields.length > positional.length ? ['[flags]'] : []
  return [program, ...operation.path, ...positional, ...flags].join(' ')
}

function placeholder(field: Field): string {
  if (field.kinds.length === 1 && field.kinds[0] === 'number') return 'N'
  if (field.kinds.length === 1 && field.kinds[0] === 'json') return 'JSON'
  return field.name.split('-').at(-1)?.toUpperCase() ?? 'VALUE'
}

/** `-u, --user USER`; a switch that is on unless told shows that it can be turned off. */
export function flagTerm(field: Field): string {
  const long = isSwitch(field) && field.schema.default === true ? `--[no-]${field.name}` : `--${field.name}`
  const short = field.short === undefined ? '' : `-${field.short}, `
  return `${short}${long}${isSwitch(field) ? '' : ` ${placeholder(field)}`}`
}

function range(schema: PropertySchema): string | undefined {
  const low = schema.minimum !== undefined && schema.minimum > Number.MIN_SAFE_INTEGER ? schema.minimum : undefined
  const high = schema.maximum !== undefined && schema.maximum < Number.MAX_SAFE_INTEGER ? schema.maximum : undefined
  if (low !== undefined && high !== undefined) return `${low} to ${high}`
  if (low !== undefined) return `at least ${low}`
  return high === undefined ? undefined : `at most ${high}`
}

function defaultOf(field: Field): string | undefined {
  const value = field.schema.default
  if (isSwitch(field)) return value === true ? 'default on' : undefined
  if (value === undefined || value === '' || (Array.isArray(value) && value.length === 0)) return undefined
  return `default ${typeof value === 'string' ? value : JSON.stringify(value)}`
}

/** What a field means, with choices, range, default and whether it is needed. */
export function fieldMeaning(field: Field): string {
  const flag = field.position === undefined
  const notes = [
    field.choices.length > 0 ? `one of: ${field.choices.join(', ')}` : undefined,
    range(field.many ? (field.schema.items ?? {}) : field.schema),
    flag && field.many ? 'may be repeated' : undefined,
    flag && field.required ? 'required' : undefined,
    defaultOf(field),
  ].filter((note) => note !== undefined)
  const description = field.schema.description ?? field.schema.items?.description ?? ''
  return [description, notes.length === 0 ? '' : `(${notes.join('; ')})`].filter((part) => part !== '').join(' ')
}

/** Help of one command, and of those whose words go on from its own. */
export function operationHelp(
  program: string,
  operation: AnyOperation,
  options: ViewOptions,
  further: readonly AnyOperation[] = [],
): string {
  const style = styleFor(options.colour)
  const fields = fieldsOf(operation)
  const positional = fields.filter((field) => field.position !== undefined)
  const flags = fields.filter((field) => field.position === undefined)
  const aliases = (operation.aliases ?? []).map((alias) => [program, ...alias].join(' '))
  const draw = (entries: readonly Entry[]): string[] => drawEntries(style, entries, options.width)
  return [
    `${style('bold', [program, ...operation.path].join(' '))} - ${operation.summary}`,
    ...section(style, 'Usage', [`  ${usage(program, operation)}`, ...aliases.map((alias) => `  or ${alias}`)]),
    ...(operation.description === undefined ? [] : ['', ...wrap(operation.description, options.width)]),
    ...section(style, 'Further commands', draw(further.map(commandEntry))),
    ...section(style, 'Arguments', draw(positional.map((field) => [positionalWord(field), fieldMeaning(field)]))),
    ...section(style, 'Flags', draw(flags.map((field) => [flagTerm(field), fieldMeaning(field)]))),
    ...section(style, 'Flags of every command', [`  ${globalWords()}`, `  (${program} --help explains them)`]),
    ...section(
      style,
      'Examples',
      operation.examples.map((example) => `  ${example}`),
    ),
  ].join('\n')
}

function globalWords(): string {
  return globalFlags.map((flag) => flag.words[0]).join(' ')
}

function globalEntries(): Entry[] {
  return globalFlags.map((flag) => [flag.words.join(', '), flag.description])
}

function commandEntry(operation: AnyOperation): Entry {
  const positional = fieldsOf(operation).filter((field) => field.position !== undefined)
  return [[...operation.path, ...positional.map(positionalWord)].join(' '), operation.summary]
}

/** One line for each first word: what may follow it. */
function briefEntries(operations: readonly AnyOperation[]): Entry[] {
  const byWord = Map.groupBy(operations, ({ path }) => path[0])
  return [...byWord].map(([word, all]): Entry => [word, [...new Set(all.map(({ path }) => path[1] ?? ''))].filter(Boolean).join(', ')])
}

function isVisible(operation: AnyOperation): boolean {
  return operation.hidden !== true
}

/** Help of the program: its commands by room. Loads all rooms. */
export async function rootHelp<Context extends OperationContext>(registry: Registry<Context>, options: ViewOptions): Promise<string> {
  const style = styleFor(options.colour)
  const rooms = (await allOperations(registry)).map(({ room, operations }) => ({
    title: room.title,
    entries: room.brief === true ? briefEntries(operations.filter(isVisible)) : operations.filter(isVisible).map(commandEntry),
  }))
  const flags: Entry[] = [...globalEntries(), ['--version', 'print the version']]
  const column = columnOf([...rooms.flatMap(({ entries }) => entries), ...flags])
  const draw = (entries: readonly Entry[]): string[] => drawEntries(style, entries, options.width, column)
  return [
    `${style('bold', registry.program)} - ${registry.summary}`,
    ...section(style, 'Usage', [`  ${registry.program} COMMAND [words] [flags]`, `  ${registry.program} COMMAND --help`]),
    ...rooms.flatMap(({ title, entries }) => section(style, title, draw(entries))),
    ...section(style, 'Flags of every command', draw(flags)),
  ].join('\n')
}

function groupHelp(program: string, words: readonly string[], operations: readonly AnyOperation[], options: ViewOptions): string {
  const style = styleFor(options.colour)
  const entries = operations.map(commandEntry)
  return [
    style('bold', [program, ...words].join(' ')),
    ...section(style, 'Commands', drawEntries(style, entries, options.width)),
    '',
    `${program} ${words.join(' ')} COMMAND --help explains one of them.`,
  ].join('\n')
}

/** Help for the words typed so far: the program, a group of commands, or one command. */
export async function helpFor<Context extends OperationContext>(
  registry: Registry<Context>,
  words: readonly string[],
  options: ViewOptions,
): Promise<string> {
  const command = words.filter((word) => !word.startsWith('-'))
  const [first] = command
  if (first === undefined) return rootHelp(registry, options)
  const operations = (await Promise.all(registry.rooms.filter((room) => room.words.includes(first)).map((room) => room.load()))).flat()
  const below = operations.filter(
    (operation) =>
      isVisible(operation) && operation.path.length > command.length && command.every((word, index) => operation.path[index] === word),
  )
  const exact = operations.some((operation) => spellings(operation).some((path) => path.every((word, index) => command[index] === word)))
  if (below.length > 0 && !exact) return groupHelp(registry.program, command, below, options)
  const { operation } = await findOperation(registry, command)
  return operationHelp(registry.program, operation, options, operation.path.length === command.length ? below : [])
}

/** A fault with a hint how to get help, when it is about the words and has no better hint. */
export function withUsage(fault: Fault, program: string, operation: AnyOperation): Fault {
  if (fault.code !== 'input' || fault.hint !== undefined || fault.findings.length > 0) return fault
  return new Fault(fault.code, fault.message, { hint: `usage: ${usage(program, operation)}`, detail: fault.detail, cause: fault.cause })
}
