/** A packet capture: what is recorded, from where, and when it ends by itself. */
import { z } from 'zod'

export const Capture = z.strictObject({
  interface: z.string().describe('interface of the router, or any'),
  filter: z.string().describe('which packets, in the language of pcap-filter(7)').exactOptional(),
  maxSizeMib: z.int().min(1).describe('ends when the file is so large'),
  maxSeconds: z.int().min(1).describe('ends after so long'),
  startedAt: z.iso.datetime(),
})
export type Capture = z.output<typeof Capture>
