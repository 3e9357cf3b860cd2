/** Defaults that are right most of the time. Pure. */
import {
  contains,
  formatAddress,
  formatPrefix,
  hostRange,
  networkOf,
  overlaps,
  parseInterfaceAddress,
  parsePrefix,
  type Family,
  type Prefix,
} from '@imp/kit/base/ip.ts'
import { ownAddresses, type OwnAddress, type RouterConfig } from '../config/model.ts'
import { mergedConfig } from './merge.ts'
import type { DetectedNic, DraftAnswers } from './model.ts'
import type { Situation } from './question.ts'

/** Networks that nobody outside can answer to (RFC 1918, RFC 6598, RFC 4193, RFC 4291). */
const privateNetworks = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', 'fc00::/7', 'fe80::/10'].map((text) =>
  parsePrefix(text),
)

export function isPrivate(network: Prefix): boolean {
  return privateNetworks.some((each) => contains(each, network))
}

/** The configuration as the answers so far make it. */
export function configOf({ document, answers, nics }: Situation): RouterConfig {
  return mergedConfig(document, answers, nics)
}

/** The first host of the network of an address, or the second when the address is the first itself. */
export function gatewayFor(address: string): string | undefined {
  const own = parseInterfaceAddress(address)
  const { first, last } = hostRange(networkOf(own))
  const value = own.value === first ? first + 1n : first
  return value > last ? undefined : formatAddress({ family: own.family, value })
}

/** Suggested gateway of a family for addresses. */
export function gatewaySuggestion(addresses: readonly string[], family: Family): string | undefined {
  const own = addresses.find((text) => parseInterfaceAddress(text).family === family)
  return own === undefined ? undefined : gatewayFor(own)
}

export function ofFamily(addresses: readonly string[], family: Family): string[] {
  return addresses.filter((text) => (text.includes(':') ? 6 : 4) === family)
}

/** A name that nothing in the draft has: `wan`, `wan2`. A virtual card keeps its own, which somebody gave it. */
export function portName(answers: DraftAnswers, role: 'external' | 'internal', nic: DetectedNic | undefined): string {
  const taken = new Set([...(answers.external ?? []), ...(answers.internal ?? [])].map(({ name }) => name))
  if (nic?.virtual === true && !taken.has(nic.name) && /^[A-Za-z][\w-]{0,11}$/.test(nic.name)) return nic.name
  const stem = role === 'external' ? 'wan' : 'lan'
  for (let number = 1; ; number += 1) {
    const name = number === 1 ? stem : `${stem}${number}`
    if (!taken.has(name)) return name
  }
}

function own(situation: Situation): OwnAddress[] {
  return ownAddresses(configOf(situation))
}

/** Pools that the answers give to NAT and NAT64. */
export function poolsOf({ nat, nat64 }: DraftAnswers): Prefix[] {
  const mapped = nat === undefined || nat === 'none' ? [] : nat.mappings.flatMap(({ outside }) => outside ?? [])
  const shared = nat64 === undefined || nat64 === 'none' ? [] : (nat64.pool ?? [])
  return [...mapped, ...[shared].flat()].map((text) => parsePrefix(text))
}

/** The IPv4 address of an external interface, else any. */
export function routerId(situation: Situation): string | undefined {
  const four = own(situation).filter(({ address }) => address.family === 4)
  const best = four.find(({ kind }) => kind === 'loopback') ?? four.find(({ role }) => role === 'external') ?? four[0]
  return best === undefined ? undefined : formatAddress(best.address)
}

/** Longest prefixes that the world takes: /24 and /48 (RIPE-399, RIPE-532). */
function announceable(network: Prefix): Prefix {
  const length = Math.min(network.length, network.family === 4 ? 24 : 48)
  return networkOf({ ...network, length })
}

/** Own public networks and pools, as large as the world takes them. */
export function announced(situation: Situation): string[] {
  const inside = own(situation).filter(({ role, kind }) => role === 'internal' && kind !== 'container')
  const networks = [...inside.map(({ network }) => network), ...poolsOf(situation.answers)]
  const external = own(situation).filter(({ role }) => role === 'external')
  const all = networks
    .filter((network) => !isPrivate(network) && !external.some((each) => overlaps(each.network, network)))
    .map((network) => formatPrefix(announceable(network)))
  return [...new Set(all)]
}

/** Private IPv4 networks of internal interfaces and containers that no mapping covers. */
export function insideNetworks(situation: Situation): string[] {
  const mapped = (situation.answers.nat === 'none' ? [] : (situation.answers.nat?.mappings ?? [])).flatMap(({ inside }) =>
    inside === undefined ? [] : [parsePrefix(inside)],
  )
  return own(situation)
    .filter(({ role, kind, network }) => role === 'internal' && kind !== 'loopback' && network.family === 4 && isPrivate(network))
    .filter(({ network }) => !mapped.some((each) => overlaps(each, network)))
    .map(({ network }) => formatPrefix(network))
}
