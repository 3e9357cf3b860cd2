/** The way of packets through the graph of VPP: the nodes that each one went through, and what they saw. */
import { z } from 'zod'

export const TracedNode = z.strictObject({
  node: z.string(),
  time: z.string().describe('since VPP began: hours, minutes, seconds and microseconds'),
  lines: z.array(z.string()).describe('what the node says of the packet'),
})

export const TracedPacket = z.strictObject({
  thread: z.string(),
  number: z.int(),
  what: z.string().describe('protocol and addresses, as the packet came').exactOptional(),
  dropped: z.string().describe('why VPP dropped it, in its words').exactOptional(),
  nodes: z.array(TracedNode),
})
export type TracedPacket = z.output<typeof TracedPacket>
