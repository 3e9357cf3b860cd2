/**
 * What the nodes of a process of VPP counted. Its counters are in the stats segment, which other processes get as a file descriptor over
 * a socket and map into their memory: Node.js can do neither, and no message tells them, so that its command line is asked.
 */
import { z } from 'zod'
import { VppError, parseVppErrors } from './vpp-errors.ts'
import type { VppAnswers } from './vpp.ts'

export const VppCounter = z.strictObject({ instance: z.string().describe('process of VPP'), ...VppError.shape })
export type VppCounter = z.output<typeof VppCounter>

/** Node and reason may come once for each thread: their counts are added up. */
export async function lookAtVppCounters(vpp: VppAnswers, instance: string): Promise<VppCounter[]> {
  const all = new Map<string, VppCounter>()
  for (const each of parseVppErrors(await vpp.cli('show errors'))) {
    const key = JSON.stringify([each.node, each.reason, each.severity])
    all.set(key, { instance, ...each, count: (all.get(key)?.count ?? 0) + each.count })
  }
  return [...all.values()]
}
