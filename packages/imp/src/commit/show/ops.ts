/** Committed configurations to look at: as they are, side by side, as a file. */
import { resolve } from 'node:path'
import { z } from 'zod'
import { Fault } from '@imp/kit/base/fault.ts'
import { FilePath } from '@imp/kit/base/schema.ts'
import { operation, planned, type AnyOperation } from '@imp/kit/op/operation.ts'
import { documentAt, readCandidate, storeAt } from '../../config/candidate.ts'
import { differences } from '../../config/difference.ts'
import { historyOf, type ConfigStore } from '../../config/history.ts'
import type { RouterConfigInput } from '../../config/model.ts'
import { getAt, parsePath } from '../../config/paths.ts'
import type { ImpContext } from '../../context.ts'
import { where } from '../../pipeline/where.ts'
import { completePlace, PlaceOrAll } from '../edit/ops.ts'
import { candidateOf, whose, withRouter } from '../ops.ts'
import { drawChanges, ShownChange } from '../view.ts'

const CommitNumber = z.int().min(1)

async function numbers(context: ImpContext): Promise<readonly string[]> {
  return (await historyOf(storeAt(context)).list()).map(({ number }) => String(number))
}

const compare = operation<ImpContext>()({
  path: ['compare'],
  summary: 'Show what differs between two commits, by the places of the configuration',
  effect: 'read',
  args: ['from', 'to'],
  input: z.strictObject({ from: CommitNumber.describe('number of a commit'), to: CommitNumber.describe('number of another'), ...where }),
  output: z.strictObject({ from: z.int(), to: z.int(), changes: z.array(ShownChange) }),
  examples: ['imp compare 3 5'],
  complete: { from: numbers, to: numbers },
  run: (context, { from, to, ...input }) =>
    withRouter(context, input, async (_commits, store) => {
      const [before, after] = [await documentAt(store, from), await documentAt(store, to)]
      return { from, to, changes: differences(before, after) }
    }),
  view: ({ from, to, changes }) => (changes.length === 0 ? `commits ${from} and ${to} say the same` : drawChanges(changes)),
})

async function documentFor(
  context: ImpContext,
  store: ConfigStore,
  input: { readonly commit?: number; readonly candidate?: string },
): Promise<RouterConfigInput> {
  if (input.commit !== undefined) return documentAt(store, input.commit)
  return (await readCandidate(context, candidateOf(store, input))).document
}

const which = { commit: CommitNumber.describe('number of a commit; the candidate unless told').exactOptional(), ...whose, ...where }

const show = operation<ImpContext>()({
  path: ['config', 'show'],
  summary: 'Show the candidate or a commit, all of it or one place',
  effect: 'read',
  args: ['place'],
  flags: { place: 'path' },
  input: z.strictObject({ place: PlaceOrAll, ...which }),
  output: z.unknown(),
  examples: ['imp config show', 'imp config show interfaces.wan', 'imp config show --commit 3'],
  complete: { place: completePlace, commit: numbers },
  run: (context, { place, ...input }) =>
    withRouter(context, input, async (_commits, store) => {
      const document = await documentFor(context, store, input)
      return place === '' ? document : getAt(document, parsePath(place))
    }),
  view: (output) => JSON.stringify(output, null, 2),
})

const exportConfig = operation<ImpContext>()({
  path: ['config', 'export'],
  summary: 'Write the candidate or a commit to a file',
  effect: 'write',
  args: ['file'],
  short: { force: 'f' },
  input: z.strictObject({
    file: FilePath.describe('file to write, readable by its owner only'),
    force: z.boolean().default(false).describe('replace the file when it exists'),
    ...which,
  }),
  output: z.strictObject({ file: z.string() }),
  examples: ['imp config export router.json', 'imp config export friday.json --commit 3'],
  complete: { commit: numbers },
  run: (context, { file, force, ...input }) =>
    withRouter(context, input, async (_commits, store) => {
      const path = resolve(file)
      const text = `${JSON.stringify(await documentFor(context, store, input), null, 2)}\n`
      const { files } = context.host
      if (!force && (await files.stat(path)) !== undefined)
        throw new Fault('conflict', `${path} exists`, { hint: 'choose another name, or replace it with --force' })
      planned(context, [{ kind: 'file', summary: `write ${path}`, disruption: 'none', data: { path } }])
      await files.write(path, text, { mode: 0o600 })
      return { file: path }
    }),
  view: ({ file }) => `wrote ${file}`,
})

export const operations: readonly AnyOperation<ImpContext>[] = [compare, show, exportConfig]
