/** Phase 6: BGP, for those who have an autonomous system. */
import { Address, Address4, Asn, interfaceName, Prefix } from '@imp/kit/base/schema.ts'
import type { DraftAnswers } from '../model.ts'
import { many, numberAs, single, type Question, type Situation } from '../question.ts'
import { announced, routerId } from '../suggest.ts'
import { memberQuestion } from './members.ts'
import type { Phase } from './phase.ts'

type Bgp = Exclude<NonNullable<DraftAnswers['bgp']>, 'none'>
type Peer = NonNullable<Bgp['peers']>[number]

function withBgp(answers: DraftAnswers, bgp: Bgp, change: Bgp): DraftAnswers {
  return { ...answers, bgp: { ...bgp, ...change } }
}

function enabledQuestion({ answers }: Situation): Question {
  const { bgp } = answers
  const isOn = bgp !== undefined && bgp !== 'none'
  return {
    kind: 'confirm',
    key: 'bgp',
    message: 'Does this router speak BGP?',
    initial: isOn,
    answer: (yes) => (yes ? { answers: { ...answers, bgp: isOn ? bgp : {} } } : { answers: { ...answers, bgp: 'none' }, next: 'end' }),
  }
}

function ownQuestions(situation: Situation, bgp: Bgp): Question[] {
  const { answers } = situation
  const id = routerId(situation)
  const networks = (bgp.announced ?? []).join(' ')
  const suggested = announced(situation).join(' ')
  return [
    single(situation, numberAs(Asn), {
      key: 'bgp.asn',
      place: 'bgp.asn',
      message: 'Number of the own autonomous system',
      ...(bgp.asn === undefined ? {} : { initial: String(bgp.asn) }),
      put: (asn) => withBgp(answers, bgp, { asn }),
    }),
    single(situation, Address4, {
      key: 'bgp.routerId',
      place: 'bgp.routerId',
      message:
        id === undefined || bgp.routerId !== undefined ? 'Router id, an IPv4 address' : `Router id, an IPv4 address (Enter for ${id})`,
      ...(bgp.routerId === undefined ? {} : { initial: bgp.routerId }),
      ...(id === undefined ? {} : { suggested: id }),
      put: (value) => withBgp(answers, bgp, { routerId: value }),
    }),
    many(situation, Prefix, {
      key: 'bgp.announced',
      place: 'bgp.announced',
      message:
        suggested === '' || networks !== ''
          ? 'Own prefixes to announce (empty for none)'
          : `Own prefixes to announce (Enter for ${suggested}, "none" for none)`,
      help: 'Separated by blanks, such as 203.0.113.0/24 2001:db8:10::/48. The pools of NAT must be in one of them.',
      ...(networks === '' ? {} : { initial: networks }),
      ...(suggested === '' ? {} : { suggested }),
      put: (value) => withBgp(answers, bgp, { announced: value }),
    }),
  ]
}

/** Gateways of external ports that no peer has yet: most upstreams are their own peers. */
function likelyPeer(answers: DraftAnswers, bgp: Bgp): string | undefined {
  const taken = new Set((bgp.peers ?? []).map(({ address }) => address))
  return (answers.external ?? [])
    .flatMap(({ gateways }) => gateways ?? [])
    .find((gateway) => !taken.has(gateway) && !/^fe[89ab]/i.test(gateway))
}

function peerName(bgp: Bgp, peer: Peer): string {
  const taken = new Set((bgp.peers ?? []).map(({ name }) => name))
  const stem = peer.address?.includes(':') === true ? 'upstream6' : 'upstream4'
  for (let number = 1; ; number += 1) {
    const name = number === 1 ? stem : `${stem}-${number}`
    if (!taken.has(name)) return name
  }
}

function peerQuestions(situation: Situation, bgp: Bgp, peer: Peer, index: number): Question[] {
  const { answers } = situation
  const place = `bgp.peers[${index}]`
  const put = (change: Peer): DraftAnswers =>
    withBgp(answers, bgp, { peers: (bgp.peers ?? []).map((each, at) => (at === index ? { ...each, ...change } : each)) })
  const likely = likelyPeer(answers, bgp)
  const asn = (bgp.peers ?? []).findLast((each, at) => at < index && each.asn !== undefined)?.asn
  const name = peerName(bgp, peer)
  const enter = (suggested: string | undefined, initial: unknown): string =>
    suggested === undefined || initial !== undefined ? '' : ` (Enter for ${suggested})`
  return [
    single(situation, Address, {
      key: `${place}.address`,
      place: `${place}.address`,
      message: `IPv4 or IPv6 address of the peer${enter(likely, peer.address)}`,
      ...(peer.address === undefined ? {} : { initial: peer.address }),
      ...(likely === undefined ? {} : { suggested: likely }),
      put: (address) => put({ address }),
      // The address is judged as that of a whole peer, whatever its other answers will be.
      judged: (address) => put({ name, asn: 64496, ...peer, address }),
    }),
    single(situation, numberAs(Asn), {
      key: `${place}.asn`,
      place: `${place}.asn`,
      message: `Number of its autonomous system${enter(asn === undefined ? undefined : String(asn), peer.asn)}`,
      ...(peer.asn === undefined ? {} : { initial: String(peer.asn) }),
      ...(asn === undefined ? {} : { suggested: String(asn) }),
      put: (value) => put({ asn: value }),
      judged: (value) => put({ name, ...peer, asn: value }),
    }),
    single(situation, interfaceName(32), {
      key: `${place}.name`,
      place: `${place}.name`,
      next: 'bgp.peers',
      message: `Name for the peer${enter(name, peer.name)}`,
      ...(peer.name === undefined ? {} : { initial: peer.name }),
      suggested: name,
      put: (value) => put({ name: value }),
    }),
  ]
}

function peersQuestion({ answers }: Situation, bgp: Bgp): Question {
  const peers = bgp.peers ?? []
  return memberQuestion({
    key: 'bgp.peers',
    noun: 'peer',
    message: peers.length === 0 ? 'Whom does it speak to?' : 'Peers',
    labels: peers.map(({ name, address, asn }) => [name, address, asn === undefined ? undefined : `AS ${asn}`].filter(Boolean).join('  ')),
    wanted: peers.length === 0 || likelyPeer(answers, bgp) !== undefined,
    first: (index) => `bgp.peers[${index}].address`,
    add: () => withBgp(answers, bgp, { peers: [...peers, {}] }),
    remove: (index) => withBgp(answers, bgp, { peers: peers.filter((_, at) => at !== index) }),
    answers,
    behind: 'end',
  })
}

export const bgpPhase: Phase = {
  name: 'bgp',
  title: 'BGP',
  questions(situation) {
    const { bgp } = situation.answers
    if (bgp === undefined || bgp === 'none') return [enabledQuestion(situation)]
    return [
      enabledQuestion(situation),
      ...ownQuestions(situation, bgp),
      peersQuestion(situation, bgp),
      ...(bgp.peers ?? []).flatMap((peer, index) => peerQuestions(situation, bgp, peer, index)),
    ]
  },
}
