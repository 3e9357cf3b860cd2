/** What a person can do to bring a configuration into force and to take it back. */
import { z } from 'zod'
import { indent } from '@imp/kit/base/text.ts'
import { parseDuration } from '@imp/kit/base/units.ts'
import { Fault, refuse } from '@imp/kit/base/fault.ts'
import { drawFindings, FindingOutput } from '@imp/kit/op/findings.ts'
import { until } from '@imp/kit/host/until.ts'
import { operation, planned, type AnyOperation, type ViewOptions } from '@imp/kit/op/operation.ts'
import { disruptionOf, disruptions } from '@imp/kit/plan/step.ts'
import { currentEditor, EditorName } from '../config/candidate-editor.ts'
import { refuseStale } from '../config/candidate-conflict.ts'
import { documentAt, finishCandidate, readCandidate, storeAt, type Candidate, type CandidateOptions } from '../config/candidate.ts'
import { checkConfig } from '../config/check.ts'
import { differences } from '../config/difference.ts'
import { findingsByName } from '../config/findings-by-name.ts'
import { historyOf, type ConfigStore } from '../config/history.ts'
import { RouterConfig } from '../config/model.ts'
import type { ImpContext } from '../context.ts'
import { clientOf } from '../pipeline/probe-management.ts'
import { routerAt } from '../pipeline/router.ts'
import { isOwnRouter, openTarget, type Target } from '../pipeline/target.ts'
import { absolute, where, wordsOf, type Where } from '../pipeline/where.ts'
import {
  adopt,
  commitLocked,
  confirmLocked,
  isPast,
  isUnsettled,
  refuseAwaiting,
  settle,
  withCommits,
  withdrawLocked,
  type CommitRequest,
  type Commits,
  type Committed,
} from './commit.ts'
import { agree } from './agree.ts'
import { awaitConfirmation } from './deadline.ts'
import { guardOf, type Guard } from './guard.ts'
import { Commit, headOf } from './model.ts'
import { nothingPlanned, type RouterPlan } from './router.ts'
import { scheduleIn } from './schedule.ts'
import { parseTime } from './time.ts'
import { drawChanges, drawCommit, drawHistory, drawScheduled, ShownChange, ShownScheduled } from './view.ts'

/** Whose edits. */
export const whose = {
  candidate: EditorName.describe('name of the candidate; your user name unless told').exactOptional(),
}

/** The router of this machine keeps its history where all state is; others keep theirs beside their own state. */
function directoryOf(context: ImpContext, input: Where, opened: Target): string {
  return isOwnRouter(input) ? context.stateDirectory : opened.stateDirectory
}

/** The commits of a router, with the processes that do scheduled ones. */
export interface RouterCommits extends Commits {
  readonly waiter: Guard
}

/** Opens the history of a router, with all that is needed to change it. */
export async function withRouter<T>(
  context: ImpContext,
  input: Where,
  use: (commits: RouterCommits, store: ConfigStore) => Promise<T>,
): Promise<T> {
  const spec = absolute(input)
  const target = await openTarget(context, spec)
  try {
    const directory = directoryOf(context, spec, target)
    const store = storeAt(context, { directory })
    const environment = { IMP_STATE_DIR: context.stateDirectory, IMP_RUN_DIR: context.runDirectory }
    const options = { host: context.host, directory, words: wordsOf(spec), environment }
    const { host, report, signal } = context
    const commits = {
      history: historyOf(store),
      directory,
      clock: host.clock,
      router: routerAt(target, report, clientOf(process.env['SSH_CONNECTION'])),
      guard: guardOf(options),
      waiter: guardOf({ ...options, purpose: 'scheduled' }),
      report,
      signal,
    }
    return await use(commits, store)
  } finally {
    await target.close()
  }
}

/** A router that was configured without commits gets its first one before it is edited. */
export async function adoptRunning(context: ImpContext, commits: Commits): Promise<void> {
  if (context.dryRun || (await commits.history.list()).length > 0) return
  if ((await commits.router.running()) !== undefined) await withCommits(commits, () => adopt(commits))
}

