/** What a phase is: a title, and the questions that follow from what is known. */
import type { PhaseName } from '../model.ts'
import type { Question, Situation } from '../question.ts'

export interface Phase {
  readonly name: PhaseName
  readonly title: string
  /** In their order; a phase without any has nothing to ask and says why. */
  questions(situation: Situation): readonly Question[]
  /** Why there is nothing to ask. */
  readonly nothing?: string
  /** Shown when the phase begins. */
  introduction?(situation: Situation): string
}
