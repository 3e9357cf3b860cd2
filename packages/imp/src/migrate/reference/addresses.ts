/** Addresses that the reference system keeps as two fields, as one text each. */
import type { Ledger } from '../ledger.ts'
import type { OldAddresses } from './fields.ts'

/** One address with where its two halves stand in the old document. */
export interface AddressPair {
  readonly text: string | null | undefined
  readonly length: number | null | undefined
  readonly from: string
  readonly lengthFrom: string
}

/** `192.0.2.1` and 24 as `192.0.2.1/24`. Without a length the address stands alone, which the check refuses: nobody can guess it. */
export function joinAddress(text: string, length: number | null | undefined): string {
  return length === null || length === undefined ? text : `${text}/${length}`
}

/** Appends the address to those of the interface at `to`, when there is one. */
export function moveAddress(ledger: Ledger, pair: AddressPair, addresses: string[], to: string): void {
  const { text, length, from, lengthFrom } = pair
  ledger.expect(from)
  if (text === null || text === undefined || text === '') {
    ledger.dropped(lengthFrom, 'there is no address that it belongs to')
    return
  }
  const target = `${to}.addresses[${addresses.length}]`
  const complete = length !== null && length !== undefined
  ledger.changed(from, target, complete ? 'address and length are one text' : 'has no length, which nobody can guess')
  if (complete) ledger.changed(lengthFrom, target, 'address and length are one text')
  else ledger.expect(lengthFrom)
  addresses.push(joinAddress(text, length))
}

/** The addresses of an old object that has at most one for each family. */
export function moveAddresses(ledger: Ledger, old: OldAddresses, from: string, to: string): string[] {
  const addresses: string[] = []
  for (const family of ['ipv4', 'ipv6'] as const) {
    const lengthField = `${family}_prefix` as const
    const pair = { text: old[family], length: old[lengthField], from: `${from}.${family}`, lengthFrom: `${from}.${lengthField}` }
    moveAddress(ledger, pair, addresses, to)
  }
  return addresses
}
