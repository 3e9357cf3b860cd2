/** Port forwards as people write them, `[ADDRESS:]HOST:GUEST[/udp]` with ports or ranges; pure. */
import { z } from 'zod'
import { Fault } from '@imp/kit/base/fault.ts'
import { formatAddress, parseAddress } from '@imp/kit/base/ip.ts'
import { parse } from '@imp/kit/base/schema.ts'
import { PortForward } from './model.ts'

const shape =
  /^(?:(?:\[(?<six>[0-9a-fA-F:.]+)\]|(?<four>\d+\.\d+\.\d+\.\d+)):)?(?<host>\d{1,5})(?:-(?<hostEnd>\d{1,5}))?:(?<guest>\d{1,5})(?:-(?<guestEnd>\d{1,5}))?(?:\/(?<protocol>tcp|udp))?$/

/** One word of a command line. */
export const ForwardWord = z
  .string()
  .regex(shape, 'must be [ADDRESS:]HOST:GUEST[/tcp|udp]')
  .meta({ examples: ['8080:80', '5353:53/udp'] })

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
  const told = groups['six'] ?? groups['four']
  const address = told === undefined ? undefined : canonical(word, told)
  return parse(
    PortForward,
    {
      host,
      guest,
      ...(groups['protocol'] === 'udp' ? { protocol: 'udp' } : {}),
      ...(count === 1 ? {} : { count }),
      ...(address === undefined ? {} : { address }),
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
