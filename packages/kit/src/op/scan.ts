/**
 * Splits the words of a command line into tokens. Flags and positional words may be mixed; `--` ends the flags. A word that begins
 * with `-` is never the value of a flag unless joined by `=` (or a negative number where a number is expected), so that a forgotten
 * value does not swallow the next flag.
 */
import type { Field } from './fields.ts'

/** What one word (or a flag with its value) means. */
export type Token =
  | { readonly token: 'value'; readonly field: Field; readonly word: string }
  | { readonly token: 'switch'; readonly field: Field; readonly on: boolean }
  /** A flag at the end, or before another flag, whose value is missing. */
  | { readonly token: 'open'; readonly field: Field }
  | { readonly token: 'unknown-flag'; readonly word: string }
  | { readonly token: 'extra'; readonly word: string }
  | { readonly token: 'end-of-flags' }

/** The words that are left, and what may come. */
interface Line {
  readonly words: string[]
  readonly flags: readonly Field[]
  readonly positional: Field[]
}

/** How JSON writes numbers: no hexadecimal, no blanks, nothing that Number() would kindly take for 0. */
export const decimal = /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/

/** A flag that takes no value: `--force`. */
export function isSwitch(field: Field): boolean {
  return !field.many && field.kinds.length === 1 && field.kinds[0] === 'boolean'
}

function looksLikeFlag(word: string, field: Field): boolean {
  return word.length > 1 && word.startsWith('-') && !(field.kinds.includes('number') && decimal.test(word))
}

/** The flag with the word after it, when that can be its value. */
function withNext(line: Line, field: Field): Token {
  const next = line.words[0]
  if (next === undefined || looksLikeFlag(next, field)) return { token: 'open', field }
  line.words.shift()
  return { token: 'value', field, word: next }
}

/** `--name`, `--name=value`, `--no-name`. */
function scanLong(line: Line, word: string): Token {
  const [, name = '', value] = /^--([^=]*)(?:=(.*))?$/s.exec(word) ?? []
  const field = line.flags.find((each) => each.name === name)
  if (field !== undefined) {
    if (value !== undefined) return { token: 'value', field, word: value }
    return isSwitch(field) ? { token: 'switch', field, on: true } : withNext(line, field)
  }
  const negated = line.flags.find((each) => isSwitch(each) && `no-${each.name}` === name)
  if (negated !== undefined && value === undefined) return { token: 'switch', field: negated, on: false }
  return { token: 'unknown-flag', word: `--${name}` }
}

/** `-f`, `-fv` (two switches), `-u value`, `-uvalue`, `-u=value`. */
function scanShort(line: Line, letters: string): Token[] {
  const field = line.flags.find((each) => each.short === letters[0])
  const rest = letters.slice(1)
  if (field === undefined) return [{ token: 'unknown-flag', word: `-${letters}` }]
  if (!isSwitch(field)) return [rest === '' ? withNext(line, field) : { token: 'value', field, word: rest.replace(/^=/, '') }]
  return [{ token: 'switch', field, on: true }, ...(rest === '' ? [] : scanShort(line, rest))]
}

function scanPositional(line: Line, word: string): Token {
  const field = line.positional[0]
  if (field === undefined) return { token: 'extra', word }
  if (!field.many) line.positional.shift()
  return { token: 'value', field, word }
}

function scanWord(line: Line, word: string): Token[] {
  if (word === '--') return [{ token: 'end-of-flags' }, ...line.words.splice(0).map((each) => scanPositional(line, each))]
  if (word.startsWith('--')) return [scanLong(line, word)]
  return word.length > 1 && word.startsWith('-') ? scanShort(line, word.slice(1)) : [scanPositional(line, word)]
}

/** Splits words into tokens; the fields decide which flags take a value. */
export function scan(fields: readonly Field[], words: readonly string[]): Token[] {
  const flags = fields.filter((field) => field.position === undefined)
  const line: Line = { words: [...words], flags, positional: fields.filter((field) => field.position !== undefined) }
  const tokens: Token[] = []
  for (let word = line.words.shift(); word !== undefined; word = line.words.shift()) tokens.push(...scanWord(line, word))
  return tokens
}
