/** Commits and changes as operations return them, and as people see them. */
import { z } from 'zod'
import { table } from '@imp/kit/base/text.ts'
import { printable } from '@imp/kit/base/width.ts'
import type { Commit } from './model.ts'

export const ShownChange = z.strictObject({
  path: z.string().describe('place in the configuration'),
  before: z.unknown().describe('old value; left out when there was none').exactOptional(),
  after: z.unknown().describe('new value; left out when there is none').exactOptional(),
  order: z.literal(true).describe('the same members in another order').exactOptional(),
})
export type ShownChange = z.output<typeof ShownChange>

function word(value: unknown): string {
  return printable(typeof value === 'string' ? value : JSON.stringify(value))
}

function drawChange({ path, before, after, order }: ShownChange): string {
  if (order === true) return `~ ${path}: order ${word(before)} -> ${word(after)}`
  if (before === undefined) return `+ ${path} = ${word(after)}`
  if (after === undefined) return `- ${path} = ${word(before)}`
  return `~ ${path}: ${word(before)} -> ${word(after)}`
}

/** One line for each change: what comes, what goes, what becomes something else. */
export function drawChanges(changes: readonly ShownChange[]): string {
  return changes.map(drawChange).join('\n')
}

export const ShownScheduled = z.strictObject({
  number: z.int().describe('its number on the schedule'),
  at: z.iso.datetime(),
  who: z.string(),
  comment: z.string().exactOptional(),
  base: z.int().describe('commit that must still be in force then'),
})
export type ShownScheduled = z.output<typeof ShownScheduled>

/** What a person has to know of a commit on the schedule. */
export function shownScheduled({ number, at, who, comment, base }: ShownScheduled): ShownScheduled {
  return { number, at, who, ...(comment === undefined ? {} : { comment }), base }
}

/** When a commit will happen. */
export function drawScheduled({ number, at }: ShownScheduled): string {
  return `scheduled for ${at} (${number}): imp schedule cancel ${number} takes it off`
}

function why({ comment, restores, reason, deadline, scheduled }: Commit): string {
  const parts = [
    comment,
    scheduled === undefined ? undefined : `scheduled for ${scheduled}`,
    restores === undefined ? undefined : `brings back ${restores}`,
    reason,
    deadline === undefined ? undefined : `until ${deadline}`,
  ]
  return printable(parts.filter((part) => part !== undefined).join('; '))
}

/** A table of commits, the latest first; `*` marks the one in force. */
export function drawHistory(commits: readonly Commit[], inForce: number | undefined): string {
  const rows = commits
    .toReversed()
    .map((commit) => [commit.number === inForce ? '*' : '', String(commit.number), commit.when, commit.who, commit.outcome, why(commit)])
  return table([['', 'COMMIT', 'WHEN', 'WHO', 'OUTCOME', 'WHY'], ...rows]).join('\n')
}

/** What became of one commit. */
export function drawCommit(commit: Commit): string {
  const { number, outcome, deadline } = commit
  if (outcome === 'applied') return `commit ${number} is in force`
  if (outcome === 'awaiting') return `commit ${number} is in force until ${deadline}: imp confirm keeps it`
  return `commit ${number}: ${outcome}, ${why(commit)}`
}
