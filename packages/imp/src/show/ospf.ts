/** Neighbours of OSPF for IPv4 (version 2) and IPv6 (version 3), as ospfd and ospf6d tell them. */
import { z } from 'zod'
import { parse, parseJson } from '@imp/kit/base/schema.ts'
import { table } from '@imp/kit/base/text.ts'
import { answerOf, type Ask } from './ask.ts'

export const OspfNeighbour = z.strictObject({
  version: z.union([z.literal(2), z.literal(3)]),
  routerId: z.string(),
  interface: z.string(),
  address: z.string().describe('only in version 2').exactOptional(),
  state: z.string().describe('state of the neighbour, with its role on the link in version 2 (RFC 2328 10.1)'),
  since: z.string().exactOptional(),
})
export type OspfNeighbour = z.output<typeof OspfNeighbour>

const Raw2 = z.looseObject({
  nbrState: z.string(),
  ifaceAddress: z.string(),
  ifaceName: z.string(),
  upTime: z.string().exactOptional(),
})
const Answer2 = z.looseObject({ neighbors: z.record(z.string(), z.array(Raw2)).default({}) })

/** Reads the answer of `show ip ospf neighbor json` (FRR 8 and 10: the fields that both have). */
export function parseOspf(text: string): OspfNeighbour[] {
  const what = 'show ip ospf neighbor json'
  const { neighbors } = parse(Answer2, parseJson(text, what), what)
  return Object.entries(neighbors).flatMap(([routerId, adjacencies]) =>
    adjacencies.map(({ nbrState, ifaceAddress, ifaceName, upTime }) => ({
      version: 2 as const,
      routerId,
      // FRR writes the interface with our address: `wan:192.0.2.1`.
      interface: ifaceName.replace(/:.*$/, ''),
      address: ifaceAddress,
      state: nbrState,
      ...(upTime === undefined ? {} : { since: upTime }),
    })),
  )
}

const Raw3 = z.looseObject({ neighborId: z.string(), state: z.string(), interfaceName: z.string(), duration: z.string().exactOptional() })
const Answer3 = z.looseObject({ neighbors: z.array(Raw3).default([]) })

/** Reads the answer of `show ipv6 ospf6 neighbor json`. */
export function parseOspf6(text: string): OspfNeighbour[] {
  const what = 'show ipv6 ospf6 neighbor json'
  return parse(Answer3, parseJson(text, what), what).neighbors.map(({ neighborId, state, interfaceName, duration }) => ({
    version: 3,
    routerId: neighborId,
    interface: interfaceName,
    state,
    ...(duration === undefined ? {} : { since: duration }),
  }))
}

export async function lookAtOspf(ask: Ask): Promise<OspfNeighbour[]> {
  return parseOspf(await answerOf(ask, 'show ip ospf neighbor json'))
}

export async function lookAtOspf6(ask: Ask): Promise<OspfNeighbour[]> {
  return parseOspf6(await answerOf(ask, 'show ipv6 ospf6 neighbor json'))
}

export function viewOspf(neighbours: readonly OspfNeighbour[]): string {
  if (neighbours.length === 0) return 'no OSPF neighbours'
  const rows = neighbours.map(({ version, routerId, interface: link, address = '', state, since = '' }) => [
    `v${version}`,
    routerId,
    link,
    address,
    state,
    since,
  ])
  return table([['OSPF', 'ROUTER', 'INTERFACE', 'ADDRESS', 'STATE', 'SINCE'], ...rows]).join('\n')
}
