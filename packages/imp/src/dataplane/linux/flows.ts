/**
 * Flows that a change of the translation leaves behind. The kernel keeps translating a flow as it began, so a host whose ports went to
 * another one would be seen with them until its last flow ends, and nobody could tell the two apart. Such flows are ended.
 */
import { Fault } from '@imp/kit/base/fault.ts'
import { formatPrefix, parseAddress } from '@imp/kit/base/ip.ts'
import type { Host } from '@imp/kit/host/host.ts'

/** Calls of conntrack(8), each of which looks at every flow of the kernel. */
const mostCalls = 16

/** What each host is translated to, by the text of a table or the kernel's listing of it: `A : B . LOW-HIGH`. */
function translations(text: string): Map<string, string> {
  const elements = text.matchAll(/(\d+\.\d+\.\d+\.\d+) : (\d+\.\d+\.\d+\.\d+) \. (\d+)(?:-(\d+))?/g)
  return new Map([...elements].map(([, inside = '', outside, low, high = low]) => [inside, `${outside} ${low}-${high}`]))
}

/** Hosts that were translated and are no longer, or are otherwise. Pure. */
export function retranslated(before: string, after: string): string[] {
  const now = translations(after)
  return [...translations(before)].filter(([inside, block]) => now.get(inside) !== block).map(([inside]) => inside)
}

/** The largest network that begins at the address and holds nothing behind `last`. */
function lengthAt(first: number, last: number): number {
  let length = 32
  while (length > 0) {
    const size = 2 ** (33 - length)
    if (first % size !== 0 || first + size - 1 > last) return length
    length -= 1
  }
  return length
}

/** Networks that hold exactly these addresses, given in order. */
function exactNetworks(addresses: readonly number[]): { first: number; length: number }[] {
  const networks: { first: number; length: number }[] = []
  for (let index = 0; index < addresses.length;) {
    const first = addresses[index] ?? 0
    let end = index
    while (addresses[end + 1] === (addresses[end] ?? 0) + 1) end += 1
    const length = lengthAt(first, addresses[end] ?? first)
    networks.push({ first, length })
    index += 2 ** (32 - length)
  }
  return networks
}

/** At most `most` networks that hold all of the addresses, and as few others as it takes. Pure. */
export function networksOf(inside: readonly string[], most = mostCalls): string[] {
  const numbers = [...new Set(inside.map((text) => Number(parseAddress(text, 4).value)))].toSorted((a, b) => a - b)
  let networks = exactNetworks(numbers)
  for (let longest = 31; networks.length > most; longest -= 1) {
    const size = 2 ** (32 - longest)
    const widened = networks.map(({ first, length }) =>
      length <= longest ? { first, length } : { first: first - (first % size), length: longest },
    )
    networks = widened.filter(({ first }, index) => index === 0 || first !== widened[index - 1]?.first)
  }
  return networks.map(({ first, length }) => formatPrefix({ family: 4, value: BigInt(first), length }))
}

/** Ends the translated flows of these networks. Nothing happens when there are none. */
async function endFlows(host: Host, networks: readonly string[]): Promise<void> {
  for (const network of networks) {
    // Status 1 when no flow was there (conntrack 1.4.7, src/conntrack.c).
    const ran = await host.run(['conntrack', '-D', '-f', 'ipv4', '-s', network, '--src-nat'], { statuses: [0, 1], timeout: 120_000 })
    if (ran.status === 0 || ran.stderr.includes('0 flow entries have been deleted')) continue
    throw new Fault('exec', `conntrack cannot end the flows of ${network}`, { detail: ran.stderr.trim() })
  }
}

async function hasConntrack(host: Host): Promise<boolean> {
  try {
    await host.query(['conntrack', '--version'])
    return true
  } catch (error) {
    // A namespace tells a missing program as one that failed.
    if (error instanceof Fault && (error.code === 'missing-program' || error.code === 'exec')) return false
    throw error
  }
}

interface Retranslation {
  /** Text of the table, null for none. */
  readonly before: string | null
  readonly after: string | null
  /** Whether the change is one that is taken back: it happens also where flows cannot be ended. */
  readonly back?: boolean
}

/**
 * Changes a table by `change` and ends the flows of hosts that are translated otherwise afterwards. A `missing-program` fault before
 * anything is changed when conntrack(8) would be needed and is not there.
 */
export async function retranslate(host: Host, { before, after, back = false }: Retranslation, change: () => Promise<void>): Promise<void> {
  const networks = before === null ? [] : networksOf(retranslated(before, after ?? ''))
  const canEnd = networks.length === 0 || (await hasConntrack(host))
  if (!canEnd && !back) {
    throw new Fault('missing-program', 'conntrack is not installed: flows of hosts that get other ports could not be ended', {
      hint: 'apt-get install conntrack',
    })
  }
  await change()
  if (canEnd) await endFlows(host, networks)
}
