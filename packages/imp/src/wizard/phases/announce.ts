/** Asks whether the network around a pool is announced, without which answers to the pool do not find the way back. */
import { contains, formatPrefix, networkOf, parseInterfaceAddress, parsePrefix } from '@imp/kit/base/ip.ts'
import type { DraftAnswers } from '../model.ts'
import type { Question, Situation } from '../question.ts'

/** Whether the pool must be announced to be reachable, and is not. */
function unannounced({ bgp }: DraftAnswers, pool: string): boolean {
  if (bgp === undefined || bgp === 'none') return false
  const wanted = parsePrefix(pool)
  return !(bgp.announced ?? []).some((text) => contains(parsePrefix(text), wanted))
}

/** The network around a pool that the world takes; longer ones than a /24 are not (RIPE-399). */
function toAnnounce(pool: string): string {
  const prefix = parsePrefix(pool)
  return formatPrefix(networkOf({ ...prefix, length: Math.min(24, prefix.length) }))
}

/** The answers with the network around the pool among what is announced. */
export function announcing(answers: DraftAnswers, pool: string): DraftAnswers {
  const { bgp } = answers
  if (bgp === undefined || bgp === 'none' || !unannounced(answers, pool)) return answers
  return { ...answers, bgp: { ...bgp, announced: [...(bgp.announced ?? []), toAnnounce(pool)] } }
}

/** A pool in the network of an external interface is reached there. */
function onExternal({ external }: DraftAnswers, pool: string): boolean {
  const networks = (external ?? []).flatMap(({ addresses }) => addresses ?? []).map((text) => networkOf(parseInterfaceAddress(text)))
  return networks.some((network) => contains(network, parsePrefix(pool)))
}

export function asksToAnnounce({ answers }: Situation, pool: string): boolean {
  return unannounced(answers, pool) && !onExternal(answers, pool)
}

/** The question behind that for a pool, where there is one; `next` is the key of the one behind it. */
export function announceQuestion(
  situation: Situation,
  pool: string | undefined,
  { key, next }: { readonly key: string; readonly next: string },
): Question[] {
  const { answers } = situation
  if (pool === undefined || !asksToAnnounce(situation, pool)) return []
  return [
    {
      kind: 'confirm',
      key,
      next,
      message: `Announce ${toAnnounce(pool)} by BGP, so that answers to the pool find the way back?`,
      initial: true,
      answer: (yes) => ({ answers: yes ? announcing(answers, pool) : answers }),
    },
  ]
}
