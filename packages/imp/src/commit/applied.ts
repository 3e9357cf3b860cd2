/** Configurations that come into force without a candidate (`imp apply`) in the history of commits. */
import { isDeepStrictEqual } from 'node:util'
import { asFault } from '@imp/kit/base/fault.ts'
import { RouterConfig, type RouterConfigInput } from '../config/model.ts'
import { adopt, refuseAwaiting, settle, withCommits, type Commits } from './commit.ts'
import { headOf, type Commit } from './model.ts'

export interface AppliedDocument {
  readonly document: RouterConfigInput
  readonly who: string
  readonly comment: string
}

/**
 * Runs `apply`, which makes the router what the document says, and writes a commit down when that changed its configuration: who had
 * which address at a time is answered from the history. A `state` fault while a commit waits for its confirmation. A history that
 * cannot be written takes nothing back: the caller asked for no more than the change itself, and is warned.
 */
export function withRecord<T>(commits: Commits, { document, who, comment }: AppliedDocument, apply: () => Promise<T>): Promise<T> {
  const { history, router, clock, report } = commits
  return withCommits(commits, async () => {
    await settle(commits)
    await adopt(commits)
    const all = await history.list()
    refuseAwaiting(headOf(all))
    const [before, overrides] = [await router.running(), await router.overrides()]
    const when = clock.now().toISOString()
    const result = await apply()
    const same = isDeepStrictEqual(before, RouterConfig.parse(document)) && isDeepStrictEqual(overrides, await router.overrides())
    if (same) return result
    const number = (all.at(-1)?.number ?? 0) + 1
    const base = headOf(all)?.number ?? 0
    const commit: Commit = { number, base, who, when, comment, outcome: 'applied', inForceAt: clock.now().toISOString() }
    const { schema, version, hostname } = document
    try {
      await history.add(commit, document, before ?? { schema, version, hostname }, overrides)
    } catch (error) {
      const text = `the configuration is in force, but not in the history: ${asFault(error).message}`
      report({ event: 'log', level: 'warning', text })
    }
    return result
  })
}
