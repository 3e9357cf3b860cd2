/** One thing that happened at a router, for people as a line and for programs as JSON. */
import { z } from 'zod'
import { printable } from '@imp/kit/base/width.ts'

export const topics = ['bgp', 'interfaces', 'routes', 'commits', 'nat'] as const
export type Topic = (typeof topics)[number]

/** What happened, without when. */
export const Happening = z.strictObject({
  topic: z.enum(topics),
  subject: z.string().describe('what it happened to: a peer, an interface, a prefix, a commit'),
  change: z.string().describe('what happened, such as up, down, added, removed'),
  before: z.string().describe('state before').exactOptional(),
  after: z.string().describe('state since').exactOptional(),
  detail: z.string().describe('more for people').exactOptional(),
})
export type Happening = z.output<typeof Happening>

export const MonitorEvent = z.strictObject({ at: z.iso.datetime().describe('when it was noticed'), ...Happening.shape })
export type MonitorEvent = z.output<typeof MonitorEvent>

/** `20:15:01 bgp         192.0.2.1  down  Established -> Idle`. */
export function drawEvent({ at, topic, subject, change, before, after, detail }: MonitorEvent): string {
  const states = before !== undefined && after !== undefined ? `${before} -> ${after}` : (after ?? before)
  const parts = [at.slice(11, 19), topic.padEnd(10), subject, change, states, detail]
  return printable(parts.filter((part) => part !== undefined).join('  '))
}
