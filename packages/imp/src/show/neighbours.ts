/** Neighbours on the links: who answers to which address (ARP and IPv6 neighbour discovery). */
import { z } from 'zod'
import { parse, parseJson } from '@imp/kit/base/schema.ts'
import { table } from '@imp/kit/base/text.ts'
import type { Host } from '@imp/kit/host/host.ts'

export const Neighbour = z.strictObject({
  address: z.string(),
  interface: z.string(),
  mac: z.string().describe('missing while nobody answers').exactOptional(),
  states: z.array(z.string()).describe('of the neighbour unreachability detection (RFC 4861 7.3.2), as Linux names them'),
  router: z.boolean(),
})
export type Neighbour = z.output<typeof Neighbour>

/** `router` is null where it is set: iproute2 prints flags so. */
const Raw = z.looseObject({
  dst: z.string(),
  dev: z.string(),
  lladdr: z.string().exactOptional(),
  state: z.array(z.string()).default([]),
  router: z.null().exactOptional(),
})

/** Reads the answer of `ip -j neighbour show`. */
export function parseNeighbours(text: string): Neighbour[] {
  const raw = parse(z.array(Raw), parseJson(text === '' ? '[]' : text, 'ip neighbour'), 'ip neighbour')
  return raw.map(({ dst, dev, lladdr, state, router }) => ({
    address: dst,
    interface: dev,
    ...(lladdr === undefined ? {} : { mac: lladdr }),
    states: state,
    router: router === null,
  }))
}

export async function lookAtNeighbours(host: Host): Promise<Neighbour[]> {
  return parseNeighbours((await host.query(['ip', '-j', 'neighbour', 'show'])).stdout)
}

export function viewNeighbours(neighbours: readonly Neighbour[]): string {
  if (neighbours.length === 0) return 'no neighbours'
  const rows = neighbours.map(({ address, interface: link, mac = 'nobody answers', states, router }) => [
    address,
    link,
    mac,
    [...states.map((state) => state.toLowerCase()), ...(router ? ['router'] : [])].join(' '),
  ])
  return table([['ADDRESS', 'INTERFACE', 'MAC', 'STATE'], ...rows]).join('\n')
}
