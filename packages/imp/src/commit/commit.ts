/** Brings a configuration into force: numbered, applied, judged by the health of the router, and taken back when it did harm. */
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { asFault, Fault, type Finding } from '@imp/kit/base/fault.ts'
import { reported, type Report } from '@imp/kit/base/events.ts'
import type { Clock } from '@imp/kit/host/host.ts'
import { withLock } from '@imp/kit/host/lock.ts'
import type { Step } from '@imp/kit/plan/step.ts'
import { RouterConfig, type RouterConfigInput } from '../config/model.ts'
import type { Guard } from './guard.ts'
import { judge, type Health } from './health.ts'
import { headOf, type Commit, type History } from './model.ts'
import type { Router, RouterPlan } from './router.ts'

/** Everything that the work on commits needs. */
export interface Commits {
  readonly history: History
  /** Directory of the history, where its lock is. */
  readonly directory: string
  readonly clock: Clock
  readonly router: Router
  readonly guard: Guard
  readonly report: Report
  readonly signal: AbortSignal
}

export interface CommitRequest {
  readonly document: RouterConfigInput
  readonly who: string
  readonly comment?: string
  /** Commit whose document this is. */
  readonly restores?: number
  /** Milliseconds until it is taken back unless somebody confirms. */
  readonly confirm?: number
  /** Milliseconds that the router has to become as well as it was; undefined when its health shall not be judged. */
  readonly window?: number
  /** Called under the lock with the commit in force, before anything happens; throwing there leaves everything as it is. */
  readonly accept?: (head: Commit | undefined) => Promise<void>
  /** Called with the whole plan before its first step. */
  readonly planned?: (steps: readonly Step[]) => void
  /** Asks whether to go on; throwing there leaves everything as it is. */
  readonly agree?: (plan: RouterPlan) => Promise<void>
  /** Time for which it was scheduled. */
  readonly scheduled?: string
}

export interface Committed extends RouterPlan {
  /** Undefined when there was nothing to commit. */
  readonly commit?: Commit
  /** What is not well and was not before, or is new. */
  readonly warnings: readonly Finding[]
}

/** Milliseconds between two looks at the health of a router. */
const interval = 1000

/** So many looks in a row must find it well: what a change breaks is not always broken at once. */
const looks = 2

const unknown: Health = { probes: [], learnt: 0 }

/** Runs `action` while nobody else commits. A `busy` fault after the timeout in milliseconds, ten seconds unless told. */
export function withCommits<T>({ clock, directory, router }: Commits, action: () => Promise<T>, timeout = 10_000): Promise<T> {
  return withLock(clock, join(directory, 'commit.lock'), { what: `the configuration of ${router.name}`, timeout }, action)
}

function now({ clock }: Commits): string {
  return clock.now().toISOString()
}

/** The router as it was before the commit, drop-ins included. */
async function restore({ history, router, report }: Commits, commit: Commit, reason: string): Promise<void> {
  const before = RouterConfig.parse(await history.before(commit.number))
  const overrides = await history.overridesBefore(commit.number)
  await reported(report, `take commit ${commit.number} back: ${reason}`, () => router.apply(before, overrides))
}

/** Makes the router what it was before the commit, and records why. */
async function takeBack(commits: Commits, commit: Commit, reason: string): Promise<Commit> {
  await restore(commits, commit, reason)
  const { deadline: _, ...rest } = commit
  // A command that died could not say when it came into force: it began then.
  const taken: Commit = { ...rest, inForceAt: commit.inForceAt ?? commit.when, takenBackAt: now(commits), outcome: 'rolled-back', reason }
  await commits.history.record(taken)
  return taken
}

/** Gives a verdict on a commit whose command died: whatever came into force without one is taken back. */
async function settleDead(commits: Commits, commit: Commit): Promise<Commit> {
  const { history, router } = commits
  await router.recover()
  const wanted = RouterConfig.parse(await history.document(commit.number))
  if (isDeepStrictEqual(await router.running(), wanted))
    return takeBack(commits, commit, 'its command died before the router was found well')
  const { deadline: _, ...rest } = commit
  const failed: Commit = { ...rest, outcome: 'failed', reason: 'its command died while it was applied' }
  await history.record(failed)
  return failed
}

/** Whether an earlier command left something that `settle` may have to bring to an end. */
export async function isUnsettled({ history }: Commits): Promise<boolean> {
  return (await history.list()).some(({ outcome }) => outcome === 'pending' || outcome === 'awaiting')
}

/** Whether the time of a commit that waits is over, by the clock on the wall. */
export function isPast({ clock }: Commits, { deadline }: Commit): boolean {
  return deadline !== undefined && Date.parse(deadline) <= clock.now().getTime()
}

/** The same, unless its guard lives: that has measured the time, and somebody may have set the clock since the commit began. */
async function isPastUnguarded(commits: Commits, commit: Commit): Promise<boolean> {
  return isPast(commits, commit) && !(await commits.guard.runs(commit.number))
}

/**
 * Brings what earlier commands left behind to an end: commits without a verdict, and those whose time is over. Starts the
 * guard of a commit that still waits again, which a reboot ended. To be called with the lock held, before any other work. Returns the
 * commits whose fate was decided.
 */
