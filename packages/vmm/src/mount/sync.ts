/** What a machine changed in a mount, against what this computer changed meanwhile: decided by three trees, pure. */
import { isChanged, type Tree } from './tree.ts'

export interface Changes {
  /** New or changed by the machine, to be copied here. */
  readonly copy: readonly string[]
  /** Taken away by the machine, still here as they were. */
  readonly remove: readonly string[]
  /** Changed or taken away on both sides, each in its own way. */
  readonly conflicts: readonly string[]
}

function* ancestorsOf(path: string): Generator<string> {
  for (let slash = path.lastIndexOf('/'); slash > 0; slash = path.lastIndexOf('/', slash - 1)) yield path.slice(0, slash)
}

/**
 * Directories of the machine with something for us in them, where we have something else meanwhile: what is written into a link would land
 * where it leads.
 */
function inTheWay(paths: readonly string[], ours: Tree): string[] {
  const above = new Set(paths.flatMap((path) => [...ancestorsOf(path)]))
  return [...above].filter((path) => !['directory', undefined].includes(ours.get(path)?.kind) && !paths.includes(path))
}

/** `base` is what the disk was filled with, `theirs` what is on it now, `ours` what the directory holds now. */
export function compareTrees(base: Tree, theirs: Tree, ours: Tree): Changes {
  const copy: string[] = []
  const remove: string[] = []
  const conflicts: string[] = []
  for (const path of [...new Set([...base.keys(), ...theirs.keys()])].toSorted()) {
    const [before, there, here] = [base.get(path), theirs.get(path), ours.get(path)]
    if (!isChanged(before, there)) continue
    // Both made the same of it.
    if (!isChanged(there, here)) continue
    if (isChanged(before, here)) conflicts.push(path)
    else if (there === undefined) remove.push(path)
    else copy.push(path)
  }
  conflicts.push(...inTheWay([...copy, ...conflicts], ours))
  return { copy, remove, conflicts: conflicts.toSorted() }
}
