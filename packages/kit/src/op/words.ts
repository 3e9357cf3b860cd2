/**
 * Words of a command line <-> the input of an operation, by its schema. Repeating a flag makes a list; other flags are given once.
 * Schemas stay strict: what turns "2" into 2 is the grammar here, not the schema, which other surfaces give real numbers.
 */
import { Fault, type Finding } from '../base/fault.ts'
import { inspect } from '../base/schema.ts'
import { nearest } from '../base/text.ts'
import { fieldsOf, type Field } from './fields.ts'
import type { AnyOperation } from './operation.ts'
import { decimal, isSwitch, scan, type Token } from './scan.ts'

function wrong(path: string, message: string, hint?: string, value?: string): Finding {
  return { path, severity: 'error', message, ...(hint === undefined ? {} : { hint }), ...(value === undefined ? {} : { value }) }
}

function didYouMean(word: string, candidates: readonly string[]): string | undefined {
  const close = nearest(word, candidates)
  return close === undefined ? undefined : `did you mean ${close}?`
}

function parseJsonWord(word: string): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(word) as unknown }
  } catch {
    return undefined
  }
}

const expectations = { number: 'a number', boolean: 'true or false', json: 'a JSON object or array', text: 'text' } as const

/** The value that a word stands for, or what is wrong with it. */
function readWord(field: Field, word: string): { value: unknown } | { finding: Finding } {
  if (field.choices.length > 0) {
    const choice = field.choices.find((each) => String(each) === word)
    if (choice !== undefined) return { value: choice }
    const known = field.choices.map(String)
    const hint = didYouMean(word, known) ?? `one of: ${known.join(', ')}`
    return { finding: wrong(field.label, 'is not one of the choices', hint, JSON.stringify(word)) }
  }
  if (field.kinds.includes('number') && decimal.test(word)) return { value: Number(word) }
  if (field.kinds.includes('boolean') && (word === 'true' || word === 'false')) return { value: word === 'true' }
  const json = field.kinds.includes('json') && /^\s*[[{]/.test(word) ? parseJsonWord(word) : undefined
  if (json !== undefined) return json
  if (field.kinds.includes('text')) return { value: word }
  const expected = field.kinds.map((kind) => expectations[kind]).join(' or ')
  return { finding: wrong(field.label, `must be ${expected}`, undefined, JSON.stringify(word)) }
}

function unknownFlag(fields: readonly Field[], word: string): Finding {
  const flags = fields.filter((field) => field.position === undefined)
  const known = flags.flatMap((field) => [`--${field.name}`, ...(isSwitch(field) ? [`--no-${field.name}`] : [])])
  const hint = didYouMean(word, known) ?? 'put -- before words that begin with "-"'
  return wrong(word, 'is not a flag of this command', hint)
}

interface Reading {
  readonly input: Record<string, unknown>
  readonly findings: Finding[]
}

function put(reading: Reading, field: Field, value: unknown): void {
  const before = reading.input[field.key]
  if (field.many) reading.input[field.key] = [...(Array.isArray(before) ? (before as unknown[]) : []), value]
  else if (before === undefined) reading.input[field.key] = value
  else reading.findings.push(wrong(field.label, 'is given twice'))
}

function take(reading: Reading, fields: readonly Field[], token: Token): void {
  switch (token.token) {
    case 'switch':
      return put(reading, token.field, token.on)
    case 'value': {
      const read = readWord(token.field, token.word)
      if ('value' in read) put(reading, token.field, read.value)
      else reading.findings.push(read.finding)
      return
    }
    case 'open':
      reading.findings.push(wrong(token.field.label, 'needs a value', `a value that begins with "-" is joined: ${token.field.label}=-...`))
      return
    case 'unknown-flag':
      reading.findings.push(unknownFlag(fields, token.word))
      return
    case 'extra':
      reading.findings.push(wrong(JSON.stringify(token.word), 'is one word too many'))
      return
    case 'end-of-flags':
      return
  }
}

function addMissing(operation: AnyOperation, reading: Reading, field: Field): void {
  if (!field.required || reading.input[field.key] !== undefined) return
  if (reading.findings.some((finding) => finding.path === field.label)) return
  // A list that may be empty is said by saying nothing.
  if (field.many && operation.input.shape[field.key].safeParse([]).success) reading.input[field.key] = []
  else reading.findings.push(wrong(field.label, 'is missing'))
}

function refuse(operation: AnyOperation, findings: readonly Finding[]): void {
  const [only] = findings
  const name = operation.path.join(' ')
  if (only === undefined) return
  if (findings.length > 1) throw new Fault('input', `${name}: ${findings.length} errors`, { findings })
  const value = only.value === undefined ? '' : ` ${only.value}:`
  throw new Fault('input', `${name}: ${only.path}${value} ${only.message}`, { hint: only.hint })
}

/** A finding of the schema with the word for the key: `cpus` -> `--cpus`. */
function inWords(fields: readonly Field[], finding: Finding): Finding {
  const [head = ''] = /^[^.[]*/.exec(finding.path) ?? []
  const field = fields.find((each) => each.key === head)
  return field === undefined ? finding : { ...finding, path: field.label + finding.path.slice(head.length) }
}

/** The input that the words after an operation's path say, checked by its schema; an `input` fault with all that is wrong. */
export function inputOf(operation: AnyOperation, words: readonly string[]): Record<string, unknown> {
  const fields = fieldsOf(operation)
  const reading: Reading = { input: {}, findings: [] }
  const tokens = scan(fields, words)
  // A word behind a mistyped flag is its value rather than one word too many.
  const guilty = tokens.some((token) => token.token === 'unknown-flag')
  for (const token of tokens.filter((each) => !(guilty && each.token === 'extra'))) take(reading, fields, token)
  for (const field of fields) addMissing(operation, reading, field)
  refuse(operation, reading.findings)
  const { findings } = inspect(operation.input, reading.input)
  refuse(
    operation,
    findings.map((each) => inWords(fields, each)),
  )
  return reading.input
}

function wordOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function flagWords(field: Field, value: unknown): string[] {
  if (isSwitch(field)) return [value === true ? `--${field.name}` : `--no-${field.name}`]
  return (field.many ? (value as unknown[]) : [value]).map((each) => `--${field.name}=${wordOf(each)}`)
}

/**
 * The words that say an input, flags first. Of what words cannot say, an empty list becomes nothing, and the text of a number in
 * a field that takes numbers as well becomes the number.
 */
export function wordsOf(operation: AnyOperation, input: Readonly<Record<string, unknown>>): string[] {
  const given = fieldsOf(operation).filter((field) => input[field.key] !== undefined)
  const flags = given.filter((field) => field.position === undefined).flatMap((field) => flagWords(field, input[field.key]))
  const positional = given
    .filter((field) => field.position !== undefined)
    .flatMap((field) => [input[field.key]].flat())
    .map(wordOf)
  return positional.some((word) => word.startsWith('-')) ? [...flags, '--', ...positional] : [...flags, ...positional]
}
