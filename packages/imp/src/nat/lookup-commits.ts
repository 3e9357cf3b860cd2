/** Which configurations can have been in force at a time, by the history of commits. */
import type { Commit } from '../commit/model.ts'

/** The configuration of a commit, or the one that ran when the commit began. */
export interface Recorded {
  readonly commit: Commit
  readonly document: 'of' | 'before'
}

function endings(commit: Commit): Recorded['document'][] {
  if (commit.outcome === 'applied' || commit.outcome === 'awaiting') return ['of']
  // It never came into force, or did for a time whose end nobody recorded.
  return commit.outcome === 'failed' ? ['before'] : ['of', 'before']
}

/**
 * What can have been in force at a time (milliseconds since 1970), the likeliest first; empty before the first commit. A commit counts
 * from its beginning. What ran when the next one began is among it: it differs when somebody applied a configuration without a commit.
 */
export function recordedAt(commits: readonly Commit[], at: number): Recorded[] {
  const newest = commits.findLast((commit) => Date.parse(commit.when) <= at)
  if (newest === undefined) return []
  const next = commits.find((commit) => commit.number > newest.number)
  return [
    ...endings(newest).map((document) => ({ commit: newest, document })),
    ...(next === undefined ? [] : [{ commit: next, document: 'before' as const }]),
  ]
}
