/** The folder of the drop-ins: read as a whole, never written. */
import { join } from 'node:path'
import { Fault } from '@imp/kit/base/fault.ts'
import type { Files } from '@imp/kit/host/host.ts'
import { OverrideName, overrideKinds, overrideSuffixes, type Override, type OverrideKind, type Overrides } from './model.ts'

/** Bytes of one file; FRR and nft take minutes for more. */
const largest = 1024 * 1024

/** Names in the folder of a kind. Hidden files, and those that end otherwise (what editors leave behind), are not meant. */
async function namesIn(files: Files, directory: string, kind: OverrideKind): Promise<string[]> {
  const folder = join(directory, kind)
  if ((await files.stat(folder)) === undefined) return []
  const suffix = overrideSuffixes[kind]
  const found = (await files.list(folder)).filter((each) => !each.startsWith('.') && each.endsWith(suffix))
  return found.map((each) => each.slice(0, -suffix.length))
}

async function readOverride(files: Files, directory: string, kind: OverrideKind, name: string): Promise<Override> {
  const path = join(directory, kind, `${name}${overrideSuffixes[kind]}`)
  if (!OverrideName.safeParse(name).success)
    throw new Fault('input', `${path}: ${name} is not a name for a drop-in`, { hint: 'use letters, digits, "_" and "-", at most 31' })
  const stat = await files.stat(path)
  if (stat?.kind !== 'file') throw new Fault('input', `${path} is not a plain file`, { hint: 'put the file itself there' })
  if (stat.size > largest) throw new Fault('input', `${path} is larger than ${largest} bytes`, { hint: 'split it, or leave it out' })
  return { kind, name, text: await files.read(path) }
}

/** All drop-ins, by kind and then by name; none when there is no folder. `input` faults for files that cannot be drop-ins. */
export async function readOverrides(files: Files, directory: string): Promise<Overrides> {
  const found: Override[] = []
  for (const kind of overrideKinds)
    for (const name of await namesIn(files, directory, kind)) found.push(await readOverride(files, directory, kind, name))
  return found
}
