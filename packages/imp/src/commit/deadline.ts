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

/**
 * Tells whether the time of a commit is over, measured from when its deadline was first seen: who sets the clock meanwhile (NTP perhaps,
 * over the very network that the commit brought up) neither takes it back early nor leaves it in force for longer. It never waits longer
 * than the commit was to wait: after a reboot the clock may not be right yet. A record without a deadline is of a command that died
 * between two of its writes.
 */
function stopwatch({ clock }: Commits): (commit: Commit) => boolean {
  let seen: string | undefined
  let end = 0
  return ({ when, deadline }) => {
    if (deadline === undefined) return true
    const agreed = Date.parse(deadline) - Date.parse(when)
    const left = Math.min(Date.parse(deadline) - clock.now().getTime(), agreed > 0 ? agreed : Infinity)
    if (seen !== deadline) end = clock.monotonic() + left
    seen = deadline
    return clock.monotonic() >= end
  }
}

/** Settles under the lock; false when that failed and is to be tried again. */
async function trySettle(commits: Commits, number: number): Promise<boolean> {
  try {
    await withCommits(commits, () => settle(commits, (_, head) => head.number === number))
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
  const isOver = stopwatch(commits)
  let pause = interval
  for (;;) {
    const commit = await history.get(number)
    if (!isOpen(commit)) return commit
    const over = isOver(commit)
    if (over && (await trySettle(commits, number))) return history.get(number)
    await clock.sleep(pause, commits.signal)
    pause = over ? Math.min(pause * 2, longestPause) : interval
  }
}