/** Brings to an end what earlier commands left behind, and has scheduled commits waited for again; the commits whose fate that decided. */
export function settleCommits(context: ImpContext, input: Where): Promise<readonly Commit[]> {
  return withRouter(context, input, async (commits) => {
    const settled = (await isUnsettled(commits)) ? await withCommits(commits, () => settle(commits, isPast)) : []
    for (const { number } of await scheduleIn(context.host, commits.directory).list()) await commits.waiter.arm(number)
    return settled
  })
}

/** Options of the candidate that an input means. */
export function candidateOf(store: ConfigStore, { candidate }: { readonly candidate?: string }): CandidateOptions {
  return { directory: store.directory, ...(candidate === undefined ? {} : { candidate }) }
}

const Duration = z
  .string()
  .regex(/^\d+(\.\d+)?(ms|s|m|h|d)$/, 'must be a duration such as 30s, 5m or 2h')
  .meta({ examples: ['5m'] })

const Comment = z
  .string()
  .max(500)
  .regex(/^[^\p{Cc}\p{Cf}\u2028\u2029]*$/u, 'must be one line without control characters')

const judging = {
  comment: Comment.describe('why, for the history').exactOptional(),
  window: Duration.default('60s').describe('how long the router may take to become as well as it was'),
  health: z.boolean().default(true).describe('take the change back when the router is worse than before'),
}
type Judging = z.output<z.ZodObject<typeof judging>>

function requestOf({ comment, window, health }: Judging): Pick<CommitRequest, 'who' | 'comment' | 'window'> {
  return {
    who: currentEditor(),
    ...(comment === undefined ? {} : { comment }),
    ...(health ? { window: parseDuration(window) } : {}),
  }
}

const Result = z.strictObject({
  target: z.string(),
  commit: Commit.describe('left out when nothing was committed').exactOptional(),
  disruption: z.enum(disruptions).describe('how much the change disturbs'),
  steps: z.array(z.string()).describe('what changes on the machine, with what that disturbs'),
  summary: z.string().describe('whom the change touches; empty when nothing changes'),
  changes: z.array(ShownChange).describe('what changes in the configuration'),
  warnings: z.array(FindingOutput).describe('what is not well, and was not before or is new'),
  scheduled: ShownScheduled.describe('when it will be committed, with --at').exactOptional(),
})
type Result = z.output<typeof Result>

function viewEnd({ target, commit, steps, disruption, summary, scheduled }: Result): string {
  if (commit !== undefined) return drawCommit(commit)
  if (scheduled !== undefined) return drawScheduled(scheduled)
  if (steps.length === 0) return `${target}: nothing to commit`
  return [`${target} would change, disruption: ${disruption}`, ...steps.map((step) => indent(step)), summary].join('\n')
}

function viewResult(result: Result, options: ViewOptions): string {
  const { changes, warnings } = result
  const parts = [drawChanges(changes), warnings.length === 0 ? '' : drawFindings(warnings, options), viewEnd(result)]
  return parts.filter((part) => part !== '').join('\n')
}

function resultOf(
  commits: Commits,
  before: unknown,
  after: unknown,
  { commit, steps, effects, summary, warnings }: Committed,
): z.input<typeof Result> {
  return {
    target: commits.router.name,
    ...(commit === undefined ? {} : { commit }),
    disruption: disruptionOf(steps),
    steps: [...effects],
    summary,
    changes: differences(before, after),
    warnings: [...warnings],
  }
}

/** What a commit would do, without the lock: for dry runs and checks. */
async function preview(context: ImpContext, commits: Commits, request: CommitRequest): Promise<Committed> {
  const head = headOf(await commits.history.list())
  refuseAwaiting(head)
  await request.accept?.(head)
  const plan = await commits.router.plan(RouterConfig.parse(request.document))
  planned(context, plan.steps)
  return { ...plan, warnings: [] }
}

function perform(context: ImpContext, commits: Commits, request: CommitRequest, only: boolean): Promise<Committed> {
  if (only || context.dryRun) return preview(context, commits, request)
  return withCommits(commits, async () => {
    await settle(commits)
    await adopt(commits)
    return commitLocked(commits, request)
  })
}

function requestFor(
  context: ImpContext,
  store: ConfigStore,
  candidate: Candidate,
  judged: Judging,
  confirm: string | undefined,
): CommitRequest {
  return {
    agree: (plan) => agree(context, plan),
    ...requestOf(judged),
    document: candidate.document,
    ...(confirm === undefined ? {} : { confirm: parseDuration(confirm) }),
    accept: (head) => refuseStale(store, candidate, head),
  }
}

