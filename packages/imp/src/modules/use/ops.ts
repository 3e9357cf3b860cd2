/** What a person does with modules in the candidate and on the router: switch them, use the words that they bring, look at them. */
import { z } from 'zod'
import { Fault } from '@imp/kit/base/fault.ts'
import { table } from '@imp/kit/base/text.ts'
import { operation, type AnyOperation, type Given } from '@imp/kit/op/operation.ts'
import { edit, EditedResult, viewEdited } from '../../commit/edit/ops.ts'
import { candidateOf, whose, withRouter } from '../../commit/ops.ts'
import { readCandidate } from '../../config/candidate.ts'
import type { RouterConfigInput } from '../../config/model.ts'
import type { ImpContext } from '../../context.ts'
import { withVpp } from '../../dataplane/vpp/place.ts'
import { dataplanePlace } from '../../pipeline/target.ts'
import { where, withTarget } from '../../pipeline/where.ts'
import { findCommand, obey, usageOf, wordsOf } from '../commands.ts'
import { ModuleName, type InstalledModule } from '../model.ts'
import { entryOf, withEntry } from '../settings.ts'
import { findModule, readModules } from '../store.ts'

const name = ModuleName.describe('name of the module')

async function installedNames({ host, stateDirectory }: ImpContext): Promise<string[]> {
  return (await readModules(host.files, stateDirectory)).modules.map(({ definition }) => definition.name)
}

const switchInput = z.strictObject({ name, ...whose, ...where })

const enable = operation<ImpContext>()({
  path: ['modules', 'enable'],
  summary: 'Have the candidate start a module that is installed',
  description: 'The next commit starts its process and leads its packets there. Its settings are in modules.NAME.config.',
  effect: 'write',
  args: ['name'],
  input: switchInput,
  output: EditedResult,
  examples: ['imp modules enable nat64'],
  complete: { name: installedNames },
  async run(context, { name: own, ...input }) {
    await findModule(context.host.files, context.stateDirectory, own)
    return edit(context, input, `enable the module ${own}`, (document) =>
      // Enabled is what an entry is unless it says otherwise.
      withEntry(document, own, ({ enabled: _enabled, ...entry }) => entry),
    )
  },
  view: viewEdited,
})

const disable = operation<ImpContext>()({
  path: ['modules', 'disable'],
  summary: 'Have the candidate stop a module and keep its settings',
  effect: 'write',
  args: ['name'],
  input: switchInput,
  output: EditedResult,
  examples: ['imp modules disable nat64'],
  complete: { name: async (context) => ((await readCandidate(context)).document.modules ?? []).map((each) => each.name) },
  run: (context, { name: own, ...input }) =>
    edit(context, input, `disable the module ${own}`, (document) => {
      if (entryOf(document, own) === undefined) throw new Fault('not-found', `the candidate has no module ${own}`)
      return withEntry(document, own, (entry) => ({ ...entry, enabled: false }))
    }),
  view: viewEdited,
})

const Obeyed = z.strictObject({
  module: z.string(),
  shown: z.array(z.string()).describe('what the command shows; of no command, all that there are'),
  ...EditedResult.partial().shape,
})

/** The settings that a module of the candidate has, with the defaults of its fields where it says nothing. */
function settingsOf(document: RouterConfigInput, { definition }: InstalledModule): Record<string, unknown> {
  const said = entryOf(document, definition.name)?.config ?? {}
  const defaults = Object.entries(definition.config_schema).flatMap(([field, { default: value }]) =>
    value === undefined ? [] : [[field, value]],
  )
  return { ...Object.fromEntries(defaults), ...said }
}

async function nextWords(context: ImpContext, given: Given): Promise<string[]> {
  const own = [given['name'] ?? ''].flat()[0] ?? ''
  const { definition } = await findModule(context.host.files, context.stateDirectory, own)
  const typed = [given['words'] ?? []].flat()
  return definition.commands.flatMap((command) => {
    const words = wordsOf(command)
    const next = words[typed.length]
    return next !== undefined && typed.every((word, index) => words[index] === word) ? [next] : []
  })
}

