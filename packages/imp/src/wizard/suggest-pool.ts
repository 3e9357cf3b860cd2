/** Pools and prefixes for translation that nobody else has. Pure. */
import {
  contains,
  formatAddress,
  formatPrefix,
  networkOf,
  overlaps,
  parseAddress,
  parsePrefix,
  subnets,
  type Prefix,
} from '@imp/kit/base/ip.ts'
import { ownAddresses } from '../config/model.ts'
import { externalInterfaces, layer3Interfaces } from '../interfaces/model.ts'
import { mayHaveClients } from '../nat64/model.ts'
import type { Situation } from './question.ts'
import { configOf, poolsOf } from './suggest.ts'

/** Own prefixes that the world sees. */
function announcedOf({ answers: { bgp } }: Situation): Prefix[] {
  return bgp === undefined || bgp === 'none' ? [] : (bgp.announced ?? []).map((text) => parsePrefix(text))
}

/** A pool of announced addresses that nobody else has, as large as the first of the lengths for which there is room. */
function announcedPool(situation: Situation, lengths: readonly number[]): Prefix | undefined {
  const config = configOf(situation)
  const taken = [...ownAddresses(config).map(({ network }) => network), ...poolsOf(situation.answers)]
  const peers = config.bgp?.peers.map(({ address }) => parseAddress(address)) ?? []
  const isFree = (prefix: Prefix): boolean => !taken.some((each) => overlaps(each, prefix)) && !peers.some((peer) => contains(prefix, peer))
  for (const length of lengths)
    for (const prefix of announcedOf(situation)) {
      // Larger networks have more subnets than need to be looked at.
      if (prefix.family !== 4 || prefix.length < 16 || prefix.length > length) continue
      const free = [...subnets(prefix, length)].findLast(isFree)
      if (free !== undefined) return free
    }
  return undefined
}

/** The address of the external interface, where no other pool has it and VPP does not keep it for itself. */
function externalAddress(situation: Situation): Prefix | undefined {
  const config = configOf(situation)
  const external = ownAddresses(config).find(({ role, address }) => role === 'external' && address.family === 4)
  if (external === undefined || config.dataplane === 'vpp') return undefined
  return networkOf({ ...external.address, length: 32 })
}

/** Length of the smallest pool that leaves a thousand ports to every host: 64 hosts share an address. */
function poolLength(inside: Prefix): number {
  return Math.min(32, inside.length + 6)
}

function asText(prefix: Prefix | undefined): string | undefined {
  return prefix === undefined ? undefined : formatPrefix(prefix)
}

/** A pool for an inside network. */
export function pool(situation: Situation, inside: string): string | undefined {
  return asText(announcedPool(situation, [poolLength(parsePrefix(inside))]) ?? externalAddress(situation))
}

/** A pool for NAT64, of which every address has 64,512 ports for all hosts together: a small one does. */
export function nat64Pool(situation: Situation): string | undefined {
  const { answers } = situation
  const others: Situation = { ...situation, answers: { ...answers, nat64: 'none' } }
  const external = externalAddress(others)
  const free = external !== undefined && !poolsOf(others.answers).some((each) => overlaps(each, external))
  return asText(announcedPool(others, [28, 30, 32]) ?? (free ? external : undefined))
}

/** So many networks from the end of an announced prefix are looked at: what people number begins at the front. */
const lookedAt = 256n
const half = 64n

/** A prefix of one's own that may stand for IPv4: the beginning of the last /64 of an announced prefix that no interface has. */
export function translationPrefix(situation: Situation): string | undefined {
  const networks = ownAddresses(configOf(situation)).map(({ network }) => network)
  for (const announced of announcedOf(situation)) {
    if (announced.family !== 6 || announced.length > 64) continue
    const count = 1n << (half - BigInt(announced.length))
    for (let back = 1n; back <= count && back <= lookedAt; back += 1n) {
      const value = announced.value + ((count - back) << half)
      if (!networks.some((each) => overlaps(each, { family: 6, value, length: 64 }))) return `${formatAddress({ family: 6, value })}/96`
    }
  }
  return undefined
}

/** What NAT64 would serve as things are. */
export interface Nat64Use {
  /** Names of internal interfaces whose hosts have IPv6. */
  readonly clients: readonly string[]
  /** Those of them whose hosts have nothing else. */
  readonly only6: readonly string[]
  /** Whether there is IPv4 outside to translate to. */
  readonly outside: boolean
}

export function nat64Use(situation: Situation): Nat64Use {
  const config = configOf(situation)
  const clients = layer3Interfaces(config).filter(mayHaveClients)
  const hasFour = ({ addresses }: { readonly addresses: readonly string[] }): boolean => addresses.some((text) => !text.includes(':'))
  return {
    clients: clients.map(({ name }) => name),
    only6: clients.filter((each) => !hasFour(each)).map(({ name }) => name),
    outside: externalInterfaces(config).some(hasFour),
  }
}