/** Plans now what shall happen later, writes it down, and starts the process that waits for it. */
async function scheduleCommit(
  context: ImpContext,
  commits: RouterCommits,
  request: CommitRequest,
  { candidate, time, input }: { readonly candidate: Candidate; readonly time: Date; readonly input: { readonly candidate?: string } },
): Promise<{ readonly plan: RouterPlan; readonly scheduled: ShownScheduled }> {
  const { who, comment, confirm, window } = request
  const plan = await preview(context, commits, request)
  if (plan.steps.length === 0) throw new Fault('state', 'there is nothing to commit', { hint: 'imp set changes the candidate' })
  const { number, at } = await withCommits(commits, async () => {
    await adopt(commits)
    return scheduleIn(context.host, commits.directory).add({
      at: time.toISOString(),
      who,
      ...(comment === undefined ? {} : { comment }),
      ...(confirm === undefined ? {} : { confirm }),
      ...(window === undefined ? {} : { window }),
      base: candidate.base,
      candidate: input.candidate ?? currentEditor(),
      document: { ...candidate.document },
    })
  })
  // Another commit may have had this number, whose process is just ending.
  const ended = async (): Promise<boolean> => !(await commits.waiter.runs(number))
  await until(commits.clock, { timeout: 30_000, what: `end of the process that waited for scheduled commit ${number}` }, ended)
  await commits.waiter.arm(number)
  return { plan, scheduled: { number, at, who, base: candidate.base } }
}

const commit = operation<ImpContext>()({
  path: ['commit'],
  summary: 'Bring the candidate into force, and take it back when it does harm',
  description:
    'The change is journalled, applied and watched: interfaces, gateways, routes, BGP sessions, translation, daemons, management and ' +
    'your own ssh session, as far as they were well before, must be well again within the window, or everything is taken back and the history says why. With --confirm it is also taken back ' +
    'unless somebody confirms in time, even if this command or the machine ends.',
  effect: 'write',
  input: z.strictObject({
    confirm: Duration.describe('take it back after this time unless confirmed').exactOptional(),
    at: z
      .string()
      .max(40)
      .describe('commit later: 03:00, +2h or a time with its zone')
      .meta({ examples: ['03:00', '+2h'] })
      .exactOptional(),
    ...judging,
    check: z.boolean().default(false).describe('only check and plan, change nothing'),
    ...whose,
    ...where,
  }),
  output: Result,
  examples: ['imp commit', 'imp commit --confirm 5m --comment "new upstream"', 'imp commit --at 03:00', 'imp commit --check'],
  run: (context, { confirm, at, check, ...input }) =>
    withRouter(context, input, async (commits, store) => {
      const options = candidateOf(store, input)
      const candidate = await readCandidate(context, options)
      const { document } = candidate
      refuse('the candidate', findingsByName(document, checkConfig(RouterConfig.parse(document))))
      const before = await documentAt(store, candidate.base)
      if (at !== undefined && !check) {
        const time = parseTime(at, context.host.clock.now())
        const { plan, scheduled } = await scheduleCommit(context, commits, requestFor(context, store, candidate, input, confirm), {
          candidate,
          time,
          input,
        })
        return { ...resultOf(commits, before, document, { ...plan, warnings: [] }), scheduled }
      }
      const committed = await perform(context, commits, requestFor(context, store, candidate, input, confirm), check)
      const number = committed.commit?.number
      if (number !== undefined) await finishCandidate(context, document, number, options)
      return resultOf(commits, before, document, committed)
    }),
  view: viewResult,
})

const Outcome = z.strictObject({ target: z.string(), commit: Commit })

const confirm = operation<ImpContext>()({
  path: ['confirm'],
  summary: 'Keep a commit that waits for its confirmation',
  effect: 'write',
  input: z.strictObject(where),
  output: Outcome,
  examples: ['imp confirm'],
  run: (context, input) =>
    withRouter(context, input, async (commits) => {
      planned(context, [{ kind: 'confirm', summary: 'keep the commit that waits', disruption: 'none', data: {} }])
      const confirmed = await withCommits(commits, async () => {
        await settle(commits)
        return confirmLocked(commits)
      })
      return { target: commits.router.name, commit: confirmed }
    }),
  view: ({ commit: kept }) => drawCommit(kept),
})

