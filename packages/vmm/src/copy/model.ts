/** Where files are copied from and to: a path here, or one in a machine. Pure. */
import { posix } from 'node:path'
import { Fault } from '@imp/kit/base/fault.ts'

export interface Place {
  /** The machine; undefined for this computer. */
  readonly machine: string | undefined
  readonly path: string
}

/** `NAME:PATH`, or a path of this computer; one with a colon in it begins with `/` or `.`, as for scp(1). */
export function readPlace(word: string): Place {
  const match = /^([a-z0-9][a-z0-9-]*):(.*)$/s.exec(word)
  if (match === null) return { machine: undefined, path: word }
  const [, machine, path = ''] = match
  return { machine, path: path === '' ? '.' : path }
}

/** The last name of a path; `input` where it has none. */
export function baseOf(path: string): string {
  const base = posix.basename(posix.normalize(path))
  if (base === '' || base === '.' || base === '..' || base === '/')
    throw new Fault('input', `${JSON.stringify(path)} does not name what to copy`, { hint: 'end it with the name of a file or directory' })
  return base
}

/** The two ends of one copy; `input` unless exactly one of them is in a machine. */
export function readPlaces(
  source: string,
  destination: string,
): { readonly machine: string; readonly from: string; readonly to: string; readonly into: boolean } {
  const [from, to] = [readPlace(source), readPlace(destination)]
  if (from.machine !== undefined && to.machine === undefined) return { machine: from.machine, from: from.path, to: to.path, into: false }
  if (from.machine === undefined && to.machine !== undefined) return { machine: to.machine, from: from.path, to: to.path, into: true }
  throw new Fault('input', 'one of both must be in a machine, and the other here', {
    hint: 'vmm cp FILE NAME:/PATH, or vmm cp NAME:/PATH FILE',
  })
}
