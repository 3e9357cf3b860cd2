/** A person who answers by a script, for tests: every question must be the expected one. */
import assert from 'node:assert/strict'
import type { Ask, ChoiceQuestion, Reply, SeveralQuestion } from '@imp/kit/op/ask.ts'

/** Enter alone, Esc, ^C. */
export const enter = Symbol('enter')
export const back = Symbol('back')
export const cancel = Symbol('cancel')

type Answer = string | readonly string[] | boolean | typeof enter | typeof back | typeof cancel

/** The question that is expected, and its answer. */
export type Line = readonly [question: RegExp, answer: Answer]

export interface FakeAsk extends Ask {
  /** What was refused, and why. */
  readonly refused: readonly string[]
  readonly told: readonly string[]
  /** Lines of the script that were not asked for. */
  readonly left: readonly Line[]
}

/** Called before every question with its number. */
export type Watch = (number: number) => void

export function fakeAsk(script: readonly Line[], watch: Watch = () => undefined): FakeAsk {
  const left = [...script]
  const refused: string[] = []
  const told: string[] = []
  let number = 0

  const answerTo = (message: string): Answer => {
    watch(number)
    number += 1
    const line = left.shift()
    assert.ok(line !== undefined, `nobody expected the question: ${message}`)
    assert.match(message, line[0])
    return line[1]
  }
  /** `read` gives the value of an answer, `refuse` what is wrong with it: the question is then put again. */
  const reply = <T>(message: string, read: (answer: Answer) => T, refuse: (value: T) => string | undefined): Reply<T> => {
    const answer = answerTo(message)
    if (answer === back) return { reply: 'back' }
    if (answer === cancel) return { reply: 'cancelled' }
    const value = read(answer)
    const wrong = refuse(value)
    if (wrong === undefined) return { reply: 'value', value }
    refused.push(wrong)
    return reply(message, read, refuse)
  }
  const good = (): undefined => undefined
  const textOf = (initial: string) => (answer: Answer) => (answer === enter ? initial : String(answer))
  return {
    refused,
    told,
    left,
    tell: (text) => void told.push(text),
    text: async ({ message, initial, suggested, refuse = good }) => reply(message, textOf(initial ?? suggested ?? ''), refuse),
    secret: async ({ message, refuse = good }) => reply(message, textOf(''), refuse),
    confirm: async ({ message, initial }) => reply(message, (answer) => (answer === enter ? initial : answer === true), good),
    async choice<Value extends string>({ message, options, initial }: ChoiceQuestion<Value>) {
      const read = (answer: Answer): Value => {
        const wanted = answer === enter ? (initial ?? options[0]?.value) : String(answer)
        const option = options.find(({ value, label }) => value === wanted || label === wanted)
        assert.ok(option !== undefined, `${message} has no ${String(wanted)} among ${options.map(({ label }) => label).join(', ')}`)
        return option.value
      }
      return reply(message, read, good)
    },
    async several<Value extends string>({ message, options, initial, refuse = good }: SeveralQuestion<Value>) {
      const read = (answer: Answer): readonly Value[] => {
        const wanted = answer === enter ? initial : Array.isArray(answer) ? (answer as string[]) : [String(answer)]
        for (const each of wanted)
          assert.ok(
            options.some(({ value }) => value === each),
            `${message} has no ${each}`,
          )
        return wanted as Value[]
      }
      return reply(message, read, refuse)
    },
  }
}
