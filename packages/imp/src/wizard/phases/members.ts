/** The question about a list of things: change one, add one, take one away, go on. */
import type { ChoiceAsked } from '../question.ts'
import type { DraftAnswers } from '../model.ts'

export interface Members {
  readonly key: string
  readonly message: string
  /** What one is called: `peer`. */
  readonly noun: string
  /** Each as people know it. */
  readonly labels: readonly string[]
  /** Whether one is most likely wanted now. */
  readonly wanted: boolean
  /** Key of the first question about a member. */
  first(index: number): string
  /** The draft with an empty member more. */
  add(): DraftAnswers
  remove(index: number): DraftAnswers
  /** The draft as it is. */
  readonly answers: DraftAnswers
  /** Key of the question behind the list. */
  readonly behind: string
}

export function memberQuestion(members: Members): ChoiceAsked {
  const { key, message, noun, labels, answers, behind, wanted } = members
  return {
    kind: 'choice',
    key,
    message,
    options: [
      { value: 'on', label: labels.length === 0 ? `No ${noun}, go on` : 'Go on' },
      { value: 'add', label: `Add a ${noun}` },
      ...labels.map((label, index) => ({ value: `change ${index}`, label: `Change ${label}` })),
      ...labels.map((label, index) => ({ value: `remove ${index}`, label: `Remove ${label}` })),
    ],
    initial: wanted ? 'add' : 'on',
    answer(value) {
      const [verb, index] = value.split(' ')
      if (verb === 'on') return { answers, next: behind }
      if (verb === 'add') return { answers: members.add(), next: members.first(labels.length) }
      if (verb === 'change') return { answers, next: members.first(Number(index)) }
      return { answers: members.remove(Number(index)), next: key }
    },
  }
}
