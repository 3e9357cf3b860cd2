/** Makes a target what a document says by a commit of its own history, for whoever brings a whole document and no candidate. */
import { isDeepStrictEqual } from 'node:util'
import type { Report } from '@imp/kit/base/events.ts'
import { adopt, commitLocked, settle, withCommits, type Commits } from '../commit/commit.ts'
import { guardOf } from '../commit/guard.ts'
import { headOf } from '../commit/model.ts'
import { nothingPlanned, type Router } from '../commit/router.ts'
import { historyOf } from '../config/history.ts'
import { RouterConfig } from '../config/model.ts'
import { applyConfig } from './apply.ts'
import { routerAt } from './router.ts'
import type { Target } from './target.ts'

export interface CommitConfigOptions {
  readonly who: string
  /** Why, for the history. */
  readonly comment: string
  /** Words of the command line by which another process finds the same target. */
  readonly words: readonly string[]
  /** What that process needs of our environment. */
  readonly environment: Readonly<Record<string, string>>
  readonly report: Report
  readonly signal: AbortSignal
}

/** Nobody judges the health of what comes up together with all its neighbours, and where nothing runs everything is new. */
function unjudged(router: Router): Router {
  return {
    ...router,
    plan: async (config) => ((await router.running()) === undefined ? nothingPlanned : router.plan(config)),
    look: () => Promise.resolve({ probes: [], learnt: 0 }),
  }
}

/** Milliseconds to wait for another commit, which may watch the health of its router for a minute. */
const patience = 120_000

/**
 * Brings the target to the configuration. The history gets a commit when it says something else, none when only something is to be
 * mended. While a commit waits for its confirmation the target is left to it, with a warning.
 */
export function commitConfig(target: Target, config: RouterConfig, options: CommitConfigOptions): Promise<void> {
  const { who, comment, words, environment, report, signal } = options
  const { local, stateDirectory: directory } = target
  const router = unjudged(routerAt(target, report))
  const history = historyOf({ host: local, directory })
  const guard = guardOf({ host: local, directory, words, environment })
  const commits: Commits = { history, directory, clock: local.clock, router, guard, report, signal }
  const bring = async (): Promise<void> => {
    await router.recover()
    await settle(commits)
    await adopt(commits)
    const head = headOf(await history.list())
    if (head?.outcome === 'awaiting') {
      const text = `${target.name} is left as it is: commit ${head.number} waits for its confirmation until ${head.deadline}`
      return report({ event: 'log', level: 'warning', text })
    }
    const same = head !== undefined && isDeepStrictEqual(RouterConfig.parse(await history.document(head.number)), config)
    if (same) await applyConfig(target, config, { report, signal })
    else await commitLocked(commits, { document: config, who, comment })
  }
  return withCommits(commits, bring, patience)
}
