/** The guided configuration: by questions at a terminal, or by a file of answers; and the committed configuration once more. */
import { resolve } from 'node:path'
import { z } from 'zod'
import { asFault, Fault, refuse, type Finding } from '@imp/kit/base/fault.ts'
import { FilePath, parse } from '@imp/kit/base/schema.ts'
import { indent } from '@imp/kit/base/text.ts'
import type { Ask } from '@imp/kit/op/ask.ts'
import { drawFindings, FindingOutput } from '@imp/kit/op/findings.ts'
import { invoke, operation, planned, type AnyOperation, type ViewOptions } from '@imp/kit/op/operation.ts'
import { settle, withCommits, type Commits } from '../commit/commit.ts'
import { Commit, headOf } from '../commit/model.ts'
import { adoptRunning, candidateOf, operations as commitOperations, whose, withRouter } from '../commit/ops.ts'
import { drawChanges, drawCommit, ShownChange } from '../commit/view.ts'
import { currentEditor } from '../config/candidate-editor.ts'
import { editCandidate, readCandidate, type CandidateOptions } from '../config/candidate.ts'
import { checkConfig } from '../config/check.ts'
import { differences } from '../config/difference.ts'
import { RouterConfig } from '../config/model.ts'
import type { ImpContext } from '../context.ts'
import { sharing } from '../nat/mapping.ts'
import { openTarget } from '../pipeline/target.ts'
import { absolute, where, type Where } from '../pipeline/where.ts'
import { converse, type Ending } from './conversation.ts'
import { draftStore, unkept } from './draft.ts'
import { drawChangesAtLength } from './draw-changes.ts'
import { exampleAnswers } from './example.ts'
import { answersOf } from './existing.ts'
import { merge } from './merge.ts'
import { Answers, type DetectedNic, type DraftAnswers } from './model.ts'
import { detectNics, upstreamNic } from './nics.ts'
import { findingsOf, type Rules, type Situation } from './question.ts'

const rules: Rules = {
  check: checkConfig,
  portsPerHost: (insideLength, outsideLength) => sharing(insideLength, outsideLength).portsPerHost,
}

const Applied = z.strictObject({
  hostname: z.string().describe('of the configuration in force'),
  steps: z.array(z.string()).describe('what was changed on the machine'),
})
type Applied = z.output<typeof Applied>

function drawApplied(target: string, { hostname, steps }: Applied): string {
  if (steps.length === 0) return `${target} is as configured: ${hostname}`
  return [`${target} is as configured again: ${hostname}`, ...steps.map((step) => indent(step))].join('\n')
}

const Result = z.strictObject({
  target: z.string(),
  outcome: z
    .enum(['committed', 'candidate', 'unchanged', 'kept', 'dropped', 'example', 'applied'])
    .describe('candidate: the answers are in the candidate; kept: they are kept for the next time'),
  changes: z.array(ShownChange).describe('all changes of the candidate'),
  findings: z.array(FindingOutput).describe('what a commit would have against the candidate'),
  commit: Commit.exactOptional(),
  example: z.string().describe('answers to be changed, as YAML').exactOptional(),
  applied: Applied.exactOptional(),
})
type Result = z.output<typeof Result>
type ResultInput = z.input<typeof Result>

function viewResult(result: Result, options: ViewOptions): string {
  const { target, outcome, changes, findings, commit, example, applied: again } = result
  const found = findings.length === 0 ? [] : ['', drawFindings(findings, options), '']
  switch (outcome) {
    case 'applied':
      return again === undefined ? '' : drawApplied(target, again)
    case 'example':
      return (example ?? '').trimEnd()
    case 'committed':
      return commit === undefined ? 'there was nothing to commit' : drawCommit(commit)
    case 'candidate':
      return [drawChanges(changes), ...found, 'the candidate is changed: imp commit brings it into force'].join('\n')
    case 'unchanged':
      return [...found, 'nothing is to be changed'].join('\n')
    case 'kept':
      return 'your answers are kept: imp config edit goes on with them'
    case 'dropped':
    default:
      return 'your answers are thrown away, the candidate is as it was'
  }
}

type Input = Where & { readonly candidate?: string; readonly all: boolean }

async function detect(context: ImpContext, input: Input): Promise<readonly DetectedNic[]> {
  const target = await openTarget(context, absolute(input))
  try {
    const { machine, namespace, host: router, bringsPorts = false } = target
    return await detectNics({ machine, router, bringsPorts, all: input.all, ...(namespace === undefined ? {} : { namespace }) })
  } finally {
    await target.close()
  }
}

