/** The entry of a module in a configuration: made, switched and given other settings. Pure. */
import type { RouterConfigInput } from '../config/model.ts'

type Entry = NonNullable<RouterConfigInput['modules']>[number]

export function entryOf({ modules = [] }: RouterConfigInput, name: string): Entry | undefined {
  return modules.find((each) => each.name === name)
}

/** The document with the entry changed; one that is not there is made, behind the others. */
export function withEntry(document: RouterConfigInput, name: string, change: (entry: Entry) => Entry): RouterConfigInput {
  const { modules = [] } = document
  const index = modules.findIndex((each) => each.name === name)
  const changed = change(modules[index] ?? { name })
  return { ...document, modules: index < 0 ? [...modules, changed] : modules.with(index, changed) }
}
