/** Destinations of an allow-list as people write them: `192.0.2.0/24`, `192.0.2.7:443`, `[2001:db8::/32]:80-90`, `dns`; pure. */
import { Fault } from '@imp/kit/base/fault.ts'
import { parse } from '@imp/kit/base/schema.ts'
import { Destination, type Egress, type EgressPolicy } from './model.ts'

/** `PREFIX`, `PREFIX:PORTS` or `[PREFIX]:PORTS`; a length may be left out for a single address. */
const shapes = [
  /^\[(?<prefix>[^\]]+)\]:(?<first>\d{1,5})(-(?<last>\d{1,5}))?$/,
  /^(?<prefix>[^/\s]+\/\d{1,3})(:(?<first>\d{1,5})(-(?<last>\d{1,5}))?)?$/,
  /^(?<prefix>\d+\.\d+\.\d+\.\d+)(:(?<first>\d{1,5})(-(?<last>\d{1,5}))?)?$/,
  /^(?<prefix>[0-9a-fA-F:.]*:[0-9a-fA-F:.]*)$/,
]

function withLength(prefix: string): string {
  if (prefix.includes('/')) return prefix
  return `${prefix}/${prefix.includes(':') ? 128 : 32}`
}

/** Reads one word; an `input` fault that names it. */
export function readDestination(word: string): Destination {
  if (word === 'dns') return word
  const groups = shapes.map((shape) => shape.exec(word)?.groups).find((each) => each !== undefined)
  if (groups?.['prefix'] === undefined) {
    throw new Fault('input', `${JSON.stringify(word)} is no destination`, {
      hint: 'write 192.0.2.0/24, 192.0.2.7:443, [2001:db8::/32]:80-90, or dns',
    })
  }
  const { prefix, first, last = first } = groups
  const ports = first === undefined ? {} : { ports: { first: Number(first), last: Number(last) } }
  const destination = parse(Destination, { prefix: withLength(prefix), ...ports }, `destination ${word}`)
  if (destination !== 'dns' && destination.ports !== undefined && destination.ports.last < destination.ports.first) {
    throw new Fault('input', `${word}: the last port comes before the first`)
  }
  return destination
}

/** The policy that two flags say; undefined when neither is there. An `input` fault for a list that nothing uses. */
export function readEgress(policy: Egress | undefined, allow: readonly string[]): EgressPolicy | undefined {
  if (allow.length > 0 && policy !== 'allow-list') {
    throw new Fault('input', '--allow says what --egress allow-list lets through', {
      hint: 'add --egress allow-list, or leave --allow out',
    })
  }
  return policy === undefined ? undefined : { policy, allow: allow.map(readDestination) }
}

/** The word that stands for it. */
export function writeDestination(destination: Destination): string {
  if (destination === 'dns') return destination
  const { prefix, ports } = destination
  if (ports === undefined) return prefix
  return `${prefix.includes(':') ? `[${prefix}]` : prefix}:${ports.first}${ports.last === ports.first ? '' : `-${ports.last}`}`
}
