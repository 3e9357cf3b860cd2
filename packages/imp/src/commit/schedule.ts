/**
 * Commits that shall happen later. Each is a document on disk with all that it needs, and a process that waits for its time; after a
 * reboot `imp recover` starts the process again. When the time comes the world may have changed: what no longer fits is not done, and
 * the history says why.
 */
import { join } from 'node:path'
import { z } from 'zod'
import { asFault, Fault } from '@imp/kit/base/fault.ts'
import type { Host } from '@imp/kit/host/host.ts'
import { collection, type Collection } from '@imp/kit/store/collection.ts'
import type { DocumentKind } from '@imp/kit/store/document.ts'
import { RouterConfig, type RouterConfigInput } from '../config/model.ts'
import { commitLocked, settle, withCommits, type Committed, type Commits } from './commit.ts'
import { headOf, type Commit } from './model.ts'

const Fields = z.strictObject({
  number: z.int().min(1),
  at: z.iso.datetime(),
  who: z.string(),
  comment: z.string().exactOptional(),
  /** Milliseconds, as in a request to commit. */
  confirm: z.int().exactOptional(),
  window: z.int().exactOptional(),
  /** Commit that must still be in force then. */
  base: z.int().min(0),
  /** Name of the candidate that it was. */
  candidate: z.string(),
  document: z.record(z.string(), z.unknown()),
})
export type Scheduled = z.output<typeof Fields>

const kind: DocumentKind<typeof Fields> = { schema: 'imp.scheduled', version: 1, fields: Fields }

/** Milliseconds after its time during which a commit still happens: a reboot may lie between. */
const grace = 300_000

/** Milliseconds between two looks at whether it was cancelled, at most. */
const interval = 2000

function nameOf(number: number): string {
  return String(number).padStart(4, '0')
}

function storeIn(host: Host, directory: string): Collection<typeof Fields> {
  const options = { directory: join(directory, 'scheduled'), noun: 'scheduled commit', listCommand: 'imp schedule list', mode: 0o600 }
  return collection(host, kind, options)
}

export interface Schedule {
  list(): Promise<Scheduled[]>
  find(number: number): Promise<Scheduled | undefined>
  /** Writes it down under the next free number. To be called with the lock of the commits held. */
  add(fields: Omit<Scheduled, 'number'>): Promise<Scheduled>
  /** A `not-found` fault when there is none of this number. */
  remove(number: number): Promise<Scheduled>
}

/** The commits that are scheduled for the router whose history is in a directory. */
export function scheduleIn(host: Host, directory: string): Schedule {
  const store = storeIn(host, directory)
  const list = async (): Promise<Scheduled[]> => (await store.all()).toSorted((a, b) => a.number - b.number)
  return {
    list,
    find: (number) => store.find(nameOf(number)),
    async add(fields) {
      const scheduled = { ...fields, number: ((await list()).at(-1)?.number ?? 0) + 1 }
      await store.put(nameOf(scheduled.number), scheduled)
      return scheduled
    },
    async remove(number) {
      const found = await store.find(nameOf(number))
      if (found === undefined) {
        throw new Fault('not-found', `there is no scheduled commit ${number}`, { hint: 'imp schedule list shows those that exist' })
      }
      await store.remove(nameOf(number))
      return found
    },
  }
}

/** Waits until its time; undefined when it was cancelled meanwhile. */
export async function awaitTime({ clock, signal }: Commits, schedule: Schedule, number: number): Promise<Scheduled | undefined> {
  for (;;) {
    const found = await schedule.find(number)
    if (found === undefined) return undefined
    const left = Date.parse(found.at) - clock.now().getTime()
    if (left <= 0) return found
    await clock.sleep(Math.min(left, interval), signal)
  }
}

/** What keeps it from being done now. */
function refuseOvertaken({ clock }: Commits, { at, base }: Scheduled, head: Commit | undefined): void {
  if (clock.now().getTime() - Date.parse(at) > grace) throw new Fault('state', `nobody was there to do it at ${at}`)
  const number = head?.number ?? 0
  if (number === base) return
  const what = head === undefined ? 'is no longer in force' : `was overtaken by commit ${number} of ${head.who}`
  throw new Fault('conflict', `commit ${base}, which it was made from, ${what}`)
}

/** Writes down that it was not done, unless the commit that failed has a record of its own. */
async function recordFailure(commits: Commits, scheduled: Scheduled, error: unknown): Promise<void> {
  const { history, router, clock } = commits
  const all = await history.list()
  if (all.some((commit) => commit.scheduled === scheduled.at && commit.outcome !== 'pending')) return
  const { message, findings } = asFault(error)
  const { who, comment, at } = scheduled
  const document = scheduled.document as RouterConfigInput
  const commit: Commit = {
    number: (all.at(-1)?.number ?? 0) + 1,
    base: headOf(all)?.number ?? 0,
    who,
    when: clock.now().toISOString(),
    ...(comment === undefined ? {} : { comment }),
    scheduled: at,
    outcome: 'failed',
    reason: ['not done', message, ...findings.map((each) => each.message)].join('; '),
  }
  await history.add(commit, document, (await router.running()) ?? document, await router.overrides())
}

/** Does what was scheduled, when its time has come; takes it off the schedule whatever came of it. */
export function carryOut(commits: Commits, schedule: Schedule, scheduled: Scheduled): Promise<Committed> {
  return withCommits(commits, async () => {
    const { number, at, who, comment, confirm, window } = scheduled
    try {
      await settle(commits)
      RouterConfig.parse(scheduled.document)
      return await commitLocked(commits, {
        document: scheduled.document as RouterConfigInput,
        who,
        scheduled: at,
        ...(comment === undefined ? {} : { comment }),
        ...(confirm === undefined ? {} : { confirm }),
        ...(window === undefined ? {} : { window }),
        accept: (head) => Promise.resolve().then(() => refuseOvertaken(commits, scheduled, head)),
      })
    } catch (error) {
      await recordFailure(commits, scheduled, error)
      throw error
    } finally {
      await schedule.remove(number)
    }
  })
}