/** Commit that a rollback without a number goes back to: the one that was in force before the present one. */
function previousOf(all: readonly Commit[]): number {
  const [previous] = all.filter(({ outcome }) => outcome === 'applied').slice(-2, -1)
  if (previous === undefined) throw new Fault('state', 'there is no earlier commit', { hint: 'imp history shows those that exist' })
  return previous.number
}

async function withdraw(context: ImpContext, commits: Commits, head: Commit): Promise<z.input<typeof Result>> {
  const [after, before] = await Promise.all([commits.history.before(head.number), commits.history.document(head.number)])
  const plan = await commits.router.plan(RouterConfig.parse(after))
  planned(context, plan.steps)
  const taken = await withCommits(commits, async () => {
    await settle(commits)
    const now = await commits.history.get(head.number)
    return now.outcome === 'awaiting' ? withdrawLocked(commits, now, currentEditor()) : now
  })
  return resultOf(commits, before, after, { ...plan, commit: taken, warnings: [] })
}

async function bringBack(context: ImpContext, commits: Commits, number: number, judged: Judging): Promise<z.input<typeof Result>> {
  const document = await commits.history.document(number)
  refuse(`commit ${number}`, findingsByName(document, checkConfig(RouterConfig.parse(document))))
  const head = headOf(await commits.history.list())
  const before = head === undefined ? {} : await commits.history.document(head.number)
  const committed = await perform(
    context,
    commits,
    { ...requestOf(judged), document, restores: number, agree: (plan) => agree(context, plan) },
    false,
  )
  return resultOf(commits, before, document, committed)
}

const rollback = operation<ImpContext>()({
  path: ['rollback'],
  summary: 'Bring back the configuration of an earlier commit',
  description:
    'Makes a new commit with the configuration of an earlier one; of the one before when no number is given. A commit that waits for ' +
    'its confirmation is taken back instead. With --unless-confirmed it waits beside that commit until somebody confirms it or its ' +
    'time is over.',
  effect: 'write',
  args: ['number'],
  input: z.strictObject({
    number: z.int().min(1).describe('commit whose configuration to bring back').exactOptional(),
    unlessConfirmed: z.int().min(1).describe('commit to wait for, and to take back when its time is over').exactOptional(),
    ...judging,
    ...where,
  }),
  output: Result,
  examples: ['imp rollback', 'imp rollback 3 --comment "back to Friday"', 'imp rollback --unless-confirmed 7'],
  complete: { number: async (context) => (await historyOf(storeAt(context)).list()).map(({ number }) => String(number)) },
  run: (context, { number, unlessConfirmed, ...input }) =>
    withRouter(context, input, async (commits) => {
      if (unlessConfirmed !== undefined) {
        planned(context, [])
        const decided = await awaitConfirmation(commits, unlessConfirmed)
        await commits.guard.forget(unlessConfirmed)
        return resultOf(commits, {}, {}, { commit: decided, ...nothingPlanned, warnings: [] })
      }
      const all = await commits.history.list()
      const head = headOf(all)
      if (number === undefined && head?.outcome === 'awaiting') return withdraw(context, commits, head)
      return bringBack(context, commits, number ?? previousOf(all), input)
    }),
  view: viewResult,
})

const history = operation<ImpContext>()({
  path: ['history'],
  summary: 'Show all commits: who, when, why, and what came of them',
  effect: 'read',
  input: z.strictObject(where),
  output: z.strictObject({ target: z.string(), inForce: z.int().exactOptional(), commits: z.array(Commit) }),
  examples: ['imp history', 'imp history --json'],
  run: (context, input) =>
    withRouter(context, input, async ({ history: log, router }) => {
      const commits = await log.list()
      const head = headOf(commits)
      return { target: router.name, commits, ...(head === undefined ? {} : { inForce: head.number }) }
    }),
  view: ({ target, commits, inForce }) => (commits.length === 0 ? `${target}: no commits yet` : drawHistory(commits, inForce)),
})

export const operations: readonly AnyOperation<ImpContext>[] = [commit, confirm, rollback, history]
