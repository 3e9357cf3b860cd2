/** The second half of phase 7: by which prefix and pool hosts with IPv6 only reach IPv4. */
import { Prefix4, Prefix6 } from '@imp/kit/base/schema.ts'
import { isWellKnown, wellKnownPrefix } from '../../nat64/model.ts'
import type { DraftAnswers } from '../model.ts'
import { single, type Question, type Situation } from '../question.ts'
import { nat64Pool, nat64Use, translationPrefix, type Nat64Use } from '../suggest-pool.ts'
import { announceQuestion, announcing, asksToAnnounce } from './announce.ts'

type Nat64 = Exclude<NonNullable<DraftAnswers['nat64']>, 'none'>

function nat64Of({ nat64 }: DraftAnswers): Nat64 | undefined {
  return nat64 === 'none' ? undefined : nat64
}

/** Where it can work, and where it is on already. */
function isAsked({ answers }: Situation, { clients, outside }: Nat64Use): boolean {
  return nat64Of(answers) !== undefined || (clients.length > 0 && outside)
}

/** Key of the question behind those about NAT. */
export function behindNat(situation: Situation): string {
  return isAsked(situation, nat64Use(situation)) ? 'nat64' : 'end'
}

function withNat64(answers: DraftAnswers, nat64: Nat64, change: Nat64): DraftAnswers {
  return { ...answers, nat64: { ...nat64, ...change } }
}

function enabledQuestion({ answers }: Situation, { only6 }: Nat64Use): Question {
  const nat64 = nat64Of(answers)
  return {
    kind: 'confirm',
    key: 'nat64',
    message: 'Let hosts that have IPv6 only reach IPv4 (NAT64)?',
    ...(only6.length === 0 ? {} : { help: `Without IPv4: ${only6.join(', ')}` }),
    initial: nat64 !== undefined || (answers.nat64 === undefined && only6.length > 0),
    answer: (yes) => (yes ? { answers: { ...answers, nat64: nat64 ?? {} } } : { answers: { ...answers, nat64: 'none' }, next: 'end' }),
  }
}

function isOwn({ prefix = wellKnownPrefix }: Nat64): boolean {
  return !isWellKnown({ prefix })
}

function prefixQuestion({ answers }: Situation, nat64: Nat64): Question {
  return {
    kind: 'choice',
    key: 'nat64.which',
    message: 'By which IPv6 prefix do they reach IPv4?',
    help: 'Hosts learn it from their name server (DNS64). Public ones know the well-known prefix only; it must not stand for private IPv4 networks.',
    options: [
      { value: 'known', label: `The well-known one, ${wellKnownPrefix}` },
      { value: 'own', label: 'One of my own networks' },
    ],
    initial: isOwn(nat64) ? 'own' : 'known',
    answer: (value) =>
      value === 'own'
        ? { answers, next: 'nat64.prefix' }
        : { answers: withNat64(answers, nat64, { prefix: wellKnownPrefix }), next: 'nat64.pool' },
  }
}

function ownPrefixQuestion(situation: Situation, nat64: Nat64): Question {
  const { answers } = situation
  const suggested = translationPrefix(situation)
  const before = isOwn(nat64) ? nat64.prefix : undefined
  const put = (prefix: string): DraftAnswers => withNat64(answers, nat64, { prefix })
  return single(situation, Prefix6, {
    key: 'nat64.prefix',
    place: 'nat64.prefix',
    message: `Own prefix that stands for IPv4${suggested === undefined || before !== undefined ? '' : ` (Enter for ${suggested})`}`,
    help: 'Best a /96 that no interface is in.',
    ...(before === undefined ? {} : { initial: before }),
    ...(suggested === undefined ? {} : { suggested }),
    put,
    // The prefix is judged with a pool, whichever will be chosen.
    judged: (prefix) => withNat64(answers, nat64, { pool: '255.255.255.255/32', ...nat64, prefix }),
  })
}

function poolQuestions(situation: Situation, nat64: Nat64, behind: string): Question[] {
  const { answers } = situation
  const suggested = nat64Pool(situation)
  const put = (pool: string): DraftAnswers => withNat64(answers, nat64, { pool })
  const asked = single(situation, Prefix4, {
    key: 'nat64.pool',
    place: 'nat64.pool',
    message: `Public IPv4 addresses that they share${suggested === undefined || nat64.pool !== undefined ? '' : ` (Enter for ${suggested})`}`,
    help: 'Each address has 64,512 ports for all hosts together.',
    ...(nat64.pool === undefined ? {} : { initial: nat64.pool }),
    ...(suggested === undefined ? {} : { suggested }),
    put,
    // Whether it is announced is asked next.
    judged: (pool) => announcing(put(pool), pool),
  })
  const key = 'nat64.announce'
  const pooled: Question = {
    ...asked,
    answer: (text) => ({ ...asked.answer(text), next: asksToAnnounce(situation, text) ? key : behind }),
  }
  return [pooled, ...announceQuestion(situation, nat64.pool, { key, next: behind })]
}

/** Which networks may use it: all, unless there is a choice. */
function interfacesQuestion({ answers }: Situation, nat64: Nat64, clients: readonly string[]): Question {
  const named = nat64.interfaces ?? clients
  const missing = named.filter((name) => !clients.includes(name))
  const options = [
    ...clients.map((name) => ({ value: name, label: name })),
    ...missing.map((name) => ({ value: name, label: name, note: 'not there, or without IPv6' })),
  ]
  return {
    kind: 'several',
    key: 'nat64.interfaces',
    next: 'end',
    message: 'Hosts of which networks may use it?',
    options,
    initial: named,
    refuse: (values) => (values.length === 0 ? 'choose at least one, or go back and turn NAT64 off' : undefined),
    answer: (values) => {
      const { interfaces: _interfaces, ...rest } = nat64
      const same = values.length === named.length && values.every((name) => named.includes(name))
      if (same) return { answers }
      const all = values.length === clients.length && missing.every((name) => !values.includes(name))
      return { answers: { ...answers, nat64: all ? rest : { ...rest, interfaces: [...values] } } }
    },
  }
}

export function nat64Questions(situation: Situation): Question[] {
  const use = nat64Use(situation)
  if (!isAsked(situation, use)) return []
  const nat64 = nat64Of(situation.answers)
  if (nat64 === undefined) return [enabledQuestion(situation, use)]
  const choice = use.clients.length > 1 || nat64.interfaces !== undefined
  return [
    enabledQuestion(situation, use),
    prefixQuestion(situation, nat64),
    ownPrefixQuestion(situation, nat64),
    ...poolQuestions(situation, nat64, choice ? 'nat64.interfaces' : 'end'),
    ...(choice ? [interfacesQuestion(situation, nat64, use.clients)] : []),
  ]
}
