/** Messages that lead from one set of router advertisements to another. Pure. */
import { isDeepStrictEqual } from 'node:util'
import type { Advertisements } from '../desired.ts'
import type { Message } from './message.ts'
import { infinite } from '../values.ts'

type Prefix = Advertisements['prefixes'][number]

function config(name: string, fields: Message['fields'], summary: string): Message {
  return {
    message: 'sw_interface_ip6nd_ra_config',
    fields: { sw_if_index: { interface: name }, ...fields },
    summary,
    about: `interfaces ${name}`,
    disruption: 'none',
  }
}

function prefix(name: string, each: Prefix, isAdd: boolean): Message {
  const lifetimes = { val_lifetime: each.valid, pref_lifetime: each.preferred, no_onlink: !each.onLink, no_autoconfig: !each.autonomous }
  return {
    message: 'sw_interface_ip6nd_ra_prefix',
    fields: { sw_if_index: { interface: name }, prefix: each.prefix, is_no: !isAdd, ...(isAdd ? lifetimes : {}) },
    summary: `${isAdd ? 'advertise' : 'no longer advertise'} ${each.prefix} on ${name}`,
    about: `interfaces ${name}`,
    disruption: 'none',
  }
}

/**
 * VPP counts the lifetimes of a new prefix down and then no longer advertises it. Endless lifetimes stop the clock, and it stays stopped
 * when they become others (VPP 25.06, ip6-nd/ip6_ra.c, ip6_ra_prefix).
 */
function advertise(name: string, have: Prefix | undefined, want: Prefix): Message[] {
  const endless = { ...want, valid: infinite, preferred: infinite }
  const isCounting = have === undefined || have.ending
  const stop = isCounting && want.valid !== infinite ? [prefix(name, endless, true)] : []
  return [...stop, prefix(name, want, true)]
}

/** Prefixes that go, and the end of advertisements that are no longer wanted. */
export function quietAdvertisements(name: string, have: Advertisements | null, want: Advertisements | null): Message[] {
  if (have === null) return []
  const gone = have.prefixes.filter((each) => want?.prefixes.some((other) => other.prefix === each.prefix) !== true)
  return [
    ...gone.map((each) => prefix(name, each, false)),
    ...(want === null ? [config(name, { suppress: 1 }, `no router advertisements on ${name}`)] : []),
  ]
}

/** A flag is cleared by a message of its own, which takes back exactly what it names. */
function clearedFlags(have: Advertisements, want: Advertisements): Message['fields'] | undefined {
  const managed = have.managed && !want.managed
  const other = have.other && !want.other
  return managed || other ? { is_no: true, managed: managed ? 1 : 0, other: other ? 1 : 0 } : undefined
}

/**
 * Flags, times and prefixes that are to come. The lifetime counts only together with `default_router`; without it VPP keeps its own,
 * in silence.
 */
export function soundAdvertisements(name: string, have: Advertisements | null, want: Advertisements | null): Message[] {
  if (want === null || isDeepStrictEqual(have, want)) return []
  const { prefixes, ...general } = want
  const { prefixes: before = [], ...generalBefore } = have ?? {}
  const cleared = have === null ? { is_no: true, managed: 1, other: 1 } : clearedFlags(have, want)
  const set = {
    managed: want.managed ? 1 : 0,
    other: want.other ? 1 : 0,
    default_router: 1,
    max_interval: want.maximum,
    min_interval: want.minimum,
    lifetime: want.lifetime,
  }
  const same = isDeepStrictEqual(general, generalBefore)
  return [
    ...(same || cleared === undefined ? [] : [config(name, cleared, `clear flags of router advertisements on ${name}`)]),
    ...(same ? [] : [config(name, set, `router advertisements on ${name}`)]),
    ...prefixes.flatMap((each) => {
      const there = before.find((other) => other.prefix === each.prefix)
      return isDeepStrictEqual(there, each) ? [] : advertise(name, there, each)
    }),
  ]
}
