/** A commit: a configuration with a number, who wanted it, why, and what came of it. */
import { z } from 'zod'
import type { RouterConfigInput } from '../config/model.ts'
import type { Overrides } from '../overrides/model.ts'

/**
 * `pending`: being applied, or its command died. `awaiting`: in force until its deadline unless somebody confirms. `applied`: in
 * force, or was until a later one. `failed`: never came into force. `rolled-back`: was in force and was taken back.
 */
export const outcomes = ['pending', 'awaiting', 'applied', 'failed', 'rolled-back'] as const

export const Commit = z.strictObject({
  number: z.int().min(1),
  base: z.int().min(0).describe('commit that was in force before, 0 for none'),
  who: z.string().describe('user who committed'),
  when: z.iso.datetime(),
  comment: z.string().describe('why, in the words of the user').exactOptional(),
  restores: z.int().min(1).describe('commit whose configuration this one brings back').exactOptional(),
  outcome: z.enum(outcomes).describe('what came of it'),
  reason: z.string().describe('why it failed or was taken back').exactOptional(),
  scheduled: z.iso.datetime().describe('time for which it was scheduled').exactOptional(),
  inForceAt: z.iso.datetime().describe('when it came into force; left out when it never did').exactOptional(),
  takenBackAt: z.iso.datetime().describe('when the configuration before it was in force again').exactOptional(),
  deadline: z.iso.datetime().describe('when it is taken back unless somebody confirms').exactOptional(),
})
export type Commit = z.output<typeof Commit>

/** The commit in force: the last one that neither failed nor was taken back nor lacks its verdict. */
export function headOf(commits: readonly Commit[]): Commit | undefined {
  return commits.findLast(({ outcome }) => outcome === 'applied' || outcome === 'awaiting')
}

/** The numbered commits of a router, on disk. */
export interface History {
  /** All commits, oldest first. */
  list(): Promise<Commit[]>
  /** A `not-found` fault when there is none of this number. */
  get(number: number): Promise<Commit>
  /** The configuration of a commit as it was written. */
  document(number: number): Promise<RouterConfigInput>
  /** What ran before a commit, for taking it back. */
  before(number: number): Promise<RouterConfigInput>
  /** Drop-ins that were in force before a commit; undefined when nobody wrote them down. */
  overridesBefore(number: number): Promise<Overrides | undefined>
  /** Writes a new commit: its documents first, so that a record always has them. */
  add(commit: Commit, document: RouterConfigInput, before: RouterConfigInput, overrides?: Overrides): Promise<void>
  /** Records what became of a commit. */
  record(commit: Commit): Promise<void>
}
