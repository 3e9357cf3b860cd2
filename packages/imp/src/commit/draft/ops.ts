/** Editing the candidate as a text, in the editor that the person likes. */
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { asFault, Fault, type Finding } from '@imp/kit/base/fault.ts'
import type { Argv } from '@imp/kit/host/host.ts'
import { operation, planned, type AnyOperation } from '@imp/kit/op/operation.ts'
import { currentEditor } from '../../config/candidate-editor.ts'
import { editCandidate, readCandidate, type CandidateOptions } from '../../config/candidate.ts'
import { loadRouterConfig } from '../../config/load.ts'
import type { RouterConfigInput } from '../../config/model.ts'
import { getAt, parsePath, setAt } from '../../config/paths.ts'
import type { ImpContext } from '../../context.ts'
import { where } from '../../pipeline/where.ts'
import { completePlace, EditedResult, PlaceOrAll, viewEdited } from '../edit/ops.ts'
import { adoptRunning, candidateOf, whose, withRouter } from '../ops.ts'
import { annotated, draftText, draftValue, isDraftOf } from './text.ts'

/** The person's editor as words; `editor` is Debian's choice (update-alternatives(1)). */
function editorCommand({ VISUAL, EDITOR }: NodeJS.ProcessEnv): Argv {
  const [program = 'editor', ...words] = (VISUAL ?? EDITOR ?? '').split(/\s+/).filter((word) => word !== '')
  return [program, ...words]
}

/** A place of a candidate that is being edited, and the file in which that happens. */
interface Draft {
  /** Empty for all of it. */
  readonly place: string
  readonly path: string
  readonly options: CandidateOptions
  /** What stood there when the editor was opened. */
  readonly before: unknown
}

function valueAt(document: RouterConfigInput, place: string): unknown {
  return place === '' ? document : getAt(document, parsePath(place))
}

function replaced(document: RouterConfigInput, place: string, value: unknown): RouterConfigInput {
  // Whether it is a configuration is checked by whoever stores it.
  if (place === '') return value as RouterConfigInput
  return setAt(document, parsePath(place), [typeof value === 'string' ? value : JSON.stringify(value)])
}

/** The text to begin with: a draft that was left behind, or what stands there now. */
async function firstText({ host }: ImpContext, { place, path, before }: Draft): Promise<string> {
  if ((await host.files.stat(path)) === undefined) return draftText(place, before)
  const text = await host.files.read(path)
  if (isDraftOf(text, place)) return text
  const title = text.split('\n')[0]?.slice('// '.length)
  const hint = `imp edit of that place goes on with it, removing ${path} gives it up`
  throw new Fault('state', `there is a draft of ${title ?? 'another place'} that was not finished`, { hint })
}

/** Opens the editor; the text as it was left. */
async function editedText(context: ImpContext, { path }: Draft, text: string): Promise<string> {
  const { files } = context.host
  await files.write(path, text, { mode: 0o600 })
  const [program, ...words] = editorCommand(process.env)
  const status = await context.host.attach([program, ...words, path])
  if (status !== 0) throw new Fault('exec', `${program} ended with status ${status}`, { hint: `the text is kept in ${path}` })
  return files.read(path)
}

/** All that is wrong with the document that the text would make. */
async function inspectText(context: ImpContext, { place, options }: Draft, text: string): Promise<readonly Finding[]> {
  try {
    const { document } = await readCandidate(context, options)
    const { findings } = loadRouterConfig(JSON.stringify(replaced(document, place, draftValue(text))), 'the edited text')
    return findings.filter(({ severity }) => severity === 'error')
  } catch (error) {
    const { code, message, detail, findings } = asFault(error)
    if (code !== 'input' && code !== 'not-found') throw error
    return findings.length > 0 ? findings : [{ path: place, severity: 'error', message: [message, detail].filter(Boolean).join(': ') }]
  }
}

