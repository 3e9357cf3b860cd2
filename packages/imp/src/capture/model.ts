/** A packet capture: what is recorded, from where, and when it ends by itself. */
import { z } from 'zod'
import { InstanceName } from '../appliance/model.ts'

/** How VPP records: it keeps packets in memory and writes them into a file of its own when it is told to end. */
export const VppRecording = z.strictObject({
  instance: InstanceName.describe('process of VPP that records'),
  file: z
    .string()
    .regex(/^[\w-]+\.pcap$/)
    .describe('name of the file that VPP writes'),
  packets: z.int().min(1).describe('packets that VPP keeps at most'),
  bytes: z.int().min(32).max(9000).describe('bytes that it keeps of each'),
  outcome: z.enum(['full', 'ended', 'lost']).describe('how it went; missing while it may still record').exactOptional(),
})
export type VppRecording = z.output<typeof VppRecording>

export const Capture = z.strictObject({
  interface: z.string().describe('interface of the router, or any'),
  filter: z.string().describe('which packets, in the language of pcap-filter(7)').exactOptional(),
  maxSizeMib: z.int().min(1).describe('ends when the file is so large'),
  maxSeconds: z.int().min(1).describe('ends after so long'),
  startedAt: z.iso.datetime(),
  vpp: VppRecording.describe('present when VPP records instead of Linux').exactOptional(),
})
export type Capture = z.output<typeof Capture>