export async function settle(
  commits: Commits,
  isOver: (commits: Commits, commit: Commit) => Promise<boolean> | boolean = isPastUnguarded,
): Promise<readonly Commit[]> {
  const { history, guard } = commits
  const settled: Commit[] = []
  for (const commit of await history.list()) if (commit.outcome === 'pending') settled.push(await settleDead(commits, commit))
  const head = headOf(await history.list())
  if (head?.outcome !== 'awaiting' || head.deadline === undefined) return settled
  if (await isOver(commits, head)) return [...settled, await takeBack(commits, head, `nobody confirmed it until ${head.deadline}`)]
  await guard.arm(head.number)
  return settled
}

/**
 * Makes what was applied before the first commit commit 1, so that edits start from it and a rollback can come back to it. Does nothing
 * when there are commits already. To be called with the lock held.
 */
export async function adopt({ history, router, clock }: Commits): Promise<void> {
  if ((await history.list()).length > 0) return
  const running = await router.running()
  if (running === undefined) return
  const when = clock.now().toISOString()
  await history.add(
    { number: 1, base: 0, who: 'imp', when, comment: 'was applied before the first commit', outcome: 'applied', inForceAt: when },
    running,
    running,
    await router.overrides(),
  )
}

/** A commit that waits for its confirmation must get or lose it before anything else happens. */
export function refuseAwaiting(head: Commit | undefined): void {
  if (head?.outcome !== 'awaiting') return
  throw new Fault('state', `commit ${head.number} waits for its confirmation until ${head.deadline}`, {
    hint: 'imp confirm keeps it, imp rollback takes it back',
  })
}

function hasErrors(findings: readonly Finding[]): boolean {
  return findings.some(({ severity }) => severity === 'error')
}

const flapping: Finding = { path: 'bgp.peers', severity: 'error', message: 'BGP sessions came and went until the window was over' }

/** Looks until the router is as well as before, or the window is over. What is wrong then, warnings included. */
async function watch(commits: Commits, config: RouterConfig, before: Health, window: number): Promise<readonly Finding[]> {
  const { router, signal, clock } = commits
  const deadline = clock.monotonic() + window
  let drops: number | undefined
  for (let well = 0; ;) {
    const after = await router.look(config)
    const findings = judge(before, after)
    // A session that was there at both looks and went down in between is not back yet.
    const steady = drops === undefined || (after.drops ?? 0) <= drops
    drops = after.drops ?? 0
    well = hasErrors(findings) ? 0 : steady ? well + 1 : 1
    if (well >= looks) return findings
    if (clock.monotonic() >= deadline && !steady) return [flapping, ...findings]
    if (clock.monotonic() >= deadline && well === 0) return findings
    await clock.sleep(interval, signal)
  }
}

function unhealthy(commit: Commit, findings: readonly Finding[]): Fault {
  return new Fault('failed', `commit ${commit.number} did harm and was taken back`, {
    hint: 'imp history shows it; --no-health commits without a look at the health of the router',
    findings,
  })
}

function stuck(commit: Commit, { message, findings }: Fault, error: unknown): Fault {
  const { message: why, detail } = asFault(error)
  return new Fault('state', `${message}, but commit ${commit.number} could not be taken back: ${why}`, {
    hint: 'mend the cause and run: imp recover',
    detail,
    findings,
    cause: error,
  })
}

function errorsIn(findings: readonly Finding[]): string {
  return findings.flatMap(({ severity, message }) => (severity === 'error' ? [message] : [])).join('; ')
}

/** Records a verdict that does not change what the caller hears: a disk that is full must not hide why a change did not happen. */
async function tryRecord({ history, report }: Commits, commit: Commit): Promise<void> {
  try {
    await history.record(commit)
  } catch (error) {
    const text = `commit ${commit.number} is ${commit.outcome}, which could not be recorded: ${asFault(error).message}`
    report({ event: 'log', level: 'warning', text })
  }
}

/** Takes a commit back because of a fault, which is what the caller hears of. */
async function takenBackFor(commits: Commits, commit: Commit, reason: string, fault: Fault): Promise<Fault> {
  try {
    await restore(commits, commit, reason)
  } catch (error) {
    return stuck(commit, fault, error)
  }
  const { deadline: _, ...rest } = commit
  await tryRecord(commits, { ...rest, takenBackAt: now(commits), outcome: 'rolled-back', reason })
  return fault
}

/** Makes the router what the commit says; a fault, with its reason recorded, when that failed and nothing changed. */
async function bringIntoForce(commits: Commits, commit: Commit, request: CommitRequest): Promise<Commit> {
  const { router, guard, signal } = commits
  try {
    if (request.confirm !== undefined) await guard.arm(commit.number)
    await router.apply(RouterConfig.parse(request.document), undefined, signal)
  } catch (error) {
    const { message, findings } = asFault(error)
    const reason = [message, ...findings.map((each) => each.message)].join('; ')
    const { deadline: _, ...rest } = commit
    await tryRecord(commits, { ...rest, outcome: 'failed', reason })
    throw error
  }
  return { ...commit, inForceAt: now(commits) }
}

