/** Waits beside a commit until somebody confirms it or its time is over; then takes it back. */
import { Fault } from '@imp/kit/base/fault.ts'
import { settle, withCommits, type Commits } from './commit.ts'
import type { Commit } from './model.ts'

/** Milliseconds between two looks at the record of the commit. */
const interval = 500

/** Milliseconds between two attempts when the earlier ones failed, at most. */
const longestPause = 60_000

function isOpen({ outcome }: Commit): boolean {
  return outcome === 'pending' || outcome === 'awaiting'
}

/** Whether its time is over. A record without a deadline is of a command that died between two of its writes. */
function isOver(commits: Commits, { deadline }: Commit): boolean {
  return deadline === undefined || Date.parse(deadline) <= commits.clock.now().getTime()
}

/** Settles under the lock; false when that failed and is to be tried again. */
async function trySettle(commits: Commits): Promise<boolean> {
  try {
    await withCommits(commits, () => settle(commits))
    return true
  } catch (error) {
    // Nobody else is there who would take the commit back: whatever is in the way may be mended in the meantime.
    if (!(error instanceof Fault) || error.code === 'bug') throw error
    commits.report({ event: 'log', level: 'warning', text: `cannot take the commit back yet: ${error.message}` })
    return false
  }
}

/** Returns the commit as it is when its fate is decided. */
export async function awaitConfirmation(commits: Commits, number: number): Promise<Commit> {
  const { clock, history } = commits
  let pause = interval
  for (;;) {
    const commit = await history.get(number)
    if (!isOpen(commit)) return commit
    const over = isOver(commits, commit)
    if (over && (await trySettle(commits))) return history.get(number)
    await clock.sleep(pause, commits.signal)
    pause = over ? Math.min(pause * 2, longestPause) : interval
  }
}
