/** What a person can do with a router: plan and apply a configuration, recover, see its state and its drift. */
import { resolve } from 'node:path'
import { z } from 'zod'
import { Fault } from '@imp/kit/base/fault.ts'
import { count } from '@imp/kit/base/text.ts'
import { FilePath, parseJson } from '@imp/kit/base/schema.ts'
import { operation, planned, type AnyOperation } from '@imp/kit/op/operation.ts'
import { disruptionOf, disruptions } from '@imp/kit/plan/step.ts'
import { withRecord } from '../commit/applied.ts'
import { Commit } from '../commit/model.ts'
import { settleCommits, whose, withRouter } from '../commit/ops.ts'
import { drawCommit } from '../commit/view.ts'
import { currentEditor } from '../config/candidate-editor.ts'
import { parseRouterConfig } from '../config/load.ts'
import { RouterConfig, type RouterConfigInput } from '../config/model.ts'
import type { ImpContext } from '../context.ts'
import { status } from '../status/ops.ts'
import { applyConfig, refuseInterrupted } from './apply.ts'
import { candidateConfig } from './candidate.ts'
import { planConfig } from './plan.ts'
import { Preview, previewConfig, ShownStep, shownStep } from './preview.ts'
import { recoverConfig } from './recover.ts'
import { findRunning } from './running.ts'
import { drawPreview, drawSteps } from './view.ts'
import { where, withTarget } from './where.ts'

const File = FilePath.describe('router configuration, router.json')

/** A configuration of a file, checked, and as it was written. */
async function readConfig(
  context: ImpContext,
  file: string,
): Promise<{ readonly config: RouterConfig; readonly document: RouterConfigInput }> {
  const text = await context.host.files.read(resolve(file))
  const config = parseRouterConfig(text, file)
  return { config, document: parseJson(text, file) as RouterConfigInput }
}

const plan = operation<ImpContext>()({
  path: ['plan'],
  summary: 'Show what the candidate, or a file, would change',
  description:
    'Every generated text that changes, every step with what it disturbs, and whom the change touches. Files of overrides are part of ' +
    'it. Nothing is changed.',
  effect: 'read',
  args: ['file'],
  input: z.strictObject({ file: File.describe('router configuration; the candidate unless told').exactOptional(), ...whose, ...where }),
  output: Preview,
  examples: ['imp plan', 'imp plan router.json', 'imp plan router.json --target lab:demo/edge'],
  async run(context, { file, ...input }) {
    const config = file === undefined ? await candidateConfig(context, input) : (await readConfig(context, file)).config
    return withTarget(context, input, async (target) => {
      await refuseInterrupted(target)
      return (await previewConfig(target, config)).preview
    })
  },
  view: drawPreview,
})

const apply = operation<ImpContext>()({
  path: ['apply'],
  summary: 'Apply a configuration: all of it, or nothing',
  description: 'The change is journalled and verified. When a step fails, or the command is killed, the old configuration comes back.',
  effect: 'write',
  args: ['file'],
  input: z.strictObject({ file: File, ...where }),
  output: z.strictObject({
    target: z.string(),
    changed: z.boolean(),
    disruption: z.enum(disruptions),
    steps: z.array(ShownStep),
    recovered: z.string().describe('interrupted change that was undone first').exactOptional(),
    withoutCarrier: z.array(z.string()).describe('interfaces to which nothing is connected'),
  }),
  examples: [
    'imp apply router.json',
    'imp apply router.json --dry-run',
    'imp apply edge.json --namespace edge --state-directory /var/lib/edge',
  ],
  async run(context, { file, ...rest }) {
    const { config, document } = await readConfig(context, file)
    const record = { document, who: currentEditor(), comment: `imp apply ${resolve(file)}`.slice(0, 500) }
    return withTarget(context, rest, async (target) => {
      if (context.dryRun) {
        await refuseInterrupted(target)
        planned(context, (await planConfig(target, config)).steps)
      }
      const { changed, steps, recovery, withoutCarrier } = await withRouter(context, rest, (commits) =>
        withRecord(commits, record, () => applyConfig(target, config, { report: context.report, signal: context.signal })),
      )
      return {
        target: target.name,
        changed,
        disruption: disruptionOf(steps),
        steps: steps.map((step) => shownStep(step)),
        withoutCarrier: [...withoutCarrier],
        ...(recovery.change === undefined ? {} : { recovered: recovery.change }),
      }
    })
  },
  view: ({ target, changed, steps }) =>
    changed ? `${target} is as configured (${count(steps.length, 'step')})` : `${target} is as configured already`,
})

const recover = operation<ImpContext>()({
  path: ['recover'],
  summary: 'Undo a change that was interrupted, back to the running configuration',
  effect: 'write',
  input: z.strictObject(where),
  output: z.strictObject({
    target: z.string(),
    outcome: z.enum(['nothing', 'undone']),
    change: z.string().describe('the change that was undone').exactOptional(),
    repaired: z.array(z.string()).describe('what undoing alone had not brought back'),
    commits: z.array(Commit).describe('commits that died or were not confirmed in time, and what became of them').exactOptional(),
  }),
  examples: ['imp recover', 'imp recover --namespace edge'],
  async run(context, input) {
    return withTarget(context, input, async (target) => {
      // What undoing will do depends on what it finds: a dry run only tells whether there is anything to undo.
      if (context.dryRun) await refuseInterrupted(target).then(() => planned(context, []))
      const { outcome, change, repaired } = await recoverConfig(target, { report: context.report })
      const commits = await settleCommits(context, input)
      return {
        target: target.name,
        outcome,
        repaired: [...repaired],
        ...(change === undefined ? {} : { change }),
        ...(commits.length === 0 ? {} : { commits: [...commits] }),
      }
    })
  },
  view: ({ target, outcome, change, commits = [] }) => {
    const done = outcome === 'nothing' ? 'nothing to recover' : `undone: ${change ?? 'the last change'}`
    return outcome === 'nothing' && commits.length > 0
      ? commits.map(drawCommit).join('\n')
      : [`${target}: ${done}`, ...commits.map(drawCommit)].join('\n')
  },
})

const drift = operation<ImpContext>()({
  path: ['drift'],
  summary: 'Show what differs from the running configuration',
  description: 'Exit status 1 when something does. Applying the running configuration again mends it.',
  effect: 'read',
  input: z.strictObject(where),
  output: z.strictObject({ target: z.string(), steps: z.array(ShownStep).describe('what would mend the drift') }),
  examples: ['imp drift', 'imp drift --target lab:demo/edge'],
  async run(context, input) {
    return withTarget(context, input, async (target) => {
      await refuseInterrupted(target)
      const running = await findRunning(target)
      if (running === undefined)
        throw new Fault('not-found', `no configuration was applied to ${target.name} yet`, { hint: 'imp apply router.json' })
      return {
        target: target.name,
        steps: (await planConfig(target, running.config, running.overrides)).changes.map((step) => shownStep(step)),
      }
    })
  },
  view: ({ target, steps }, options) => (steps.length === 0 ? `${target} is as configured` : drawSteps(steps, options)),
  exitStatus: ({ steps }) => (steps.length === 0 ? 0 : 1),
})

export const operations: readonly AnyOperation<ImpContext>[] = [plan, apply, recover, status, drift]
