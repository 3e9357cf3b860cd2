/** How busy the nodes of VPP's graph are. No message tells it. */
import { z } from 'zod'
import { table } from '@imp/kit/base/text.ts'

export const VppNode = z.strictObject({
  thread: z.string().describe('vpp_main, or a worker'),
  node: z.string(),
  state: z.string(),
  calls: z.int(),
  vectors: z.int().describe('packets'),
  suspends: z.int(),
  clocks: z.number().describe('processor cycles for each packet, call or resumption'),
  vectorsPerCall: z.number().describe('packets that one call takes on average; towards 256 the thread is at its limit'),
})
export type VppNode = z.output<typeof VppNode>

const nodeLine = /^(\S+)\s+(\S.*?)\s+(\d+)\s+(\d+)\s+(\d+)\s+([\d.]+(?:e-?\d+)?)\s+([\d.]+)\s*$/

/** Reads `show runtime`. A VPP without workers names no thread. */
export function parseVppRuntime(text: string): VppNode[] {
  let thread = 'vpp_main'
  return text.split('\n').flatMap((line) => {
    thread = /^Thread \d+ (\S+)/.exec(line)?.[1] ?? thread
    const [, node, state = '', calls, vectors, suspends, clocks, vectorsPerCall] = nodeLine.exec(line) ?? []
    if (node === undefined) return []
    const numbers = { calls: Number(calls), vectors: Number(vectors), suspends: Number(suspends), clocks: Number(clocks) }
    // VPP cuts the state with its quotes.
    return [{ thread, node, state: state.replaceAll('"', ''), ...numbers, vectorsPerCall: Number(vectorsPerCall) }]
  })
}

/** Nodes that forwarded packets, the busiest first. */
export function viewVppRuntime(nodes: readonly VppNode[]): string {
  const busy = nodes.filter(({ vectors }) => vectors > 0).toSorted((a, b) => b.vectors * b.clocks - a.vectors * a.clocks)
  if (busy.length === 0) return 'no node has seen a packet'
  const rows = busy.map((each) => [
    each.thread,
    each.node,
    each.state,
    String(each.calls),
    String(each.vectors),
    each.clocks.toPrecision(3),
    each.vectorsPerCall.toFixed(2),
  ])
  return table([['THREAD', 'NODE', 'STATE', 'CALLS', 'PACKETS', 'CYCLES', 'PACKETS/CALL'], ...rows]).join('\n')
}
