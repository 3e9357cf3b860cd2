/** What a person can do with scheduled commits: see them, take one off. The process that waits for one comes in here as well. */
import { z } from 'zod'
import { table } from '@imp/kit/base/text.ts'
import { until } from '@imp/kit/host/until.ts'
import { operation, planned, type AnyOperation } from '@imp/kit/op/operation.ts'
import { finishCandidate, storeAt } from '../../config/candidate.ts'
import type { RouterConfigInput } from '../../config/model.ts'
import type { ImpContext } from '../../context.ts'
import { where } from '../../pipeline/where.ts'
import { Commit } from '../model.ts'
import { withRouter } from '../ops.ts'
import { awaitTime, carryOut, scheduleIn } from '../schedule.ts'
import { drawCommit, ShownScheduled, shownScheduled } from '../view.ts'

const ScheduleNumber = z.int().min(1).describe('number on the schedule')

const list = operation<ImpContext>()({
  path: ['schedule', 'list'],
  aliases: [['schedule', 'ls']],
  summary: 'Show the commits that will happen later',
  effect: 'read',
  input: z.strictObject(where),
  output: z.strictObject({ target: z.string(), scheduled: z.array(ShownScheduled) }),
  examples: ['imp schedule list'],
  run: (context, input) =>
    withRouter(context, input, async ({ router, directory }) => {
      const scheduled = (await scheduleIn(context.host, directory).list()).map(shownScheduled)
      return { target: router.name, scheduled }
    }),
  view: ({ scheduled }) =>
    scheduled.length === 0
      ? 'nothing is scheduled'
      : table([
          ['NUMBER', 'AT', 'WHO', 'BASE', 'WHY'],
          ...scheduled.map(({ number, at, who, base, comment }) => [String(number), at, who, String(base), comment ?? '']),
        ]).join('\n'),
})

const cancel = operation<ImpContext>()({
  path: ['schedule', 'cancel'],
  summary: 'Take a commit off the schedule',
  description: 'Its edits stay in the candidate that they were made in.',
  effect: 'write',
  args: ['number'],
  input: z.strictObject({ number: ScheduleNumber, ...where }),
  output: z.strictObject({ target: z.string(), cancelled: ShownScheduled }),
  examples: ['imp schedule cancel 1'],
  complete: {
    number: async (context) => (await scheduleIn(context.host, storeAt(context).directory).list()).map(({ number }) => String(number)),
  },
  run: (context, { number, ...input }) =>
    withRouter(context, input, async ({ router, directory, waiter, clock }) => {
      planned(context, [{ kind: 'schedule', summary: `take scheduled commit ${number} off`, disruption: 'none', data: { number } }])
      const cancelled = shownScheduled(await scheduleIn(context.host, directory).remove(number))
      // The process that waits for it looks for its document and ends without it.
      const ended = async (): Promise<boolean> => !(await waiter.runs(number))
      await until(clock, { timeout: 30_000, what: 'end of the process that waited for it' }, ended)
      return { target: router.name, cancelled }
    }),
  view: ({ cancelled }) => `the commit for ${cancelled.at} will not happen`,
})

const wait = operation<ImpContext>()({
  path: ['schedule', 'wait'],
  summary: 'Wait for the time of a scheduled commit, and do it',
  effect: 'write',
  args: ['number'],
  input: z.strictObject({ number: ScheduleNumber, ...where }),
  output: z.strictObject({ target: z.string(), commit: Commit.exactOptional() }),
  examples: ['imp schedule wait 1'],
  hidden: true,
  run: (context, { number, ...input }) =>
    withRouter(context, input, async (commits, store) => {
      planned(context, [])
      const schedule = scheduleIn(context.host, commits.directory)
      const scheduled = await awaitTime(commits, schedule, number)
      try {
        if (scheduled === undefined) return { target: commits.router.name }
        const { commit } = await carryOut(commits, schedule, scheduled)
        const options = { directory: store.directory, candidate: scheduled.candidate }
        if (commit !== undefined) await finishCandidate(context, scheduled.document as RouterConfigInput, commit.number, options)
        return { target: commits.router.name, ...(commit === undefined ? {} : { commit }) }
      } finally {
        await commits.waiter.forget(number)
      }
    }),
  view: ({ commit }) => (commit === undefined ? 'nothing was committed' : drawCommit(commit)),
})

export const operations: readonly AnyOperation<ImpContext>[] = [list, cancel, wait]
