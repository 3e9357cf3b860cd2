/** Which configurations can have been in force at a time, by the history of commits. */
import type { Commit } from '../commit/model.ts'

/** The configuration of a commit, or the one that ran when the commit began. */
export interface Recorded {
  readonly commit: Commit
  readonly document: 'of' | 'before'
}

/** Whether a time that is recorded has come; never when it is not. */
function hasCome(moment: string | undefined, at: number): boolean {
  return moment !== undefined && Date.parse(moment) <= at
}

/**
 * What the newest commit can have meant at a time. The change happens somewhere between its beginning and when it was found in force,
 * and is undone somewhere before it was found taken back; in between it may be either.
 */
function possibleAt(commit: Commit, at: number): Recorded['document'][] {
  const { outcome, inForceAt, takenBackAt } = commit
  if (outcome === 'failed' || hasCome(takenBackAt, at)) return ['before']
  // Records of earlier versions know only when a commit began.
  const isSure = (outcome === 'applied' || outcome === 'awaiting') && (inForceAt === undefined || hasCome(inForceAt, at))
  return isSure ? ['of'] : ['of', 'before']
}

/**
 * What can have been in force at a time (milliseconds since 1970), the likeliest first; empty before the first commit. What ran when the next one began is among it: it differs when somebody applied a configuration without a commit.
 */
export function recordedAt(commits: readonly Commit[], at: number): Recorded[] {
  const newest = commits.findLast((commit) => Date.parse(commit.when) <= at)
  if (newest === undefined) return []
  const next = commits.find((commit) => commit.number > newest.number)
  return [
    ...possibleAt(newest, at).map((document) => ({ commit: newest, document })),
    ...(next === undefined ? [] : [{ commit: next, document: 'before' as const }]),
  ]
}
