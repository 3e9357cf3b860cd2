/** What the text of a result goes through: `| match REGEX`, `| except REGEX`, `| count`, `| json`. */
import { Fault } from '../base/fault.ts'
import { count } from '../base/text.ts'

type Filter = (lines: readonly string[]) => readonly string[]

export interface Pipe {
  /** Whether the result is wanted as JSON instead of as its view. */
  readonly json: boolean
  readonly filters: readonly Filter[]
}

interface Stage {
  readonly word: string
  readonly usage: string
  readonly summary: string
  /** Undefined for the stage that decides how the result is written, which is none of lines. */
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
  { word: 'count', usage: 'count', summary: 'say how many lines there are', filter: countLines },
  { word: 'json', usage: 'json', summary: 'the result as JSON; comes first', filter: undefined },
]

/** Reads the words of all stages; `input` fault for one that is none, before anything has run. */
export function readPipe(written: readonly (readonly string[])[]): Pipe {
  let json = false
  const filters = written.flatMap(([word = '', ...rest], index) => {
    const stage = stages.find((each) => each.word === word)
    if (stage === undefined)
      throw new Fault('input', word === '' ? '| needs a word behind it' : `there is no | ${word}`, {
        hint: `one of: ${stages.map((each) => each.usage).join(', ')}`,
      })
    if (stage.filter !== undefined) return [stage.filter(rest)]
    if (index > 0) throw new Fault('input', '| json comes first', { hint: 'other stages see lines of text, which are no JSON any more' })
    if (rest.length > 0) throw new Fault('input', '| json takes no words')
    json = true
    return []
  })
  return { json, filters }
}

/** The text of a result after all stages. */
export function pass(pipe: Pipe, text: string): string {
  const lines = text === '' ? [] : text.replace(/\n$/, '').split('\n')
  return pipe.filters.reduce<readonly string[]>((left, filter) => filter(left), lines).join('\n')
}