/** Watches a commit that is in force and gives its verdict; whatever keeps it from one takes the commit back. */
async function conclude(commits: Commits, commit: Commit, request: CommitRequest, before: Health): Promise<Committed['warnings']> {
  const { history, report } = commits
  const { window } = request
  const config = RouterConfig.parse(request.document)
  let findings: readonly Finding[] = []
  try {
    await history.record(commit)
    if (window !== undefined)
      findings = await reported(report, 'watch the health of the router', () => watch(commits, config, before, window))
    if (!hasErrors(findings)) {
      await history.record(verdict(commits, commit, request))
      return findings
    }
  } catch (error) {
    const fault = asFault(error)
    const reason = commits.signal.aborted
      ? 'it was interrupted before the router was found well'
      : `it could not be brought to its end: ${fault.message}`
    throw await takenBackFor(commits, commit, reason, fault)
  }
  throw await takenBackFor(commits, commit, errorsIn(findings), unhealthy(commit, findings))
}

/** In force, for good or until its deadline, which begins anew. */
function verdict(commits: Commits, commit: Commit, { confirm }: CommitRequest): Commit {
  const { deadline: _, ...rest } = commit
  return { ...rest, outcome: confirm === undefined ? 'applied' : 'awaiting', ...expiry(commits, confirm) }
}

function expiry(commits: Commits, confirm: number | undefined): { deadline?: string } {
  if (confirm === undefined) return {}
  return { deadline: new Date(commits.clock.now().getTime() + confirm).toISOString() }
}

function newCommit(commits: Commits, request: CommitRequest, all: readonly Commit[]): Commit {
  const { who, comment, restores, confirm, scheduled } = request
  return {
    number: (all.at(-1)?.number ?? 0) + 1,
    base: headOf(all)?.number ?? 0,
    who,
    when: commits.clock.now().toISOString(),
    ...(comment === undefined ? {} : { comment }),
    ...(restores === undefined ? {} : { restores }),
    ...(scheduled === undefined ? {} : { scheduled }),
    outcome: 'pending',
    ...expiry(commits, confirm),
  }
}

/** Says when what runs came from elsewhere (`imp apply`) and is about to be replaced. */
async function warnOfReplaced({ history, report }: Commits, head: Commit | undefined, running: RouterConfig | undefined): Promise<void> {
  if (head === undefined || isDeepStrictEqual(running, RouterConfig.parse(await history.document(head.number)))) return
  const text = `what runs is not commit ${head.number}: it was applied without a commit and is replaced now`
  report({ event: 'log', level: 'warning', text })
}

/** Writes the commit down with what ran before it, so that any other process can take it back from here on. */
async function begin(commits: Commits, request: CommitRequest, all: readonly Commit[], running: RouterConfig | undefined): Promise<Commit> {
  const commit = newCommit(commits, request, all)
  const { schema, version, hostname } = request.document
  await commits.history.add(commit, request.document, running ?? { schema, version, hostname }, await commits.router.overrides())
  return commit
}

async function isInForce({ history }: Commits, head: Commit | undefined, document: RouterConfigInput): Promise<boolean> {
  return head !== undefined && isDeepStrictEqual(await history.document(head.number), document)
}

/**
 * Commits a configuration that was checked. The deadline of its confirmation is on disk and its guard runs before the first change,
 * and begins anew when the router was found well. To be called with the lock held; a dry run ends in `planned`.
 */
export async function commitLocked(commits: Commits, request: CommitRequest): Promise<Committed> {
  const { history, router, report } = commits
  const all = await history.list()
  const head = headOf(all)
  refuseAwaiting(head)
  await request.accept?.(head)
  const plan = await router.plan(RouterConfig.parse(request.document))
  request.planned?.(plan.steps)
  if (plan.steps.length === 0 && (await isInForce(commits, head, request.document))) return { ...plan, warnings: [] }
  const running = await router.running()
  await warnOfReplaced(commits, head, running)
  if (plan.steps.length > 0) report({ event: 'log', level: 'info', text: plan.summary })
  await request.agree?.(plan)
  const before = running === undefined ? unknown : await router.look(running)
  const begun = await begin(commits, request, all, running)
  const commit = await bringIntoForce(commits, begun, request)
  const warnings = await conclude(commits, commit, request, before)
  return { ...plan, commit: await history.get(commit.number), warnings }
}

/** Keeps a commit that waits. A `state` fault when none does. To be called with the lock held. */
export async function confirmLocked({ history }: Commits): Promise<Commit> {
  const head = headOf(await history.list())
  if (head?.outcome !== 'awaiting')
    throw new Fault('state', 'no commit waits for a confirmation', { hint: 'imp history shows what became of it' })
  const { deadline: _, ...rest } = head
  const confirmed: Commit = { ...rest, outcome: 'applied' }
  await history.record(confirmed)
  return confirmed
}

/** Takes a commit that waits back before its time. To be called with the lock held. */
export function withdrawLocked(commits: Commits, head: Commit, who: string): Promise<Commit> {
  return takeBack(commits, head, `${who} did not want to keep it`)
}
