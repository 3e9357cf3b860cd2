/** The whole conversation: a menu of phases with their state, the phases one after the other, and the review. */
import type { Finding } from '@imp/kit/base/fault.ts'
import { count } from '@imp/kit/base/text.ts'
import type { Ask, Option } from '@imp/kit/op/ask.ts'
import type { Draft, DraftStore } from './draft.ts'
import { phases as names, type DetectedNic, type DraftAnswers, type PhaseName } from './model.ts'
import { bgpPhase } from './phases/bgp.ts'
import { managementPhase } from './phases/management.ts'
import { natPhase } from './phases/nat.ts'
import { drawNics, nicsPhase } from './phases/nics.ts'
import type { Phase } from './phases/phase.ts'
import { externalPhase, internalPhase } from './phases/ports.ts'
import { rolesPhase } from './phases/roles.ts'
import { phaseOf } from './places.ts'
import { findingsOf, type Situation } from './question.ts'
import { runPhase } from './run-phase.ts'
import { unasked } from './unasked.ts'

export const allPhases: readonly Phase[] = [nicsPhase, rolesPhase, managementPhase, externalPhase, internalPhase, bgpPhase, natPhase]

/** How it ended: with the answers for the candidate, or later. */
export type Ending =
  | { readonly ending: 'finished'; readonly answers: DraftAnswers; readonly commit: 'no' | 'confirm' | 'yes' }
  | { readonly ending: 'kept' }
  | { readonly ending: 'dropped' }
  | { readonly ending: 'cancelled' }

export interface Conversation {
  readonly ask: Ask
  readonly drafts: DraftStore
  /** Everything but the answers, which the draft has. */
  readonly situation: Situation
  /** Whether the candidate has ports already. */
  readonly configured: boolean
  detect(): Promise<readonly DetectedNic[]>
  /** What the review shows: changes of the configuration and of the machine. */
  review(answers: DraftAnswers): Promise<string>
}

interface State {
  situation: Situation
  done: ReadonlySet<PhaseName>
}

const title = (phase: Phase): string => phase.title

function stateText(conversation: Conversation, state: State, phase: Phase, findings: readonly Finding[]): string {
  const own = findings.filter(({ path }) => phaseOf(path) === phase.name)
  const errors = own.filter(({ severity }) => severity === 'error').length
  const visited = state.done.has(phase.name)
  if (visited && phase.questions(state.situation).length === 0) return phase.nothing ?? 'nothing to do'
  if (errors > 0 && (visited || conversation.configured)) return count(errors, 'error')
  if (own.length > 0 && visited) return count(own.length, 'warning')
  if (visited) return 'done'
  return conversation.configured ? 'as configured' : 'to do'
}

type Step = PhaseName | 'review' | 'later' | 'drop'

/** The first phase that is not done, else the review. */
function nextStep(state: State): PhaseName | 'review' {
  return names.find((name) => !state.done.has(name)) ?? 'review'
}

function menuOptions(conversation: Conversation, state: State): Option<Step>[] {
  const findings = findingsOf(state.situation, state.situation.answers)
  const width = Math.max(...allPhases.map((phase) => title(phase).length))
  const entries = allPhases.map((phase): Option<Step> => ({
    value: phase.name,
    label: `${title(phase).padEnd(width)}  ${stateText(conversation, state, phase, findings)}`,
  }))
  return [
    ...entries,
    { value: 'review', label: 'Review and finish' },
    { value: 'later', label: 'Leave, go on later' },
    { value: 'drop', label: 'Throw these answers away' },
  ]
}

async function runOne(conversation: Conversation, state: State, phase: Phase): Promise<'done' | 'back' | 'cancelled'> {
  const { ask, drafts } = conversation
  const introduction = phase.introduction?.(state.situation)
  ask.tell(
    `\n${title(phase)} (${names.indexOf(phase.name) + 1} of ${names.length})${introduction === undefined ? '' : `\n\n${introduction}`}`,
  )
  if (phase.questions(state.situation).length === 0) ask.tell(`  ${phase.nothing ?? 'nothing to ask'}`)
  const save = (): Promise<void> => drafts.save({ done: [...state.done], answers: state.situation.answers })
  const outcome = await runPhase(phase, {
    ask,
    situation: () => state.situation,
    async keep({ answers, lookAgain }) {
      state.situation = { ...state.situation, answers }
      await save()
      if (lookAgain !== true) return
      state.situation = { ...state.situation, nics: await conversation.detect() }
      ask.tell(drawNics(state.situation.nics))
    },
  })
  if (outcome !== 'done') return outcome
  state.done = new Set([...state.done, phase.name])
  await save()
  return outcome
}

