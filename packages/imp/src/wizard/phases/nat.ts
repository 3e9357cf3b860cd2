/** Phase 7: which inside networks hide behind which pools; then NAT64. */
import { parsePrefix, sizeOf } from '@imp/kit/base/ip.ts'
import { Prefix4 } from '@imp/kit/base/schema.ts'
import type { DraftAnswers } from '../model.ts'
import { single, type Question, type Situation } from '../question.ts'
import { insideNetworks } from '../suggest.ts'
import { pool } from '../suggest-pool.ts'
import { announceQuestion, announcing, asksToAnnounce } from './announce.ts'
import { memberQuestion } from './members.ts'
import { behindNat, nat64Questions } from './nat64.ts'
import type { Phase } from './phase.ts'

type Nat = Exclude<NonNullable<DraftAnswers['nat']>, 'none'>
type Mapping = Nat['mappings'][number]
type Bypass = Nat['bypass'][number]

const empty: Nat = { mappings: [], bypass: [] }

function enabledQuestion(situation: Situation): Question {
  const { answers } = situation
  const { nat } = answers
  const isOn = nat !== undefined && nat !== 'none'
  const privateInside = insideNetworks(situation)
  return {
    kind: 'confirm',
    key: 'nat',
    message: 'Translate inside networks to public addresses (NAT)?',
    ...(privateInside.length === 0 ? {} : { help: `Private networks without a pool: ${privateInside.join(', ')}` }),
    initial: isOn || (nat === undefined && privateInside.length > 0),
    answer: (yes) =>
      yes ? { answers: { ...answers, nat: isOn ? nat : empty } } : { answers: { ...answers, nat: 'none' }, next: behindNat(situation) },
  }
}

/** Ports of each host by the length of the pool: `/30: 1008 each`. */
function choices({ rules }: Situation, insideLength: number): string {
  return Array.from({ length: 33 }, (_, length) => ({ length, ports: rules.portsPerHost(insideLength, length) }))
    .filter(({ ports }) => ports >= 250)
    .slice(-5)
    .map(({ length, ports }) => `/${length} gives ${ports}`)
    .join(', ')
}

function sharingHelp(situation: Situation, inside: string): string {
  const prefix = parsePrefix(inside)
  const hosts = sizeOf(prefix)
  return `${inside} has ${hosts} ${hosts === 1n ? 'address' : 'addresses'}. Ports for each of them: ${choices(situation, prefix.length)}.`
}

function mappingQuestions(situation: Situation, nat: Nat, mapping: Mapping, index: number): Question[] {
  const { answers } = situation
  const place = `nat.mappings[${index}]`
  const put = (change: Mapping): DraftAnswers => ({
    ...answers,
    nat: { ...nat, mappings: nat.mappings.map((each, at) => (at === index ? { ...each, ...change } : each)) },
  })
  const [likely] = insideNetworks(situation)
  const inside = single(situation, Prefix4, {
    key: `${place}.inside`,
    place: `${place}.inside`,
    message: `Inside network${likely === undefined || mapping.inside !== undefined ? '' : ` (Enter for ${likely})`}`,
    ...(mapping.inside === undefined ? {} : { initial: mapping.inside }),
    ...(likely === undefined ? {} : { suggested: likely }),
    put: (value) => put({ inside: value }),
    // Judged as a whole mapping, whatever its pool will be.
    judged: (value) => put({ outside: '255.255.255.255/32', ...mapping, inside: value }),
  })
  if (mapping.inside === undefined) return [inside]
  const network = mapping.inside
  const suggested = pool({ ...situation, answers: put({ inside: network }) }, network)
  const outside = single(situation, Prefix4, {
    key: `${place}.outside`,
    place: `${place}.outside`,
    message: `Pool of public addresses for ${network}${suggested === undefined || mapping.outside !== undefined ? '' : ` (Enter for ${suggested})`}`,
    help: sharingHelp(situation, network),
    ...(mapping.outside === undefined ? {} : { initial: mapping.outside }),
    ...(suggested === undefined ? {} : { suggested }),
    put: (value) => put({ outside: value }),
    // Whether it is announced is asked next.
    judged: (value) => announcing(put({ outside: value }), value),
  })
  const pooled = {
    ...outside,
    answer: (text: string) => {
      const answered = outside.answer(text)
      return { ...answered, next: asksToAnnounce(situation, text) ? `${place}.announce` : 'nat.mappings' }
    },
  }
  return [inside, pooled, ...announceQuestion(situation, mapping.outside, { key: `${place}.announce`, next: 'nat.mappings' })]
}

