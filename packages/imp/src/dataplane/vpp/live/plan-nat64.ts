/** The messages that lead from the NAT64 that a VPP process has to the one that it shall have. Pure. */
import { isDeepStrictEqual } from 'node:util'
import type { Things } from '../desired.ts'
import type { Message } from './message.ts'
import * as make from './templates-nat64.ts'

function missingIn(all: Readonly<Record<string, unknown>>, from: Readonly<Record<string, unknown>>): string[] {
  return Object.keys(all).filter((key) => from[key] === undefined)
}

/** What goes, before anything comes: VPP has one prefix at a time. */
export function withdrawNat64(have: Things, want: Things): Message[] {
  return [
    ...missingIn(have.prefixes, want.prefixes).map((prefix) => make.nat64Prefix(prefix, false)),
    ...missingIn(have.poolAddresses, want.poolAddresses).map((address) => make.poolAddress(address, false)),
  ]
}

export function switchNat64On(have: Things, want: Things): Message[] {
  return want.services['nat64'] === undefined || have.services['nat64'] !== undefined ? [] : [make.enableNat64()]
}

export function translateByNat64(have: Things, want: Things): Message[] {
  const { nat64 } = want.timeouts
  return [
    ...missingIn(want.prefixes, have.prefixes).map((prefix) => make.nat64Prefix(prefix, true)),
    ...missingIn(want.poolAddresses, have.poolAddresses).map((address) => make.poolAddress(address, true)),
    ...(nat64 === undefined || isDeepStrictEqual(have.timeouts['nat64'], nat64) ? [] : [make.nat64Timeouts(nat64)]),
  ]
}