async function situationOf(context: ImpContext, input: Input, options: CandidateOptions): Promise<Situation> {
  const [{ document }, nics, upstream] = await Promise.all([
    readCandidate(context, options),
    detect(context, input),
    upstreamNic(context.host),
  ])
  const answers = answersOf(RouterConfig.parse(document))
  return { document, answers, nics, rules, ...(upstream === undefined ? {} : { upstream }) }
}

/** Puts answers into the candidate; `finished` is what becomes of it. */
async function toCandidate(
  context: ImpContext,
  commits: Commits,
  options: CandidateOptions,
  { nics }: Situation,
  answers: DraftAnswers,
): Promise<ResultInput> {
  const { changes, findings } = await editCandidate(context, 'config edit', (document) => merge(document, answers, nics), options)
  const outcome = changes.length === 0 ? 'unchanged' : 'candidate'
  return { target: commits.router.name, outcome, changes: [...changes], findings: [...findings] }
}

async function byFile(
  context: ImpContext,
  commits: Commits,
  options: CandidateOptions,
  situation: Situation,
  file: string,
): Promise<ResultInput> {
  const { readAnswers } = await import('./answers-file.ts')
  const answers = await readAnswers(context.host.files, resolve(file), file)
  refuse(file, findingsOf(situation, answers))
  return toCandidate(context, commits, options, situation, answers)
}

async function machineSteps(commits: Commits, config: RouterConfig, findings: readonly Finding[]): Promise<string[]> {
  if (findings.some(({ severity }) => severity === 'error')) return []
  try {
    const { effects, summary } = await commits.router.plan(config)
    if (effects.length === 0) return ['', 'Nothing changes on the machine.']
    return ['', 'On the machine:', ...effects.map((effect) => `  ${effect}`), ...(summary === '' ? [] : ['', summary])]
  } catch (error) {
    const { message, hint } = asFault(error)
    return ['', `It cannot be applied as things are: ${message}`, ...(hint === undefined ? [] : [`  ${hint}`])]
  }
}

async function review(commits: Commits, situation: Situation, answers: DraftAnswers): Promise<string> {
  const { document, nics } = situation
  const wanted = merge(document, answers, nics)
  const changes = differences(document, wanted)
  const findings = findingsOf(situation, answers)
  return [
    changes.length === 0 ? 'The configuration stays as it is.' : drawChangesAtLength(changes),
    ...(findings.length === 0 ? [] : ['', drawFindings(findings, { width: 80, colour: false })]),
    ...(await machineSteps(commits, RouterConfig.parse(wanted), findings)),
  ].join('\n')
}

async function commitNow(context: ImpContext, input: Input, edited: ResultInput, confirm: boolean): Promise<ResultInput> {
  const commit = commitOperations.find(({ path }) => path.join(' ') === 'commit')
  if (commit === undefined) throw new Fault('bug', 'there is no operation commit')
  const { all: _all, ...rest } = input
  // What it disturbs was shown in the review, and agreed to there.
  const answer = await invoke(commit, { ...context, yes: true }, { ...rest, ...(confirm ? { confirm: '10m' } : {}) })
  if (answer.answer === 'plan') return edited
  const { commit: made } = parse(z.looseObject({ commit: Commit.exactOptional() }), answer.value, 'commit')
  return { ...edited, outcome: 'committed', ...(made === undefined ? {} : { commit: made }) }
}

async function afterwards(
  context: ImpContext,
  commits: Commits,
  input: Input,
  options: CandidateOptions,
  situation: Situation,
  ending: Ending,
): Promise<ResultInput> {
  if (ending.ending === 'cancelled')
    throw new Fault('failed', 'ended before the last question; the answers are kept', { hint: 'imp config edit goes on with them' })
  if (ending.ending !== 'finished') return { target: commits.router.name, outcome: ending.ending, changes: [], findings: [] }
  const edited = await toCandidate(context, commits, options, situation, ending.answers)
  return ending.commit === 'no' ? edited : commitNow(context, input, edited, ending.commit === 'confirm')
}

function byQuestions(
  context: ImpContext,
  commits: Commits,
  input: Input,
  options: CandidateOptions,
  situation: Situation,
  ask: Ask,
): Promise<ResultInput> {
  const editor = input.candidate ?? currentEditor()
  const drafts = context.dryRun ? unkept : draftStore(context.host, options.directory ?? context.stateDirectory, editor)
  return drafts.hold(async () => {
    const ending = await converse({
      ask,
      drafts,
      situation,
      configured: (situation.document.interfaces ?? []).length > 0,
      detect: () => detect(context, input),
      review: (answers) => review(commits, situation, answers),
    })
    const result = await afterwards(context, commits, input, options, situation, ending)
    if (ending.ending === 'finished') await drafts.remove()
    return result
  })
}

