/** What a person can do with modules: install them, look at them, learn what is wrong with them, and see what they become. */
import { resolve } from 'node:path'
import { z } from 'zod'
import { Fault, refuse } from '@imp/kit/base/fault.ts'
import { FilePath } from '@imp/kit/base/schema.ts'
import { count, table } from '@imp/kit/base/text.ts'
import { drawFindings, FindingOutput } from '@imp/kit/op/findings.ts'
import { operation, planned, type AnyOperation } from '@imp/kit/op/operation.ts'
import type { Step } from '@imp/kit/plan/step.ts'
import { parseRouterConfig } from '../config/load.ts'
import type { RouterConfig } from '../config/model.ts'
import type { ImpContext } from '../context.ts'
import { findRunning } from '../pipeline/running.ts'
import { where, withTarget } from '../pipeline/where.ts'
import { instanceLines } from '../dataplane/vpp/boot/exec-beside.ts'
import { checkModuleSettings, fillModules } from './check.ts'
import { moduleInstances } from './instances.ts'
import { ModuleDefinition, ModuleName } from './model.ts'
import { exampleNames, findModule, moduleFile, modulesDirectory, readModules, readSource } from './store.ts'

const name = ModuleName.describe('name of the module')

async function installedNames({ host, stateDirectory }: ImpContext): Promise<string[]> {
  return (await readModules(host.files, stateDirectory)).modules.map(({ definition }) => definition.name)
}

function step(summary: string): Step {
  return { kind: 'module', summary, disruption: 'none', data: {} }
}

const Listed = z.strictObject({
  name: z.string(),
  state: z.enum(['installed', 'example']).describe('example: comes with imp, to be installed'),
  description: z.string(),
})

const available = operation<ImpContext>()({
  path: ['modules', 'available'],
  summary: 'List the modules that are installed, and the examples',
  effect: 'read',
  input: z.strictObject({}),
  output: z.strictObject({ directory: z.string(), modules: z.array(Listed), findings: z.array(FindingOutput) }),
  examples: ['imp modules available'],
  async run({ host, stateDirectory }) {
    const { modules, findings } = await readModules(host.files, stateDirectory)
    const names = new Set(modules.map(({ definition }) => definition.name))
    const missing = exampleNames.filter((each) => !names.has(each))
    const sources = await Promise.all(missing.map(async (each) => (await readSource(host.files, each)).module))
    const listed = (state: 'installed' | 'example') => (module: (typeof modules)[number]) => ({
      name: module.definition.name,
      state,
      description: module.definition.description,
    })
    const all = [...modules.map(listed('installed')), ...sources.map(listed('example'))]
    return { directory: modulesDirectory(stateDirectory), modules: all, findings: [...findings] }
  },
  view: ({ modules, findings }, options) => {
    const rows = modules.map((each) => [each.name, each.state, each.description])
    const lines = table([['MODULE', 'STATE', 'DESCRIPTION'], ...rows]).join('\n')
    return findings.length === 0 ? lines : [lines, '', drawFindings(findings, options)].join('\n')
  },
})

function viewField([field, { type, format, required, description, ...rest }]: [
  string,
  ModuleDefinition['config_schema'][string],
]): string[] {
  const value = rest.default === undefined ? (required ? 'must be set' : '') : JSON.stringify(rest.default)
  return [field, format ?? type, value, description]
}

function viewDefinition({ name: own, description, topology, config_schema, show_commands }: ModuleDefinition): string {
  const fields = Object.entries(config_schema).map(viewField)
  return [
    `${own}: ${description}`,
    '',
    ...table([['CONNECTION', 'PURPOSE'], ...topology.connections.map((each) => [each.name, each.purpose])]),
    ...(fields.length === 0 ? [] : ['', ...table([['FIELD', 'TYPE', 'DEFAULT', 'DESCRIPTION'], ...fields])]),
    ...(show_commands.length === 0 ? [] : ['', ...table([['SHOWS', 'BY'], ...show_commands.map((each) => [each.name, each.vpp_command])])]),
  ].join('\n')
}

const describe = operation<ImpContext>()({
  path: ['modules', 'describe'],
  summary: 'Show the connections and settings of a module',
  effect: 'read',
  args: ['name'],
  input: z.strictObject({ name }),
  output: z.strictObject({ file: z.string(), definition: ModuleDefinition }),
  examples: ['imp modules describe nat64'],
  complete: { name: installedNames },
  run: async ({ host, stateDirectory }, { name: own }) => findModule(host.files, stateDirectory, own),
  view: ({ definition }) => viewDefinition(definition),
})

