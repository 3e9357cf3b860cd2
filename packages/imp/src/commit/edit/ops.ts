/** What a person can do with the candidate: change it, look at its changes, bring it up to date, throw it away. */
import { join } from 'node:path'
import { z } from 'zod'
import { refuse } from '@imp/kit/base/fault.ts'
import { FilePath } from '@imp/kit/base/schema.ts'
import { drawFindings, FindingOutput } from '@imp/kit/op/findings.ts'
import { operation, type AnyOperation, type Given, type ViewOptions } from '@imp/kit/op/operation.ts'
import { refuseStale } from '../../config/candidate-conflict.ts'
import { rebase as rebaseDocument } from '../../config/candidate-rebase.ts'
import { discardCandidate, documentAt, editCandidate, moveCandidate, readCandidate, type Edited } from '../../config/candidate.ts'
import { differences } from '../../config/difference.ts'
import { inputPath } from '../../config/input.ts'
import { loadRouterConfig } from '../../config/load.ts'
import type { RouterConfigInput } from '../../config/model.ts'
import { pathsOf } from '../../config/paths-complete.ts'
import { expectationAt, valuesAt } from '../../config/paths-values.ts'
import { deleteAt, parsePath, setAt } from '../../config/paths.ts'
import { learnModules } from '../../config/paths-schema.ts'
import type { ImpContext } from '../../context.ts'
import { headOf } from '../model.ts'
import { where, type Where } from '../../pipeline/where.ts'
import { adoptRunning, candidateOf, whose, withRouter } from '../ops.ts'
import { drawChanges, ShownChange } from '../view.ts'

/** Called PATH; the key is another word so that shells do not offer the names of files for it. */
const Place = z
  .string()
  .min(1)
  .max(1000)
  .describe('place in the configuration; members of lists by name or by [number]')
  .meta({ examples: ['interfaces.wan.mtu', 'bgp.peers.upstream4.description', 'nat.mappings[0]'] })

/** The same where no place means the whole configuration. */
export const PlaceOrAll = z
  .string()
  .max(1000)
  .describe('place in the configuration; all of it unless told')
  .meta({ examples: ['bgp.peers.upstream4'] })
  .default('')

export const EditedResult = z.strictObject({
  target: z.string(),
  changes: z.array(ShownChange).describe('all changes of the candidate'),
  findings: z.array(FindingOutput).describe('what a commit would have against it'),
})
export type EditedResult = z.output<typeof EditedResult>

/** All changes of the candidate, and what a commit would have against it. */
export function viewEdited({ changes, findings }: EditedResult, options: ViewOptions): string {
  const list = changes.length === 0 ? 'the candidate is as committed' : drawChanges(changes)
  return findings.length === 0 ? list : [list, '', drawFindings(findings, options)].join('\n')
}

type EditInput = Where & { readonly candidate?: string }

/** Changes the candidate, and says what a commit would have against it. */
export function edit(
  context: ImpContext,
  input: EditInput,
  summary: string,
  change: (document: RouterConfigInput) => RouterConfigInput,
): Promise<z.input<typeof EditedResult>> {
  return withRouter(context, input, async (commits, store) => {
    await adoptRunning(context, commits)
    await learnInstalled(context)
    const { router } = commits
    const { changes, findings }: Edited = await editCandidate(context, summary, change, candidateOf(store, input))
    return { target: router.name, changes: [...changes], findings: [...findings] }
  })
}

/** The fields of the modules that are installed here are words as well. */
export async function learnInstalled({ host, stateDirectory }: ImpContext): Promise<void> {
  const isThere = (await host.files.stat(join(stateDirectory, 'modules'))) !== undefined
  // What reads definitions takes a while to load, and most routers have none.
  learnModules(isThere ? await (await import('../../modules/store.ts')).settingsSchemas(host.files, stateDirectory) : {})
}

async function candidateNow(context: ImpContext): Promise<RouterConfigInput> {
  await learnInstalled(context)
  return (await readCandidate(context)).document
}

/** Places of the candidate, for shells. */
export const completePlace = async (context: ImpContext) => pathsOf(await candidateNow(context))
const complete = { place: completePlace }

function placeIn(given: Given): ReturnType<typeof parsePath> {
  return parsePath([given['place'] ?? ''].flat().join(''))
}

const set = operation<ImpContext>()({
  path: ['set'],
  summary: 'Set a place of the candidate to a value',
  description:
    'The value is read as the schema has it: a number, true or false, one of the choices, text; several words or a JSON list for a ' +
    'list; JSON for an object. A member of a list is made when it is named by its key, or by the number after the last. The candidate ' +
    'must fit the schema after every edit; what else is wrong is shown and keeps it from being committed.',
  effect: 'write',
  args: ['place', 'value'],
  flags: { place: 'path' },
  input: z.strictObject({ place: Place, value: z.array(z.string()).min(1).describe('value'), ...whose, ...where }),
  output: EditedResult,
  examples: [
    'imp set interfaces.wan.mtu 9000',
    'imp set interfaces.wan.addresses 192.0.2.2/30 2001:db8::2/64',
    `imp set bgp.peers.upstream4 '{"address": "192.0.2.1", "asn": 64496}'`,
  ],
  complete: { ...complete, value: async (context, given) => valuesAt(await candidateNow(context), placeIn(given)) },
  expects: {
    value: async (context, given) => {
      await learnInstalled(context)
      return expectationAt(placeIn(given))
    },
  },
  run: (context, { place, value, ...input }) => {
    const segments = parsePath(place)
    return edit(context, input, `set ${place} ${value.join(' ')}`, (document) => setAt(document, segments, value))
  },
  view: viewEdited,
})