async function example(commits: Commits, { document, nics, upstream }: Situation): Promise<ResultInput> {
  const { writeAnswers } = await import('./answers-file.ts')
  const text = writeAnswers(exampleAnswers(document.hostname, nics, upstream))
  return { target: commits.router.name, outcome: 'example', changes: [], findings: [], example: text }
}

/** The configuration in force: that of the last commit, or what was applied without any. */
async function inForce({ history, router }: Commits): Promise<RouterConfig> {
  const head = headOf(await history.list())
  const config = head === undefined ? await router.running() : RouterConfig.parse(await history.document(head.number))
  if (config !== undefined) return config
  throw new Fault('not-found', `no configuration was committed to ${router.name} yet`, { hint: 'imp config edit makes one' })
}

async function applyInForce(context: ImpContext, commits: Commits): Promise<Applied> {
  const { router } = commits
  if (context.dryRun) planned(context, (await router.plan(await inForce(commits))).steps)
  return withCommits(commits, async () => {
    await router.recover()
    await settle(commits)
    const config = await inForce(commits)
    const { steps } = await router.plan(config)
    if (steps.length > 0) await router.apply(config, undefined, context.signal)
    return { hostname: config.hostname, steps: steps.map(({ summary }) => summary) }
  })
}

async function applied(context: ImpContext, commits: Commits): Promise<ResultInput> {
  return { target: commits.router.name, outcome: 'applied', changes: [], findings: [], applied: await applyInForce(context, commits) }
}

const edit = operation<ImpContext>()({
  path: ['config', 'edit'],
  summary: 'Configure the router by questions and answers',
  description:
    'Seven phases: network cards, their roles, the management port, external and internal ports, BGP, NAT with NAT64. Every answer is ' +
    'checked at once and kept at once: who is interrupted goes on where he was. The present candidate is the default of every question, and ' +
    'what is not asked about stays as it is. With --answers the answers come from a file instead; imp schema answers describes it. ' +
    'Virtual links are offered when they are in the namespace of the router, or with --all.',
  effect: 'write',
  input: z.strictObject({
    answers: FilePath.describe('answers as YAML or JSON instead of questions').exactOptional(),
    answersExample: z.boolean().default(false).describe('print answers to be changed, made from the network cards that there are'),
    applyOnly: z.boolean().default(false).describe('ask nothing, apply the committed configuration again'),
    all: z.boolean().default(false).describe('offer virtual links of the machine as well'),
    ...whose,
    ...where,
  }),
  output: Result,
  examples: ['imp config edit', 'imp config edit --answers-example > answers.yaml', 'imp config edit --answers answers.yaml --dry-run'],
  run: (context, { answers, answersExample, applyOnly, ...input }) =>
    withRouter(context, input, async (commits, store) => {
      const { ask } = context
      if (applyOnly) return applied(context, commits)
      if (answers === undefined && !answersExample && ask === undefined)
        throw new Fault('input', 'config edit asks questions, and there is no terminal to ask them at', {
          hint: 'give the answers in a file: imp config edit --answers FILE (--answers-example prints one)',
        })
      if (!answersExample) await adoptRunning(context, commits)
      const options = candidateOf(store, input)
      const situation = await situationOf(context, input, options)
      if (answersExample) return example(commits, situation)
      if (answers !== undefined) return byFile(context, commits, options, situation, answers)
      return byQuestions(context, commits, input, options, situation, ask as Ask)
    }),
  view: viewResult,
})

const answersSchema = operation<ImpContext>()({
  path: ['schema', 'answers'],
  summary: 'Print the JSON Schema of answers for imp config edit',
  effect: 'read',
  input: z.strictObject({}),
  output: z.record(z.string(), z.unknown()),
  examples: ['imp schema answers'],
  run: () => Promise.resolve({ ...z.toJSONSchema(Answers, { io: 'input', target: 'draft-7' }) }),
  view: (output) => JSON.stringify(output, null, 2),
})

const applyAgain = operation<ImpContext>()({
  path: ['config', 'apply'],
  summary: 'Apply the committed configuration again, as after an upgrade of the image',
  description: 'Brings first to an end what was interrupted. Does nothing where the router is as configured.',
  effect: 'write',
  input: z.strictObject(where),
  output: z.strictObject({ target: z.string(), ...Applied.shape }),
  examples: ['imp config apply', 'imp config apply --dry-run'],
  run: (context, input) =>
    withRouter(context, input, async (commits) => ({ target: commits.router.name, ...(await applyInForce(context, commits)) })),
  view: ({ target, ...applied }) => drawApplied(target, applied),
})

export const operations: readonly AnyOperation<ImpContext>[] = [edit, answersSchema, applyAgain]