const obeying = operation<ImpContext>()({
  path: ['module'],
  summary: 'Use a command that a module brings for its settings in the candidate',
  description: 'Without a command it lists those of the module. A module that the candidate has not is added to it.',
  effect: 'write',
  args: ['name', 'words'],
  input: z.strictObject({
    name,
    words: z.array(z.string().max(1000)).default([]).describe('command of the module and its values'),
    ...whose,
    ...where,
  }),
  output: Obeyed,
  examples: ['imp module nat64', 'imp module nat64 set-pool 203.0.113.64/28'],
  complete: { name: installedNames, words: nextWords },
  async run(context, { name: own, words, ...input }) {
    const module = await findModule(context.host.files, context.stateDirectory, own)
    if (words.length === 0)
      return { module: own, shown: table(module.definition.commands.map((each) => [usageOf(each), each.description])) }
    const said = findCommand(module.definition, words)
    const document = await withRouter(
      context,
      input,
      async (_commits, store) => (await readCandidate(context, candidateOf(store, input))).document,
    )
    const outcome = obey(module.definition, said, settingsOf(document, module))
    if ('shown' in outcome) return { module: own, shown: [...outcome.shown] }
    const edited = await edit(context, input, `module ${own} ${words.join(' ')}`, (now) => {
      // Nobody else's edit of it gets lost: the command is obeyed again by what the candidate is now.
      const changed = obey(module.definition, said, entryOf(now, own)?.config ?? settingsOf(now, module))
      return 'shown' in changed ? now : withEntry(now, own, (entry) => ({ ...entry, config: { ...changed.settings } }))
    })
    return { module: own, shown: [], ...edited }
  },
  view: ({ shown, target, changes, findings }, options) =>
    target === undefined || changes === undefined || findings === undefined
      ? shown.join('\n')
      : viewEdited({ target, changes, findings }, options),
})

const Looked = z.strictObject({ module: z.string(), command: z.string(), lines: z.array(z.string()) })

async function showCommands({ host, stateDirectory }: ImpContext, given: Given): Promise<string[]> {
  const own = [given['name'] ?? ''].flat()[0] ?? ''
  return (await findModule(host.files, stateDirectory, own)).definition.show_commands.map((each) => each.name)
}

const look = operation<ImpContext>()({
  path: ['show', 'module'],
  summary: 'Show what the process of a module says of itself',
  description: 'Without a command it lists what the module shows.',
  effect: 'read',
  args: ['name', 'command'],
  input: z.strictObject({ name, command: z.string().max(100).describe('what to show').exactOptional(), ...where }),
  output: Looked,
  examples: ['imp show module nat64 sessions'],
  complete: { name: installedNames, command: showCommands },
  run: (context, { name: own, command, ...rest }) =>
    withTarget(context, rest, async (target) => {
      const { definition } = await findModule(context.host.files, context.stateDirectory, own)
      const known = definition.show_commands
      if (command === undefined)
        return { module: own, command: '', lines: table(known.map((each) => [each.name, each.description || each.vpp_command])) }
      const found = known.find((each) => each.name === command)
      if (found === undefined)
        throw new Fault('input', `the module ${own} does not show ${JSON.stringify(command)}`, {
          hint: known.length === 0 ? 'it shows nothing' : `one of: ${known.map((each) => each.name).join(', ')}`,
        })
      const answer = await withVpp(dataplanePlace(target), own, (vpp) => vpp.cli(found.vpp_command))
      const text = answer.replaceAll('\0', '').trimEnd()
      return { module: own, command, lines: text === '' ? [] : text.split('\n') }
    }),
  view: ({ lines }) => lines.join('\n'),
})

export const operations: readonly AnyOperation<ImpContext>[] = [enable, disable, obeying, look]