const check = operation<ImpContext>()({
  path: ['modules', 'check'],
  summary: 'Show what is wrong with the installed modules, or with one file',
  description: 'Findings name the file and the line. Ends with status 2 when there is one.',
  effect: 'read',
  args: ['file'],
  input: z.strictObject({ file: FilePath.describe('definition of a module instead').exactOptional() }),
  output: z.strictObject({ modules: z.array(z.string()), findings: z.array(FindingOutput) }),
  examples: ['imp modules check', 'imp modules check scrubber.yaml'],
  async run({ host, stateDirectory }, { file }) {
    if (file === undefined) {
      const { modules, findings } = await readModules(host.files, stateDirectory)
      return { modules: modules.map(({ definition }) => definition.name), findings: [...findings] }
    }
    try {
      const { module } = await readSource(host.files, resolve(file))
      return { modules: [module.definition.name], findings: [] }
    } catch (error) {
      if (error instanceof Fault && error.findings.length > 0) return { modules: [], findings: [...error.findings] }
      throw error
    }
  },
  view: ({ modules, findings }, options) =>
    findings.length === 0 ? `${count(modules.length, 'module')}, nothing is wrong` : drawFindings(findings, options),
  exitStatus: ({ findings }) => (findings.length === 0 ? 0 : 2),
})

const install = operation<ImpContext>()({
  path: ['modules', 'install'],
  summary: 'Install a module from its definition, or an example by its name',
  description: 'Nothing is installed while anything is wrong with the definition. What is there already needs --force.',
  effect: 'write',
  args: ['source'],
  short: { force: 'f' },
  input: z.strictObject({
    source: z
      .string()
      .min(1)
      .max(4096)
      .describe('file with the definition, or the name of an example')
      .meta({ examples: ['nat64', './scrubber.yaml'] }),
    force: z.boolean().default(false).describe('replace the module when it is there'),
  }),
  output: z.strictObject({ name: z.string(), file: z.string() }),
  examples: ['imp modules install nat64', 'imp modules install ./scrubber.yaml --force'],
  complete: { source: () => exampleNames },
  async run(context, { source, force }) {
    const { host, stateDirectory } = context
    const { text, module } = await readSource(host.files, exampleNames.includes(source) ? source : resolve(source))
    const own = module.definition.name
    const file = moduleFile(stateDirectory, own)
    if (!force && (await host.files.stat(file)) !== undefined)
      throw new Fault('conflict', `there is a module ${own} already`, { hint: '--force replaces it' })
    planned(context, [step(`install the module ${own}`)])
    await host.files.makeDirectory(modulesDirectory(stateDirectory))
    await host.files.write(file, text)
    return { name: own, file }
  },
  view: ({ name: own, file }) => `${own} is installed as ${file}`,
})

const remove = operation<ImpContext>()({
  path: ['modules', 'remove'],
  summary: 'Remove the definition of a module',
  description: 'Refused while the running configuration has the module.',
  effect: 'destroy',
  args: ['name'],
  input: z.strictObject({ name, ...where }),
  output: z.strictObject({ removed: z.string() }),
  examples: ['imp modules remove nat64'],
  complete: { name: installedNames },
  run: (context, { name: own, ...rest }) =>
    withTarget(context, rest, async (target) => {
      const { host, stateDirectory } = context
      const file = moduleFile(stateDirectory, own)
      // One that is not right can be removed as well.
      if ((await host.files.stat(file)) === undefined)
        throw new Fault('not-found', `no module ${own} is installed`, { hint: 'imp modules available shows those that are' })
      if ((await findRunning(target))?.config.modules.some((each) => each.name === own) === true)
        throw new Fault('conflict', `the running configuration of ${target.name} has the module ${own}`, {
          hint: `imp delete modules.${own}, imp commit`,
        })
      planned(context, [step(`remove the module ${own}`)])
      await host.files.remove(file)
      return { removed: own }
    }),
  view: ({ removed }) => `${removed} is removed`,
})

const Rendered = z.strictObject({ name: z.string(), lines: z.array(z.string()).describe('commands of its process') })

/** Refuses a configuration whose modules are not right. */
async function renderModules(
  { host, stateDirectory }: ImpContext,
  config: RouterConfig,
  what: string,
): Promise<z.output<typeof Rendered>[]> {
  const { modules } = await readModules(host.files, stateDirectory)
  refuse(what, checkModuleSettings(config, modules))
  const filled = fillModules(config, modules)
  return moduleInstances(filled, modules).map((each) => ({ name: each.name, lines: instanceLines(each) }))
}

const render = operation<ImpContext>()({
  path: ['modules', 'render'],
  summary: 'Show the commands that the modules of a configuration become',
  description: 'Checks the settings of the modules and their templates. Nothing is sent to any process.',
  effect: 'read',
  args: ['file'],
  input: z.strictObject({ file: FilePath.describe('configuration, usually router.json') }),
  output: z.strictObject({ modules: z.array(Rendered) }),
  examples: ['imp modules render router.json'],
  async run(context, { file }) {
    const config = parseRouterConfig(await context.host.files.read(resolve(file)), file)
    return { modules: await renderModules(context, config, file) }
  },
  view: ({ modules }) =>
    modules.length === 0 ? 'no module is enabled' : modules.map(({ name: own, lines }) => [`# ${own}`, ...lines].join('\n')).join('\n\n'),
})

export const operations: readonly AnyOperation<ImpContext>[] = [available, describe, check, install, remove, render]
