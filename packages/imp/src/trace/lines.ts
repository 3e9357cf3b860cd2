/** The lines that start and end tracing. VPP has messages for them only with a plugin, and none that shows what was traced. */
import { parseAddress } from '@imp/kit/base/ip.ts'

export interface Wanted {
  /** Nodes where tracing begins. */
  readonly nodes: readonly string[]
  /** Packets for each node. */
  readonly count: number
  readonly source?: string
  readonly destination?: string
  /** Only packets that go through this node. */
  readonly through?: string
}

/** What takes all packets and filters away; each may be said when there are none. */
export const clearing = ['clear trace', 'trace filter none', 'classify filter trace del'] as const

function addressFilter({ source, destination }: Wanted): string[] {
  const fields = [
    ...(source === undefined ? [] : [['src', source] as const]),
    ...(destination === undefined ? [] : [['dst', destination] as const]),
  ]
  const [first] = fields
  if (first === undefined) return []
  const header = `l3 ip${parseAddress(first[1]).family}`
  const mask = fields.map(([field]) => field).join(' ')
  const match = fields.map((field) => field.join(' ')).join(' ')
  return [`classify filter trace mask ${header} ${mask} match ${header} ${match}`]
}

export function tracing(wanted: Wanted): string[] {
  const filter = addressFilter(wanted)
  const { through, count, nodes } = wanted
  return [
    ...clearing,
    ...filter,
    ...(through === undefined ? [] : [`trace filter include ${through} ${count}`]),
    ...nodes.map((node) => `trace add ${node} ${count}${filter.length === 0 ? '' : ' filter'}`),
  ]
}
