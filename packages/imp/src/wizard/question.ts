/** Questions as data: what is asked, what is refused, and what an answer makes of the draft. Which come next follows from the draft. */
import type { Finding } from '@imp/kit/base/fault.ts'
import { inspect } from '@imp/kit/base/schema.ts'
import type { Option } from '@imp/kit/op/ask.ts'
import { z } from 'zod'
import type { RouterConfig, RouterConfigInput } from '../config/model.ts'
import { inAnswers, isWithin } from './places.ts'
import { mergedConfig } from './merge.ts'
import { checkNics } from './check-nics.ts'
import type { DetectedNic, DraftAnswers } from './model.ts'

/** What other rooms know about configurations. */
export interface Rules {
  check(config: RouterConfig): readonly Finding[]
  /** Ports of each inside host when a prefix of the one length hides behind one of the other; 0 when it cannot. */
  portsPerHost(insideLength: number, outsideLength: number): number
}

/** Everything that questions follow from. */
export interface Situation {
  /** The candidate, into which the answers will go. */
  readonly document: RouterConfigInput
  readonly answers: DraftAnswers
  readonly nics: readonly DetectedNic[]
  /** Name of the card by which the machine itself reaches the world. */
  readonly upstream?: string
  readonly rules: Rules
}

/** What an answer makes of the draft, and which question comes next when it is not the one behind. */
export interface Answered {
  readonly answers: DraftAnswers
  /** Key of the next question; `end` ends the phase. */
  readonly next?: string
  /** Whether to look for network cards again. */
  readonly lookAgain?: true
}

interface Common {
  /** Unique in its phase. */
  readonly key: string
  readonly message: string
  readonly help?: string
  /** Key of the question behind this one, when it is not the next of the list. */
  readonly next?: string
}

export interface TextAsked extends Common {
  readonly kind: 'text'
  readonly initial?: string
  readonly suggested?: string
  refuse(text: string): string | undefined
  answer(text: string): Answered
}

export interface ChoiceAsked extends Common {
  readonly kind: 'choice'
  readonly options: readonly Option<string>[]
  readonly initial?: string
  answer(value: string): Answered
}

export interface SeveralAsked extends Common {
  readonly kind: 'several'
  readonly options: readonly Option<string>[]
  readonly initial: readonly string[]
  refuse?(values: readonly string[]): string | undefined
  answer(values: readonly string[]): Answered
}

export interface ConfirmAsked extends Common {
  readonly kind: 'confirm'
  readonly initial: boolean
  answer(yes: boolean): Answered
}

export type Question = TextAsked | ChoiceAsked | SeveralAsked | ConfirmAsked

function sentence({ message, hint, value }: Finding, always: boolean): string {
  // Messages of the parsers name the text themselves.
  const named = always && value !== undefined && !message.startsWith('"') ? `${value} ${message}` : message
  return hint === undefined ? named : `${named}: ${hint}`
}

/** Everything that is wrong with a draft, said by the places of its answers. */
export function findingsOf({ document, nics, rules }: Situation, answers: DraftAnswers): Finding[] {
  const config = mergedConfig(document, answers, nics)
  return [...checkNics(document, answers, nics), ...inAnswers(config, answers, rules.check(config))]
}

/** Addresses disturb each other: the finding may stand at the address that was there before. */
const anyAddress = /^(external|internal|management)\b.*\.addresses\b/

/**
 * Why the checks refuse an answer: an error at its place about what was typed, or a new one at another address. What is wrong elsewhere
 * is shown with its phase, since another answer may mend it.
 */
export function refusal(situation: Situation, place: string, values: readonly unknown[], answers: DraftAnswers): string | undefined {
  const texts = new Set(values.map((value) => JSON.stringify(value)))
  const before = new Set(findingsOf(situation, situation.answers).map(({ path, message }) => `${path} ${message}`))
  const found = findingsOf(situation, answers).find(({ severity, path, message, value }) => {
    if (severity !== 'error') return false
    if (isWithin(path, place) && (value === undefined || texts.has(value))) return true
    return anyAddress.test(path) && anyAddress.test(`${place}[0]`) && !before.has(`${path} ${message}`)
  })
  if (found === undefined) return undefined
  return isWithin(found.path, place) ? sentence(found, texts.size > 1) : `${found.path}: ${sentence(found, false)}`
}

/** Words for an empty answer where a suggestion stands for it. */
const nothingWord = 'none'

/** The parts of a list as people type it. */
export function partsOf(text: string): string[] {
  return text === nothingWord ? [] : text.split(/[\s,]+/).filter((part) => part !== '')
}

interface Field<T> {
  readonly key: string
  readonly message: string
  readonly help?: string
  readonly next?: string
  /** Place of the answer in the answers. */
  readonly place: string
  readonly initial?: string
  readonly suggested?: string
  readonly put: (value: T) => DraftAnswers
  /** The draft that the checks see, when something else will be answered along with it. */
  readonly judged?: (value: T) => DraftAnswers
}

function given<T>({ key, message, help, next, initial, suggested }: Field<T>) {
  return {
    key,
    message,
    ...(help === undefined ? {} : { help }),
    ...(next === undefined ? {} : { next }),
    ...(initial === undefined ? (suggested === undefined ? {} : { suggested }) : { initial }),
  }
}

/** A text that becomes one value. */
export function single<T>(situation: Situation, schema: z.ZodType<T, string>, field: Field<T>): TextAsked {
  return {
    kind: 'text',
    ...given(field),
    refuse(text) {
      if (text === '') return 'an answer is needed'
      const { value, findings } = inspect(schema, text)
      if (value === undefined) return findings[0] === undefined ? 'is not right' : sentence(findings[0], true)
      return judge(situation, field, value, [value])
    },
    answer: (text) => ({ answers: field.put(schema.parse(text)) }),
  }
}

function judge<T>(situation: Situation, field: Field<T>, value: T, values: readonly unknown[]): string | undefined {
  return refusal(situation, field.place, values, (field.judged ?? field.put)(value))
}

/** A text that becomes a list; the answer may be empty, or `none`. */
export function many(situation: Situation, schema: z.ZodType<string>, field: Field<string[]>): TextAsked {
  return {
    kind: 'text',
    ...given(field),
    refuse(text) {
      const values = partsOf(text)
      const [first] = values.flatMap((value) => inspect(schema, value).findings)
      if (first !== undefined) return sentence(first, true)
      return judge(situation, field, values, values)
    },
    answer: (text) => ({ answers: field.put(partsOf(text)) }),
  }
}

/** A whole number as people type it. */
export function numberAs(schema: z.ZodType<number, number>): z.ZodType<number, string> {
  return z
    .string()
    .regex(/^\d{1,10}$/, 'is not a whole number')
    .transform(Number)
    .pipe(schema)
}
