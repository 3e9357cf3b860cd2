/** Asks the questions of one phase, forth and back; every answer is kept before the next question. */
import type { Ask, Reply } from '@imp/kit/op/ask.ts'
import type { Phase } from './phases/phase.ts'
import type { Answered, Question, Situation } from './question.ts'

/** What a phase does with its answers. */
export interface Course {
  readonly ask: Ask
  situation(): Situation
  /** Keeps the answers, on the disk as well. */
  keep(answered: Answered): Promise<void>
}

export type Outcome = 'done' | 'back' | 'cancelled'

/** Puts a question and gives what its answer makes of the draft. */
async function put(ask: Ask, question: Question): Promise<Reply<Answered>> {
  const become = <T>(reply: Reply<T>, answer: (value: T) => Answered): Reply<Answered> =>
    reply.reply === 'value' ? { reply: 'value', value: answer(reply.value) } : reply
  switch (question.kind) {
    case 'text':
      return become(await ask.text(question), (text) => question.answer(text))
    case 'choice':
      return become(await ask.choice(question), (value) => question.answer(value))
    case 'several':
      return become(await ask.several(question), (values) => question.answer(values))
    case 'confirm':
    default:
      return become(await ask.confirm(question), (yes) => question.answer(yes))
  }
}

/** Key of the question behind another one, in the list as it is now; undefined at the end of the phase. */
function behind(questions: readonly Question[], question: Question, next: string | undefined): string | undefined {
  const wanted = next ?? question.next
  if (wanted !== undefined) return wanted === 'end' ? undefined : wanted
  const at = questions.findIndex(({ key }) => key === question.key)
  return questions[at + 1]?.key
}

export async function runPhase(phase: Phase, course: Course): Promise<Outcome> {
  const visited: string[] = []
  let key = phase.questions(course.situation())[0]?.key
  while (key !== undefined) {
    const wanted = key
    const question = phase.questions(course.situation()).find((each) => each.key === wanted)
    if (question === undefined) {
      // An answer took the question away to which somebody goes back.
      key = visited.pop()
      if (key === undefined) return 'back'
      continue
    }
    const reply = await put(course.ask, question)
    if (reply.reply === 'cancelled') return 'cancelled'
    if (reply.reply === 'back') {
      key = visited.pop()
      if (key === undefined) return 'back'
      continue
    }
    await course.keep(reply.value)
    visited.push(question.key)
    key = behind(phase.questions(course.situation()), question, reply.value.next)
  }
  return 'done'
}
