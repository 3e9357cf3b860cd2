/** Port forwards as people write them, `[ADDRESS:]HOST:GUEST[/udp]` with ports or ranges, and which of them are in each other's way; pure. */
import { Fault } from '@imp/kit/base/fault.ts'
import { formatAddress, parseAddress } from '@imp/kit/base/ip.ts'
import { parse } from '@imp/kit/base/schema.ts'
import { PortForward } from './model.ts'

const shape =
  /^(?:(?:\[(?<six>[0-9a-fA-F:.]+)\]|(?<four>\d+\.\d+\.\d+\.\d+)):)?(?<host>\d{1,5})(?:-(?<hostEnd>\d{1,5}))?:(?<guest>\d{1,5})(?:-(?<guestEnd>\d{1,5}))?(?:\/(?<protocol>tcp|udp))?$/

/** For schemas of operations. */
export const forwardPattern = shape

function countOf(word: string, first: number, last: number): number {
  if (last < first) throw new Fault('input', `${word}: the last port comes before the first`)
  return last - first + 1
}

/** Reads one word; an `input` fault that names it. */
export function readForward(word: string): PortForward {
  const groups = shape.exec(word)?.groups
  if (groups === undefined) {
    throw new Fault('input', `${JSON.stringify(word)} is no forward`, {
      hint: 'write HOST:GUEST, such as 8080:80, 5353:53/udp, 127.0.0.1:8080:80 or 8000-8010:9000-9010',
    })
  }
  const [host, guest] = [Number(groups['host']), Number(groups['guest'])]
  const count = countOf(word, host, Number(groups['hostEnd'] ?? host))
  // One port of the guest after a range means the first of as many.
  const guests = groups['guestEnd'] === undefined ? count : countOf(word, guest, Number(groups['guestEnd']))
  if (guests !== count) throw new Fault('input', `${word}: the ranges differ in length: ${count} and ${guests}`)
  if (host + count > 65_536 || guest + count > 65_536) throw new Fault('input', `${word}: there is no port beyond 65535`)
  const address = groups['six'] ?? groups['four']
  return parse(
    PortForward,
    {
      host,
      guest,
      ...(groups['protocol'] === 'udp' ? { protocol: 'udp' } : {}),
      ...(count === 1 ? {} : { count }),
      ...(address === undefined ? {} : { address: canonical(word, address) }),
    },
    `forward ${word}`,
  )
}

/** The address in its one spelling; no address of ours, as `0.0.0.0`, means all of them and is written so. */
function canonical(word: string, address: string): string | undefined {
  try {
    const parsed = parseAddress(address)
    return parsed.value === 0n && parsed.family === 4 ? undefined : formatAddress(parsed)
  } catch (error) {
    throw new Fault('input', `${word}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
}

export function protocolOf({ protocol = 'tcp' }: PortForward): 'tcp' | 'udp' {
  return protocol
}

/** The word that stands for it: `8080:80/tcp`. */
export function writeForward(forward: PortForward): string {
  const { host, guest, count = 1, address } = forward
  const range = (first: number): string => (count === 1 ? String(first) : `${first}-${first + count - 1}`)
  const bound = address === undefined ? '' : `${address.includes(':') ? `[${address}]` : address}:`
  return `${bound}${range(host)}:${range(guest)}/${protocolOf(forward)}`
}

/** Ports of this computer one by one with the port of the guest that each leads to. */
export function portsOf({ host, guest, count = 1 }: PortForward): { host: number; guest: number }[] {
  return Array.from({ length: count }, (_, index) => ({ host: host + index, guest: guest + index }))
}

export function sameForward(a: PortForward, b: PortForward): boolean {
  return writeForward(a) === writeForward(b)
}

/** Whether one packet could mean both. */
export function collide(a: PortForward, b: PortForward): boolean {
  if (protocolOf(a) !== protocolOf(b)) return false
  if (a.address !== undefined && b.address !== undefined && a.address !== b.address) return false
  return a.host < b.host + (b.count ?? 1) && b.host < a.host + (a.count ?? 1)
}

/** A socket that takes packets from the network, as ss(8) shows it. */
export interface Listener {
  readonly protocol: 'tcp' | 'udp'
  /** Undefined for all addresses. */
  readonly address: string | undefined
  readonly port: number
}

/** The first listener whose packets the forward would take. */
export function shadowed(forward: PortForward, listeners: readonly Listener[]): Listener | undefined {
  return listeners.find(({ protocol, address, port }) =>
    collide(forward, { host: port, guest: 1, protocol, ...(address === undefined ? {} : { address }) }),
  )
}
