/** What the text of a result goes through: `| match REGEX`, `| last 5`, `| count`, `| json`, and where it ends: `| save FILE`. */
import { Fault } from '../../base/fault.ts'
import { count } from '../../base/text.ts'

type Filter = (lines: readonly string[]) => readonly string[]

export interface Pipe {
  /** Whether the result is wanted as JSON instead of as its view. */
  readonly json: boolean
  readonly filters: readonly Filter[]
  /** File into which the text goes instead of onto the terminal. */
  readonly save?: string
}

interface Stage {
  readonly word: string
  readonly usage: string
  readonly summary: string
  /** Undefined for stages that decide how the result is written or where it goes, which are none of lines. */
  readonly filter: ((words: readonly string[]) => Filter) | undefined
}

function expression(stage: string, words: readonly string[]): RegExp {
  const [only] = words
  if (only === undefined) throw new Fault('input', `| ${stage} needs a regular expression`)
  if (words.length > 1) throw new Fault('input', `| ${stage} takes one regular expression`, { hint: `quote it: '${words.join(' ')}'` })
  try {
    return new RegExp(only, 'u')
  } catch (error) {
    throw new Fault('input', `| ${stage}: ${JSON.stringify(only)} is no regular expression`, { detail: String(error), cause: error })
  }
}

function countLines(words: readonly string[]): Filter {
  if (words.length > 0) throw new Fault('input', '| count takes no words')
  return (lines) => [count(lines.length, 'line')]
}

function all(words: readonly string[]): Filter {
  if (words.length > 0) throw new Fault('input', '| no-more takes no words')
  return (lines) => lines
}

function fileOf(words: readonly string[], isLast: boolean): string {
  const [file] = words
  if (file === undefined || words.length > 1) throw new Fault('input', '| save takes the name of one file')
  if (!isLast) throw new Fault('input', '| save comes last', { hint: 'what is written to a file goes nowhere else' })
  return file
}

function lastLines(words: readonly string[]): Filter {
  const [amount = '10'] = words
  if (words.length > 1 || !/^[1-9]\d{0,6}$/.test(amount)) throw new Fault('input', '| last takes one number of lines')
  return (lines) => lines.slice(-Number(amount))
}

export const stages: readonly Stage[] = [
  {
    word: 'match',
    usage: 'match REGEX',
    summary: 'keep the lines in which it is found',
    filter: (words) => {
      const regex = expression('match', words)
      return (lines) => lines.filter((line) => regex.test(line))
    },
  },
  {
    word: 'except',
    usage: 'except REGEX',
    summary: 'leave out the lines in which it is found',
    filter: (words) => {
      const regex = expression('except', words)
      return (lines) => lines.filter((line) => !regex.test(line))
    },
  },
  {
    word: 'find',
    usage: 'find REGEX',
    summary: 'leave out what stands before the first line in which it is found',
    filter: (words) => {
      const regex = expression('find', words)
      return (lines) => {
        const first = lines.findIndex((line) => regex.test(line))
        return first < 0 ? [] : lines.slice(first)
      }
    },
  },
  { word: 'last', usage: 'last [N]', summary: 'only the last lines, 10 unless told', filter: lastLines },
  { word: 'count', usage: 'count', summary: 'say how many lines there are', filter: countLines },
  { word: 'json', usage: 'json', summary: 'the result as JSON; comes first', filter: undefined },
  { word: 'save', usage: 'save FILE', summary: 'write it to a file that is not there yet; comes last', filter: undefined },
  { word: 'no-more', usage: 'no-more', summary: 'all at once, not page by page', filter: (words) => all(words) },
]

/** Reads the words of all stages; `input` fault for one that is none, before anything has run. */
export function readPipe(written: readonly (readonly string[])[]): Pipe {
  let json = false
  let save: string | undefined
  const filters = written.flatMap(([word = '', ...rest], index) => {
    const stage = stages.find((each) => each.word === word)
    if (stage === undefined)
      throw new Fault('input', word === '' ? '| needs a word behind it' : `there is no | ${word}`, {
        hint: `one of: ${stages.map((each) => each.usage).join(', ')}`,
      })
    if (stage.filter !== undefined) return [stage.filter(rest)]
    if (stage.word === 'save') {
      save = fileOf(rest, index === written.length - 1)
      return []
    }
    if (index > 0) throw new Fault('input', '| json comes first', { hint: 'other stages see lines of text, which are no JSON any more' })
    if (rest.length > 0) throw new Fault('input', '| json takes no words')
    json = true
    return []
  })
  return { json, filters, ...(save === undefined ? {} : { save }) }
}

/** The text of a result after all stages. */
export function pass(pipe: Pipe, text: string): string {
  const lines = text === '' ? [] : text.replace(/\n$/, '').split('\n')
  return pipe.filters.reduce<readonly string[]>((left, filter) => filter(left), lines).join('\n')
}