/** Phases one after the other from this one, as long as they are to do; how the last of them ended. */
async function runFrom(conversation: Conversation, state: State, first: PhaseName): Promise<'done' | 'back' | 'cancelled'> {
  for (let name: PhaseName | 'review' = first; name !== 'review';) {
    const phase = allPhases.find((each) => each.name === name)
    if (phase === undefined) return 'done'
    const wasDone = state.done.has(name)
    const outcome = await runOne(conversation, state, phase)
    if (outcome !== 'done') return outcome
    // Who changes one answer of a finished draft comes back to the menu.
    if (wasDone || (conversation.configured && first !== names[0])) return 'done'
    name = nextStep(state)
  }
  return 'done'
}

type Verdict = 'candidate' | 'confirm' | 'commit' | 'back'

async function reviewed(conversation: Conversation, state: State): Promise<Ending | undefined> {
  const { ask } = conversation
  const { answers } = state.situation
  ask.tell(`\nReview\n\n${await conversation.review(answers)}`)
  const errors = findingsOf(state.situation, answers).some(({ severity }) => severity === 'error')
  const options: Option<Verdict>[] = [
    ...(errors
      ? []
      : ([
          { value: 'confirm', label: 'Commit now, take it back unless confirmed in 10 minutes' },
          { value: 'commit', label: 'Commit now' },
        ] as const)),
    { value: 'candidate', label: 'Put it into the candidate only', note: 'imp diff shows it, imp commit applies it' },
    { value: 'back', label: 'Back to the phases' },
  ]
  const reply = await ask.choice<Verdict>({
    message: errors ? 'There are errors: it cannot be committed yet' : 'Commit now?',
    options,
    initial: errors ? 'back' : 'confirm',
  })
  if (reply.reply === 'cancelled') return { ending: 'cancelled' }
  if (reply.reply === 'back' || reply.value === 'back') return undefined
  return { ending: 'finished', answers, commit: reply.value === 'confirm' ? 'confirm' : reply.value === 'commit' ? 'yes' : 'no' }
}

async function fromMenu(conversation: Conversation, state: State): Promise<Ending | undefined> {
  const { ask, drafts } = conversation
  const reply = await ask.choice<Step>({
    message: 'Configuration of this router',
    options: menuOptions(conversation, state),
    // Who changed one thing of a router that runs wants to see and commit it.
    initial: conversation.configured && state.done.size > 0 ? 'review' : nextStep(state),
  })
  if (reply.reply === 'cancelled') return { ending: 'cancelled' }
  if (reply.reply === 'back' || reply.value === 'later') return { ending: 'kept' }
  if (reply.value === 'drop') {
    await drafts.remove()
    return { ending: 'dropped' }
  }
  if (reply.value === 'review') return reviewed(conversation, state)
  return (await runFrom(conversation, state, reply.value)) === 'cancelled' ? { ending: 'cancelled' } : undefined
}

/** Whether to go on with a draft; undefined when the person wants to end. */
async function resume(conversation: Conversation, draft: Draft): Promise<Draft | 'afresh' | undefined> {
  const reply = await conversation.ask.choice({
    message: `There are answers of ${draft.savedAt.slice(0, 16).replace('T', ' ')} UTC that were not finished`,
    options: [
      { value: 'resume', label: 'Go on with them' },
      { value: 'afresh', label: 'Begin again from the candidate' },
    ],
    initial: 'resume',
  })
  if (reply.reply !== 'value') return undefined
  return reply.value === 'resume' ? draft : 'afresh'
}

/** Asks until the person has finished or wants to end. Answers are on the disk all the time. */
export async function converse(conversation: Conversation): Promise<Ending> {
  const { ask, drafts, situation } = conversation
  ask.tell('Esc or the word "back" goes one question back, ^C ends and keeps the answers.')
  const others = unasked(situation.document)
  if (others.length > 0) ask.tell(`No question is about these, which stay as they are: ${others.join(', ')}.`)
  const draft = await drafts.find()
  const wanted = draft === undefined ? 'afresh' : await resume(conversation, draft)
  if (wanted === undefined) return { ending: 'cancelled' }
  const state: State =
    wanted === 'afresh'
      ? { situation, done: new Set() }
      : { situation: { ...situation, answers: wanted.answers }, done: new Set(wanted.done) }
  let ending: Ending | undefined
  while (ending === undefined) ending = await fromMenu(conversation, state)
  return ending
}
