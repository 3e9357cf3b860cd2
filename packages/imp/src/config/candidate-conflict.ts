/** A candidate that others overtook: refused with what they changed and where both sides meant the same place. */
import { Fault, type Finding } from '@imp/kit/base/fault.ts'
import type { Commit } from '../commit/model.ts'
import { documentAt, type Candidate } from './candidate.ts'
import { conflictsOf, differences, type Change, type Conflict } from './difference.ts'
import type { ConfigStore } from './history.ts'

function shown(value: unknown): string {
  if (value === undefined) return 'nothing'
  const text = JSON.stringify(value)
  return text.length > 60 ? `${text.slice(0, 57)}...` : text
}

function conflict({ mine, theirs }: Conflict): Finding {
  const where = mine.path === theirs.path ? '' : ` at ${theirs.path}`
  return {
    path: mine.path,
    severity: 'error',
    message: `here it is ${shown(mine.after)}, theirs${where} is ${shown(theirs.after)}; before both it was ${shown(mine.before)}`,
  }
}

function overtaken(change: Change): Finding {
  return {
    path: change.path,
    severity: 'warning',
    message: `is ${shown(change.after)} in the meantime, before it was ${shown(change.before)}`,
  }
}

/** A `conflict` fault when another commit came into force since the candidate was made. */
export async function refuseStale(store: ConfigStore, candidate: Candidate, head: Commit | undefined): Promise<void> {
  const number = head?.number ?? 0
  if (number === candidate.base) return
  const base = await documentAt(store, candidate.base)
  const theirs = differences(base, await documentAt(store, number))
  const conflicts = conflictsOf(differences(base, candidate.document), theirs)
  const from = candidate.base === 0 ? 'before the first commit' : `from commit ${candidate.base}`
  const now = head === undefined ? 'it is no longer in force' : `commit ${number} of ${head.who} is in force now`
  throw new Fault('conflict', `the candidate was made ${from}, and ${now}`, {
    hint:
      conflicts.length > 0
        ? 'agree on these places; imp rebase --theirs keeps the rest of the candidate'
        : 'imp rebase brings the candidate up to date',
    findings: [...conflicts.map(conflict), ...theirs.map(overtaken)],
  })
}
