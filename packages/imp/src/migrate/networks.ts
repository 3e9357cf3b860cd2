/** Addresses and networks as the reference system writes them, in our form. What has no sure meaning stays as it is, for the check. */
import { formatPrefix, networkOf, parseAddress, parseInterfaceAddress } from '@imp/kit/base/ip.ts'
import { Address4, InterfaceAddress, PciAddress, Prefix } from '@imp/kit/base/schema.ts'
import type { Ledger } from './ledger.ts'

/** `192.0.2.0/255.255.255.0` as `192.0.2.0/24`; undefined for masks with holes and for everything else. */
function withLength(text: string): string | undefined {
  const [literal = '', mask = ''] = text.split('/')
  if (!Address4.safeParse(mask).success) return undefined
  const ones = parseAddress(mask, 4).value.toString(2).padStart(32, '0')
  return /^1*0*$/.test(ones) ? `${literal}/${ones.replace(/0+$/, '').length}` : undefined
}

export interface Network {
  readonly text: string
  /** What was different, when something was. */
  readonly note?: string
}

/** A network in our form: a length instead of a mask, no host bits. */
export function network(text: string): Network {
  if (Prefix.safeParse(text).success) return { text }
  const meant = networkAround(withLength(text) ?? text)
  if (meant === undefined) return { text, note: 'is no network; it stands there unchanged until somebody says what it means' }
  return { text: meant, note: `${text} is written as a network with its length and without host bits` }
}

/** The network in our form, written down under its old place. */
export function moveNetwork(ledger: Ledger, from: string, text: string, to: string | readonly string[]): string {
  const { text: moved, note } = network(text)
  if (note === undefined) ledger.kept(from, to)
  else ledger.changed(from, to, note)
  return moved
}

/** The network around `address/length`, or undefined when that is none. */
export function networkAround(text: string): string | undefined {
  return InterfaceAddress.safeParse(text).success ? formatPrefix(networkOf(parseInterfaceAddress(text))) : undefined
}

/** The /64 around an IPv6 address with length, or undefined when that is none. */
export function subnet64Around(text: string): string | undefined {
  if (!InterfaceAddress.safeParse(text).success) return undefined
  const address = parseInterfaceAddress(text)
  return address.family === 6 ? formatPrefix(networkOf({ ...address, length: 64 })) : undefined
}

/** A PCI address in full form, also from the short one without domain; undefined for `virtio0` and the like. */
export function fullPciAddress(text: string): string | undefined {
  const lower = text.toLowerCase()
  return [lower, `0000:${lower}`].find((each) => PciAddress.safeParse(each).success)
}