function mappingsQuestion(situation: Situation, nat: Nat): Question {
  const { answers, rules } = situation
  const label = ({ inside, outside }: Mapping): string => {
    if (inside === undefined || outside === undefined) return `${inside ?? '?'} -> ${outside ?? '?'}`
    const ports = rules.portsPerHost(parsePrefix(inside).length, parsePrefix(outside).length)
    return `${inside} -> ${outside}, ${ports} ports each`
  }
  return memberQuestion({
    key: 'nat.mappings',
    noun: 'mapping',
    message: nat.mappings.length === 0 ? 'Which network is translated to which pool?' : 'Mappings',
    labels: nat.mappings.map(label),
    wanted: nat.mappings.length === 0 || insideNetworks(situation).length > 0,
    first: (index) => `nat.mappings[${index}].inside`,
    add: () => ({ ...answers, nat: { ...nat, mappings: [...nat.mappings, {}] } }),
    remove: (index) => ({ ...answers, nat: { ...nat, mappings: nat.mappings.filter((_, at) => at !== index) } }),
    answers,
    behind: 'nat.bypass',
  })
}

function bypassQuestions(situation: Situation, nat: Nat, pair: Bypass, index: number): Question[] {
  const { answers } = situation
  const place = `nat.bypass[${index}]`
  const put = (change: Bypass): DraftAnswers => ({
    ...answers,
    nat: { ...nat, bypass: nat.bypass.map((each, at) => (at === index ? { ...each, ...change } : each)) },
  })
  const likely = nat.mappings[0]?.inside
  return [
    single(situation, Prefix4, {
      key: `${place}.source`,
      place: `${place}.source`,
      message: `Packets from${likely === undefined || pair.source !== undefined ? '' : ` (Enter for ${likely})`}`,
      ...(pair.source === undefined ? {} : { initial: pair.source }),
      ...(likely === undefined ? {} : { suggested: likely }),
      put: (source) => put({ source }),
    }),
    single(situation, Prefix4, {
      key: `${place}.destination`,
      place: `${place}.destination`,
      next: 'nat.bypass',
      message: 'to this network keep their source address',
      ...(pair.destination === undefined ? {} : { initial: pair.destination }),
      put: (destination) => put({ destination }),
    }),
  ]
}

function bypassQuestion(situation: Situation, nat: Nat): Question {
  const { answers } = situation
  return memberQuestion({
    key: 'nat.bypass',
    noun: 'bypass',
    message: 'Pairs of networks between which nothing is translated',
    labels: nat.bypass.map(({ source, destination }) => `${source ?? '?'} -> ${destination ?? '?'}`),
    wanted: false,
    first: (index) => `nat.bypass[${index}].source`,
    add: () => ({ ...answers, nat: { ...nat, bypass: [...nat.bypass, {}] } }),
    remove: (index) => ({ ...answers, nat: { ...nat, bypass: nat.bypass.filter((_, at) => at !== index) } }),
    answers,
    behind: behindNat(situation),
  })
}

export const natPhase: Phase = {
  name: 'nat',
  title: 'NAT',
  questions(situation) {
    const { nat } = situation.answers
    if (nat === undefined || nat === 'none') return [enabledQuestion(situation), ...nat64Questions(situation)]
    return [
      enabledQuestion(situation),
      mappingsQuestion(situation, nat),
      bypassQuestion(situation, nat),
      ...nat.mappings.flatMap((mapping, index) => mappingQuestions(situation, nat, mapping, index)),
      ...nat.bypass.flatMap((pair, index) => bypassQuestions(situation, nat, pair, index)),
      ...nat64Questions(situation),
    ]
  },
}
