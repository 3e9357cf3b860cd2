/** From which address and port another node sees a flow come: a real flow, observed by the program that it reaches. */
import { execPath } from 'node:process'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { asFault, Fault } from '@imp/kit/base/fault.ts'
import { formatAddress, parseAddress, parseInterfaceAddress, sameAddress, type Address } from '@imp/kit/base/ip.ts'
import { interfacesAt } from '../addresses.ts'
import type { SeenAs } from '../model.ts'
import type { Place } from '../parts.ts'
import type { Check, Lookout } from './assertion.ts'

const program = fileURLToPath(new URL('observer.ts', import.meta.url))

/** Milliseconds for one flow from its first packet to the answer. */
const flowTimeout = 3000

/**
 * bash opens a flow and waits for a byte of answer. It is in every Debian, also in guests that have nothing else (bash(1), REDIRECTION,
 * /dev/tcp). The words come as parameters, never as text of the program.
 */
const flow = 'exec 3<>"/dev/$1/$2/$3" && printf x >&3 && IFS= read -r -n 1 -u 3'

const Line = z.union([z.strictObject({ address: z.string(), port: z.int() }), z.strictObject({ port: z.int() })])

interface Source {
  readonly address: string
  readonly port: number
}

/** The node of the lab that has the address and can run the observer. */
async function placeOf(lookout: Lookout, wanted: Address): Promise<Place> {
  for (const node of lookout.places.lab.nodes) {
    const place = await lookout.places.at(node.name)
    const addresses = (await interfacesAt(place.host)).flatMap((each) => each.addresses)
    if (!addresses.some((each) => sameAddress(parseInterfaceAddress(each), wanted))) continue
    if (node.realised === 'namespace') return place
    throw new Fault('unsupported', `${formatAddress(wanted)} is in guest ${node.name}, where nothing can observe`)
  }
  throw new Fault('not-found', `no node has the address ${formatAddress(wanted)}`)
}

function lineOf(text: string): z.output<typeof Line> | undefined {
  try {
    return Line.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}

/** Makes the flow while the observer waits for it. */
async function observe(lookout: Lookout, far: Place, { from, to, protocol }: z.output<typeof SeenAs>): Promise<Source> {
  const near = await lookout.places.at(from)
  const listening = Promise.withResolvers<number>()
  const ended = new AbortController()
  let source: Source | undefined
  const onLine = (text: string): void => {
    const line = lineOf(text)
    if (line === undefined) return
    if ('address' in line) source = line
    else listening.resolve(line.port)
  }
  const signal = AbortSignal.any([ended.signal, lookout.signal])
  const observing = far.host.query([execPath, program, protocol, to], { timeout: 4 * flowTimeout, signal, onLine })
  observing.catch((error: unknown) => listening.reject(asFault(error)))
  try {
    const port = await listening.promise
    const words = ['bash', '-c', flow, 'bash', protocol, to, String(port)] as const
    await near.host.query(words, { timeout: flowTimeout, signal: lookout.signal })
    await observing
  } catch (error) {
    // What was seen counts, even if the answer did not find its way back.
    if (source === undefined) throw error
  } finally {
    ended.abort()
    await observing.catch(() => undefined)
  }
  if (source === undefined) throw new Fault('failed', 'the flow was not seen')
  return source
}

export function seenAs(fields: z.output<typeof SeenAs>): Check {
  const { from, to, protocol, address, ports } = fields
  const wanted = parseAddress(address)
  return {
    subject: `${from} at ${to}, ${protocol}`,
    expected: ports === undefined ? address : `${address} port ${ports[0]}-${ports[1]}`,
    async look(lookout) {
      const source = await observe(lookout, await placeOf(lookout, parseAddress(to)), fields)
      const inBlock = ports === undefined || (source.port >= ports[0] && source.port <= ports[1])
      return { holds: inBlock && sameAddress(parseAddress(source.address), wanted), seen: `${source.address} port ${source.port}` }
    },
  }
}
