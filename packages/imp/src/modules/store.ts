/** Definitions of modules in the state directory: `modules/NAME.yaml`, and the examples that come with the program. */
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Fault, type Finding } from '@imp/kit/base/fault.ts'
import type { Files } from '@imp/kit/host/host.ts'
import { inspectDefinition, maximumDefinition, readDefinition } from './definition.ts'
import { configJsonSchema } from './fields.ts'
import { ModuleName, type InstalledModule } from './model.ts'

const suffix = '.yaml'

const examples: Readonly<Record<string, URL>> = {
  nat: new URL('examples/nat.yaml', import.meta.url),
  nat64: new URL('examples/nat64.yaml', import.meta.url),
}

export const exampleNames: readonly string[] = Object.keys(examples)

export interface ReadModules {
  readonly modules: readonly InstalledModule[]
  /** What is wrong with the files that hold no module. */
  readonly findings: readonly Finding[]
}

export function modulesDirectory(stateDirectory: string): string {
  return join(stateDirectory, 'modules')
}

export function moduleFile(stateDirectory: string, name: string): string {
  return join(modulesDirectory(stateDirectory), `${name}${suffix}`)
}

function wrong(path: string, message: string, hint: string): Finding {
  return { path, severity: 'error', message, hint }
}

/** One file; its name must be that of the module, so that no two can be called the same. */
export async function inspectFile(files: Files, file: string): Promise<ReadModules> {
  const stat = await files.stat(file)
  if (stat?.kind !== 'file') return { modules: [], findings: [wrong(file, 'is not a plain file', 'put the file itself there')] }
  // A character has at most four bytes.
  if (stat.size > 4 * maximumDefinition) return { modules: [], findings: [wrong(file, 'is too large', 'a definition is a page or two')] }
  const { definition, findings } = inspectDefinition(await files.read(file), file)
  if (definition === undefined) return { modules: [], findings }
  const own = basename(file, suffix)
  if (definition.name === own) return { modules: [{ definition, file }], findings: [] }
  return { modules: [], findings: [wrong(file, `holds the module ${definition.name}`, `call the file ${definition.name}${suffix}`)] }
}

/** All modules that are installed, by name. A file that is not right takes none of the others away. */
export async function readModules(files: Files, stateDirectory: string): Promise<ReadModules> {
  const directory = modulesDirectory(stateDirectory)
  if ((await files.stat(directory)) === undefined) return { modules: [], findings: [] }
  const names = (await files.list(directory)).filter((name) => !name.startsWith('.') && name.endsWith(suffix))
  const read = await Promise.all(names.map((name) => inspectFile(files, join(directory, name))))
  return { modules: read.flatMap(({ modules }) => modules), findings: read.flatMap(({ findings }) => findings) }
}

/** An installed module; `not-found` when there is no such file, `input` with all findings when it is not right. */
export async function findModule(files: Files, stateDirectory: string, name: string): Promise<InstalledModule> {
  const file = moduleFile(stateDirectory, ModuleName.parse(name))
  if ((await files.stat(file)) === undefined)
    throw new Fault('not-found', `no module ${name} is installed`, { hint: 'imp modules available shows those that are' })
  const { modules, findings } = await inspectFile(files, file)
  const [found] = modules
  if (found === undefined) throw new Fault('input', `the module in ${file} is not right`, { findings: [...findings] })
  return found
}

/** Text of an example, or of a file; `input` with all findings when it is no definition. */
export async function readSource(files: Files, source: string): Promise<{ readonly text: string; readonly module: InstalledModule }> {
  const example = examples[source]
  const file = example === undefined ? source : fileURLToPath(example)
  const text = await files.read(file)
  return { text, module: readDefinition(text, source) }
}

/** Schemas of the settings of all installed modules, by their names. */
export async function settingsSchemas(
  files: Files,
  stateDirectory: string,
  target?: 'draft-7',
): Promise<Record<string, ReturnType<typeof configJsonSchema>>> {
  const { modules } = await readModules(files, stateDirectory)
  return Object.fromEntries(modules.map(({ definition }) => [definition.name, configJsonSchema(definition, target)]))
}
