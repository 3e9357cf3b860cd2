/** Connection tracking, as conntrack(8) prints it. */
import { z } from 'zod'
import { Fault } from '@imp/kit/base/fault.ts'

export const Flow = z.strictObject({
  protocol: z.string(),
  state: z.string().describe('of TCP').exactOptional(),
  inside: z.string().describe('address and port of the host; of ICMP the identifier'),
  destination: z.string(),
  outside: z.string().describe('what the destination sees'),
  answered: z.boolean(),
})
export type Flow = z.output<typeof Flow>

/** `src=192.168.0.5 dst=198.51.100.1 sport=4 dport=5` of one direction, as an object. */
type Direction = Readonly<Record<string, string>>

function directions(line: string): readonly [original: Direction, reply: Direction] {
  const pairs = [...line.matchAll(/\b([a-z]+)=(\S+)/g)].map(([, key = '', value = '']) => [key, value] as const)
  const second = pairs.findIndex(([key], index) => key === 'src' && index > 0)
  if (second < 0) throw new Fault('exec', 'conntrack printed what is no flow', { detail: line })
  return [Object.fromEntries(pairs.slice(0, second)), Object.fromEntries(pairs.slice(second))]
}

function endpoint(address: string | undefined, port: string | undefined): string {
  return port === undefined ? (address ?? '') : `${address ?? ''}:${port}`
}

function flowOf(line: string): Flow {
  const [protocol = '', , , fourth = ''] = line.split(/\s+/)
  const [original, reply] = directions(line)
  return {
    protocol,
    ...(/^[A-Z_0-9]+$/.test(fourth) ? { state: fourth } : {}),
    inside: endpoint(original['src'], original['sport'] ?? original['id']),
    destination: endpoint(original['dst'], original['dport']),
    outside: endpoint(reply['dst'], reply['dport'] ?? reply['id']),
    answered: !line.includes('[UNREPLIED]'),
  }
}

/** Reads the flows that `conntrack -L` prints, one a line. An `exec` fault for a line that is none. */
export function parseFlows(text: string): Flow[] {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map(flowOf)
}

/** Reads `conntrack -S`: the counters of all processors, added up. */
export function parseStatistics(text: string): Record<string, number> {
  const sums: Record<string, number> = {}
  for (const [, key = '', value] of text.matchAll(/\b([a-z_]+)=(\d+)/g)) {
    if (key !== 'cpu') sums[key] = (sums[key] ?? 0) + Number(value)
  }
  return sums
}