const remove = operation<ImpContext>()({
  path: ['delete'],
  summary: 'Take a place out of the candidate',
  effect: 'write',
  args: ['place'],
  flags: { place: 'path' },
  input: z.strictObject({ place: Place, ...whose, ...where }),
  output: EditedResult,
  examples: ['imp delete interfaces.wan.mtu', 'imp delete bgp.peers.upstream4'],
  complete,
  run: (context, { place, ...input }) => {
    const segments = parsePath(place)
    return edit(context, input, `delete ${place}`, (document) => deleteAt(document, segments))
  },
  view: viewEdited,
})

/** A configuration of a file as it was written, without the defaults; a fault with all findings when the schema refuses it. */
function readDocument(text: string, file: string): RouterConfigInput {
  const { config, findings } = loadRouterConfig(text, file)
  if (config === undefined) refuse(file, findings)
  return JSON.parse(text) as RouterConfigInput
}

const load = operation<ImpContext>()({
  path: ['config', 'load'],
  summary: 'Make a file the candidate',
  effect: 'write',
  args: ['file'],
  input: z.strictObject({ file: FilePath.describe('router configuration, router.json; - for standard input'), ...whose, ...where }),
  output: EditedResult,
  examples: ['imp config load router.json'],
  async run(context, { file, ...input }) {
    const document = readDocument(await context.host.files.read(inputPath(file)), file)
    return edit(context, input, `load ${file}`, () => document)
  },
  view: viewEdited,
})

const discard = operation<ImpContext>()({
  path: ['discard'],
  summary: 'Throw the edits of the candidate away',
  effect: 'write',
  input: z.strictObject({ ...whose, ...where }),
  output: z.strictObject({ target: z.string(), discarded: z.boolean().describe('whether there were any') }),
  examples: ['imp discard'],
  run: (context, input) =>
    withRouter(context, input, async ({ router }, store) => ({
      target: router.name,
      discarded: await discardCandidate(context, candidateOf(store, input)),
    })),
  view: ({ discarded }) => (discarded ? 'the candidate is as committed' : 'there were no edits'),
})

const diff = operation<ImpContext>()({
  path: ['diff'],
  summary: 'Show what the candidate changes, by the places of the configuration',
  description: 'imp commit --check shows what would change on the machine.',
  effect: 'read',
  input: z.strictObject({ ...whose, ...where }),
  output: z.strictObject({ base: z.int().describe('commit that the candidate was made from'), changes: z.array(ShownChange) }),
  examples: ['imp diff', 'imp diff --candidate anna'],
  run: (context, input) =>
    withRouter(context, input, async (_commits, store) => {
      const { base, document } = await readCandidate(context, candidateOf(store, input))
      return { base, changes: differences(await documentAt(store, base), document) }
    }),
  view: ({ changes }) => (changes.length === 0 ? 'the candidate is as committed' : drawChanges(changes)),
})

const rebase = operation<ImpContext>()({
  path: ['rebase'],
  summary: 'Bring a candidate that another commit overtook up to date',
  effect: 'write',
  input: z.strictObject({
    theirs: z.boolean().default(false).describe('give own changes up where both sides changed the same place'),
    ...whose,
    ...where,
  }),
  output: z.strictObject({
    base: z.int().describe('commit that the candidate stands on now'),
    changes: z.array(ShownChange),
    dropped: z.array(ShownChange).describe('own changes that were given up'),
  }),
  examples: ['imp rebase', 'imp rebase --theirs'],
  run: (context, { theirs, ...input }) =>
    withRouter(context, input, async ({ history }, store) => {
      const options = candidateOf(store, input)
      const candidate = await readCandidate(context, options)
      const head = headOf(await history.list())
      const base = head?.number ?? 0
      const [before, now] = [await documentAt(store, candidate.base), await documentAt(store, base)]
      const { document, dropped } = rebaseDocument(before, candidate.document, now)
      if (dropped.length > 0 && !theirs) await refuseStale(store, candidate, head)
      const { changes } = await moveCandidate(context, candidate, { base, document }, options)
      return { base, changes: [...changes], dropped: [...dropped] }
    }),
  view: ({ base, changes, dropped }) => {
    const given = dropped.length === 0 ? [] : ['given up:', drawChanges(dropped)]
    return [`the candidate stands on commit ${base}`, ...(changes.length === 0 ? [] : [drawChanges(changes)]), ...given].join('\n')
  },
})

export const operations: readonly AnyOperation<ImpContext>[] = [set, remove, load, discard, diff, rebase]
