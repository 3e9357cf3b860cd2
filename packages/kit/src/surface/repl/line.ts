/**
 * A line as a person types it, split as a POSIX shell would split it: blanks, quotes, backslashes, `#` before a comment, `|` between
 * a command and what its text goes through. Nothing is expanded.
 */
import { Fault } from '../../base/fault.ts'

export interface Word {
  readonly text: string
  /** Where it begins in the line, quotes included. */
  readonly start: number
}

export interface Line {
  /** The words of the command, then those of each stage behind a `|`. */
  readonly segments: readonly [readonly Word[], ...(readonly Word[])[]]
  /** Whether the end of the line belongs to its last word: no blank stands between. */
  readonly touching: boolean
  /** Whether a quote is open at the end, or a backslash waits for its character. */
  readonly open: boolean
  readonly comment: boolean
}

const pieces =
  /(?<blank>\s+)|(?<pipe>\|)|'(?<single>[^']*)(?<endOfSingle>'?)|"(?<double>(?:[^"\\]|\\.)*)(?<endOfDouble>"?)|\\(?<escaped>.?)|(?<bare>[^\s|'"\\]+)/gsu

type Piece = Readonly<Record<string, string | undefined>>

function textOf(piece: Piece): string {
  const double = piece['double']?.replaceAll(/\\(["\\])/g, '$1')
  return piece['single'] ?? double ?? piece['escaped'] ?? piece['bare'] ?? ''
}

function isOpen(piece: Piece): boolean {
  return piece['endOfSingle'] === '' || piece['endOfDouble'] === '' || piece['escaped'] === ''
}

/** Splits a line, also an unfinished one. */
export function scanLine(line: string): Line {
  const segments: [Word[], ...Word[][]] = [[]]
  let word: Word | undefined
  let open = false
  for (const match of line.matchAll(pieces)) {
    const piece: Piece = match.groups ?? {}
    const segment = segments.at(-1) ?? []
    if (piece['blank'] !== undefined || piece['pipe'] !== undefined) {
      word = undefined
      if (piece['pipe'] !== undefined) segments.push([])
      continue
    }
    if (word === undefined && piece['bare']?.startsWith('#') === true) return { segments, touching: false, open: false, comment: true }
    if (word !== undefined) segment.pop()
    word = { text: `${word?.text ?? ''}${textOf(piece)}`, start: word?.start ?? match.index }
    segment.push(word)
    open = isOpen(piece)
  }
  return { segments, touching: word !== undefined, open, comment: false }
}

/** Splits a whole line; `input` fault when a quote is left open. */
export function splitLine(line: string): { readonly words: readonly string[]; readonly stages: readonly (readonly string[])[] } {
  const { segments, open } = scanLine(line)
  if (open) throw new Fault('input', 'the line ends within a quote', { hint: 'close it, or put \\ before a quote that is meant itself' })
  const [words, ...stages] = segments.map((segment) => segment.map(({ text }) => text))
  return { words: words ?? [], stages }
}

/** One word as it has to be typed to be read as it is. */
export function quoteWord(word: string): string {
  return word === '' || /[\s|'"\\?]|^#/.test(word) ? `'${word.replaceAll("'", `'\\''`)}'` : word
}

/** The end of a line: where candidates are asked for. */
export interface Position {
  /** Whole words before it: of the command, or of the stage in which it stands. */
  readonly before: readonly string[]
  /** What is typed of the last word. */
  readonly last: string
  /** The same as it stands in the line. */
  readonly typed: string
  /** Whether it stands behind a `|`. */
  readonly piped: boolean
}

export function positionOf(line: string): Position {
  const { segments, touching } = scanLine(line)
  const words = segments.at(-1) ?? []
  const last = touching ? words.at(-1) : undefined
  const before = words.slice(0, last === undefined ? words.length : -1).map(({ text }) => text)
  return { before, last: last?.text ?? '', typed: last === undefined ? '' : line.slice(last.start), piped: segments.length > 1 }
}

/**
 * Whether a `?` typed behind this text asks for help. It is a character like others in quotes, in comments, in the regular
 * expression of a stage and in what is passed on behind `--`.
 */
export function asksForHelp(before: string): boolean {
  const line = scanLine(before)
  const position = positionOf(before)
  if (line.open || line.comment || position.before.includes('--')) return false
  return !position.piped || position.before.length === 0
}
