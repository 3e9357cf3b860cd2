/** Waits beside a commit until somebody confirms it or its time is over; then takes it back. */
import { Fault } from '@imp/kit/base/fault.ts'
import { settle, withCommits, type Commits } from './commit.ts'
import type { Commit } from './model.ts'

/** Milliseconds between two looks at the record of the commit. */
const interval = 500

function isOpen({ outcome }: Commit): boolean {
  return outcome === 'pending' || outcome === 'awaiting'
}

/** Whether its time is over. A record without a deadline is of a command that died between two of its writes. */
function isOver(commits: Commits, { deadline }: Commit): boolean {
  return deadline === undefined || Date.parse(deadline) <= commits.clock.now().getTime()
}

/** Settles under the lock; false while another command holds it. */
async function trySettle(commits: Commits): Promise<boolean> {
  try {
    await withCommits(commits, () => settle(commits))
    return true
  } catch (error) {
    if (error instanceof Fault && error.code === 'busy') return false
    throw error
  }
}

/** Returns the commit as it is when its fate is decided. */
export async function awaitConfirmation(commits: Commits, number: number): Promise<Commit> {
  const { clock, history } = commits
  for (;;) {
    const commit = await history.get(number)
    if (!isOpen(commit)) return commit
    const settled = isOver(commits, commit) && (await trySettle(commits))
    if (!settled) await clock.sleep(interval, commits.signal)
  }
}
