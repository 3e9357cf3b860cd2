/** Phase 2: which card is for what. */
import type { Option } from '@imp/kit/op/ask.ts'
import { nicFor, sameNic, type DetectedNic, type DraftAnswers } from '../model.ts'
import type { Question, Situation } from '../question.ts'
import { portName } from '../suggest.ts'
import { drawNics, nicNote } from './nics.ts'
import type { Phase } from './phase.ts'

type Role = 'external' | 'internal'

function managementNic({ management }: DraftAnswers): string | undefined {
  return management === undefined || management === 'none' ? undefined : management.nic
}

function portNics(answers: DraftAnswers, role: Role): string[] {
  return (answers[role] ?? []).flatMap(({ nic }) => nic ?? [])
}

/** Cards that are there, and those that the answers name although they are not. */
function candidates({ nics }: Situation, named: readonly string[]): Option<string>[] {
  const missing = named.filter((reference) => nicFor(nics, reference) === undefined)
  return [
    ...nics.map((nic) => ({ value: nic.name, label: nic.name, note: nicNote(nic) })),
    ...missing.map((reference) => ({ value: reference, label: reference, note: 'not found' })),
  ]
}

function detectedName(nics: readonly DetectedNic[], reference: string): string {
  return nicFor(nics, reference)?.name ?? reference
}

function withoutPorts(answers: DraftAnswers, nics: readonly DetectedNic[], taken: readonly string[], roles: readonly Role[]): DraftAnswers {
  const isFree = ({ nic }: { readonly nic?: string | undefined }): boolean => !taken.some((each) => sameNic(nics, each, nic))
  const { external, internal } = answers
  return {
    ...answers,
    ...(external !== undefined && roles.includes('external') ? { external: external.filter(isFree) } : {}),
    ...(internal !== undefined && roles.includes('internal') ? { internal: internal.filter(isFree) } : {}),
  }
}

function takeManagement({ answers, nics }: Situation, value: string): DraftAnswers {
  if (value === 'none') return { ...answers, management: 'none' }
  const { management } = answers
  const before = management === undefined || management === 'none' ? {} : management
  const nic = sameNic(nics, managementNic(answers), value) ? (managementNic(answers) ?? value) : value
  return withoutPorts({ ...answers, management: { ...before, nic } }, nics, [value], ['external', 'internal'])
}

/** Ports that stay keep their answers, also one that changes sides. */
function takePorts({ answers, nics }: Situation, role: Role, values: readonly string[]): DraftAnswers {
  const other = role === 'external' ? 'internal' : 'external'
  const known = [...(answers[role] ?? []), ...(answers[other] ?? []).map(({ nic, name, addresses }) => ({ nic, name, addresses }))]
  const base = withoutPorts({ ...answers, [role]: [] }, nics, values, [other])
  return values.reduce<DraftAnswers>((draft, value) => {
    const before = known.find(({ nic }) => sameNic(nics, nic, value))
    const port = before ?? { nic: value, name: portName(draft, role, nicFor(nics, value)) }
    return { ...draft, [role]: [...(draft[role] ?? []), port] }
  }, base)
}

/** What is said beside a card that has another role now. */
function withRole(answers: DraftAnswers, nics: readonly DetectedNic[], option: Option<string>): Option<string> {
  const held = (['external', 'internal'] as const).find((role) => portNics(answers, role).some((nic) => sameNic(nics, nic, option.value)))
  return held === undefined ? option : { ...option, note: `${held} now, ${option.note ?? ''}` }
}

function managementQuestion(situation: Situation): Question {
  const { answers, nics, upstream } = situation
  const own = managementNic(answers)
  const cards = candidates(situation, own === undefined ? [] : [own]).filter(({ value }) => nicFor(nics, value)?.inRouter !== true)
  const guess = nics.length >= 2 ? (nicFor(nics, upstream)?.name ?? cards[0]?.value) : undefined
  const initial = own === undefined ? (answers.management === 'none' ? 'none' : (guess ?? 'none')) : detectedName(nics, own)
  return {
    kind: 'choice',
    key: 'management',
    message: 'Which card is for management?',
    help: 'It stays outside of the router, so that you still get in when the router is configured wrongly.',
    options: [...cards.map((option) => withRole(answers, nics, option)), { value: 'none', label: 'none' }],
    initial,
    answer: (value) => ({ answers: takeManagement(situation, value) }),
  }
}

function optionsFor(situation: Situation, role: Role): Option<string>[] {
  const { answers, nics } = situation
  const taken = [managementNic(answers), ...(role === 'internal' ? portNics(answers, 'external') : [])]
  return candidates(situation, portNics(answers, role))
    .filter(({ value }) => !taken.some((nic) => sameNic(nics, nic, value)))
    .map((option) => (role === 'external' ? withRole(answers, nics, option) : option))
}

/** Not the card by which the machine itself reaches the world; where a namespace was given cards for the router, only those. */
function likelyPorts({ nics, upstream }: Situation, values: readonly string[]): string[] {
  const free = values.filter((value) => value !== upstream)
  const own = free.filter((value) => nicFor(nics, value)?.inRouter === true)
  return own.length > 0 ? own : free
}

function portsQuestion(situation: Situation, role: Role): Question {
  const { answers, nics } = situation
  const options = optionsFor(situation, role)
  const before = portNics(answers, role).map((nic) => detectedName(nics, nic))
  const all = options.map(({ value }) => value)
  const likely = likelyPorts(situation, all)
  const connected = likely.find((value) => nicFor(nics, value)?.carrier === true)
  const fresh = role === 'external' ? [connected ?? likely[0] ?? []].flat() : likely
  return {
    kind: 'several',
    key: role,
    message: role === 'external' ? 'Which cards lead to upstreams (external)?' : 'Which cards lead to own networks (internal)?',
    options,
    initial: answers[role] === undefined ? fresh : before.filter((nic) => all.includes(nic)),
    answer: (values) => ({ answers: takePorts(situation, role, values) }),
  }
}

export const rolesPhase: Phase = {
  name: 'roles',
  title: 'Roles of the cards',
  introduction: ({ nics }) => drawNics(nics),
  questions(situation) {
    const questions = [managementQuestion(situation)]
    for (const role of ['external', 'internal'] as const)
      if (optionsFor(situation, role).length > 0) questions.push(portsQuestion(situation, role))
    return questions
  },
}