async function wantsAgain({ ask }: ImpContext, findings: readonly Finding[]): Promise<boolean> {
  const [first] = findings
  if (ask === undefined || first === undefined) return false
  const help = findings.map(({ path, message }) => `${path} ${message}`.trim()).join('\n')
  const reply = await ask.confirm({ message: 'Edit again?', help, initial: true })
  return reply.reply === 'value' && reply.value
}

/** Edits until nothing is wrong or the person has enough; undefined when nothing was changed. */
async function editUntilSound(context: ImpContext, draft: Draft): Promise<string | undefined> {
  let text = await firstText(context, draft)
  for (;;) {
    const edited = await editedText(context, draft, text)
    if (edited === draftText(draft.place, draft.before)) return undefined
    const findings = await inspectText(context, draft, edited)
    if (findings.length === 0) return edited
    text = annotated(edited, draft.place, findings)
    // The draft as it is kept: whatever became of the comments in the editor, it is known again.
    await context.host.files.write(draft.path, text, { mode: 0o600 })
    if (!(await wantsAgain(context, findings))) return edited
  }
}

/** The candidate with the edited value; a `conflict` fault when somebody else edited the place meanwhile. */
function withEdited(document: RouterConfigInput, { place, before, path }: Draft, text: string): RouterConfigInput {
  if (!isDeepStrictEqual(valueAt(document, place), before)) {
    throw new Fault('conflict', `${place === '' ? 'the candidate' : place} was edited in the meantime`, {
      hint: `your text is kept in ${path}`,
    })
  }
  return replaced(document, place, draftValue(text))
}

async function store(context: ImpContext, draft: Draft, text: string) {
  const { place, path, options } = draft
  try {
    return await editCandidate(context, `edit ${place}`.trim(), (document) => withEdited(document, draft, text), options)
  } catch (error) {
    const { code, message, detail, findings, hint } = asFault(error)
    if (code !== 'input') throw error
    const kept = `imp edit ${place}`.trim()
    throw new Fault(code, message, {
      findings,
      detail,
      hint: `${hint === undefined ? '' : `${hint}; `}${kept} goes on with the text, kept in ${path}`,
      cause: error,
    })
  }
}

const edit = operation<ImpContext>()({
  path: ['edit'],
  summary: 'Edit the candidate, or one place of it, in your editor',
  description:
    'Opens JSON in the program that VISUAL or EDITOR names and checks it when the editor is closed. When something is wrong it can be ' +
    'edited again, with the findings as comments; a text that was not taken is kept, and the next edit of the place goes on with it.',
  effect: 'write',
  args: ['place'],
  flags: { place: 'path' },
  input: z.strictObject({ place: PlaceOrAll, ...whose, ...where }),
  output: EditedResult,
  examples: ['imp edit', 'imp edit bgp.peers.upstream4'],
  complete: { place: completePlace },
  run: (context, { place, ...input }) =>
    withRouter(context, input, async (commits, configs) => {
      if (!context.interactive || !context.passthrough)
        throw new Fault('state', 'an editor needs a terminal', { hint: 'use imp set, or imp config load FILE' })
      await adoptRunning(context, commits)
      const options = candidateOf(configs, input)
      const directory = join(configs.directory, 'candidates')
      const path = join(directory, `${options.candidate ?? currentEditor()}.draft`)
      const draft = { place, path, options, before: valueAt((await readCandidate(context, options)).document, place) }
      planned(context, [{ kind: 'candidate', summary: `edit ${place}`.trim(), disruption: 'none', data: { path } }])
      await context.host.files.makeDirectory(directory, { mode: 0o700 })
      const text = await editUntilSound(context, draft)
      const { changes, findings } =
        text === undefined ? await editCandidate(context, 'edit', (same) => same, options) : await store(context, draft, text)
      await context.host.files.remove(path)
      return { target: commits.router.name, changes: [...changes], findings: [...findings] }
    }),
  view: viewEdited,
})

export const operations: readonly AnyOperation<ImpContext>[] = [edit]
