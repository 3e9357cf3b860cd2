/** Definitions of modules on their way into a change: read, judged together with the configuration, and remembered with it. */
import { join } from 'node:path'
import type { Finding } from '@imp/kit/base/fault.ts'
import type { Files } from '@imp/kit/host/host.ts'
import type { RouterConfig } from '../config/model.ts'
import { checkModuleSettings } from '../modules/check.ts'
import { inspectDefinition } from '../modules/definition.ts'
import { ModuleName, type InstalledModule } from '../modules/model.ts'
import { inspectFile, moduleFile } from '../modules/store.ts'
import { overridePlace, type Override, type Overrides } from '../overrides/model.ts'
import type { Target } from './target.ts'

/** The directory whose folder `modules` has the definitions for a target. */
function stateOf({ modulesState, stateDirectory }: Pick<Target, 'modulesState' | 'stateDirectory'>): string {
  return modulesState ?? stateDirectory
}

/** The definitions that the modules of a configuration have in a state directory; without those that are not there or not right. */
export async function readDefinitions(files: Files, stateDirectory: string, config: RouterConfig): Promise<Override[]> {
  const found: Override[] = []
  for (const { name } of config.modules) {
    const file = ModuleName.safeParse(name).success ? moduleFile(stateDirectory, name) : undefined
    if (file === undefined || (await files.stat(file))?.kind !== 'file') continue
    if ((await inspectFile(files, file)).modules.length > 0) found.push({ kind: 'module', name, text: await files.read(file) })
  }
  return found
}

/** What is wrong with the files that the modules of a configuration name. */
async function fileFindings({ local, ...target }: Target, config: RouterConfig): Promise<Finding[]> {
  const named = config.modules.filter(({ enabled, name }) => enabled && ModuleName.safeParse(name).success)
  const findings = await Promise.all(
    named.map(async ({ name }) => {
      const file = join(stateOf(target), 'modules', `${name}.yaml`)
      return (await local.files.stat(file)) === undefined ? [] : (await inspectFile(local.files, file)).findings
    }),
  )
  return findings.flat()
}

/** Those of the given files that define modules, with what they say. */
export function definitionsIn(overrides: Overrides): InstalledModule[] {
  return overrides.flatMap((each) => {
    if (each.kind !== 'module') return []
    const file = overridePlace(each)
    const { definition } = inspectDefinition(each.text, file)
    return definition === undefined ? [] : [{ definition, file }]
  })
}

/** The definitions for the modules of a configuration: the given ones, and those of the target for the others. */
export async function definitionsFor(target: Target, config: RouterConfig, given: Overrides): Promise<Override[]> {
  const known = given.filter(({ kind }) => kind === 'module')
  const read = await readDefinitions(target.local.files, stateOf(target), config)
  const wanted = [...known, ...read.filter(({ name }) => !known.some((each) => each.name === name))]
  return wanted.filter(({ name }) => config.modules.some((each) => each.name === name))
}

/** Everything that is wrong with the modules of a configuration on a target. */
export async function inspectModules(target: Target, config: RouterConfig, definitions: Overrides): Promise<Finding[]> {
  if (!config.modules.some(({ enabled }) => enabled)) return []
  const findings = checkModuleSettings(config, definitionsIn(definitions))
  return findings.length === 0 ? [] : [...(await fileFindings(target, config)), ...findings]
}
