/** What is in a directory: enough to size a file system for it and to see what has changed since. */
import { z } from 'zod'
import { Fault } from '@imp/kit/base/fault.ts'
import type { Host } from '@imp/kit/host/host.ts'

export const Entry = z.strictObject({
  kind: z.enum(['file', 'directory', 'link', 'other']),
  /** Bytes. */
  size: z.int().min(0),
  /** Seconds since 1970, with their fraction as far as the file system keeps it. */
  modified: z.number(),
  /** Of a link: where it leads. */
  target: z.string().optional(),
})
export type Entry = z.output<typeof Entry>

/** By path below the directory; the directory itself is left out. */
export type Tree = ReadonlyMap<string, Entry>

const kinds: Readonly<Record<string, Entry['kind']>> = { f: 'file', d: 'directory', l: 'link' }

/** Walking a large directory on a slow disk. */
const timeout = 300_000

/** Reads a directory (find(1), -printf; names end with NUL, since anything else may be in them). */
export async function readTree(host: Host, directory: string): Promise<Tree> {
  if ((await host.files.stat(directory))?.kind !== 'directory') {
    throw new Fault('not-found', `${directory} is no directory of this computer`, { hint: 'a mount needs a directory that exists' })
  }
  const { stdout } = await host.query(['find', directory, '-mindepth', '1', '-printf', '%y %s %T@ %P\\0%l\\0'], { timeout })
  const fields = stdout.split('\0')
  return new Map(
    Array.from({ length: Math.floor(fields.length / 2) }, (_, index): [string, Entry] => {
      const [line = '', target = ''] = fields.slice(2 * index, 2 * index + 2)
      const [kind = '', size = '', modified = ''] = line.split(' ', 3)
      const path = line.slice(kind.length + size.length + modified.length + 3)
      const entry = { kind: kinds[kind] ?? 'other', size: Number(size), modified: Number(modified) }
      return [path, kind === 'l' ? { ...entry, target } : entry]
    }),
  )
}

/** Whether the content may be another: what rsync and make go by. Directories are compared by what is in them. */
export function isChanged(before: Entry | undefined, after: Entry | undefined): boolean {
  if (before === undefined || after === undefined) return before !== after
  if (before.kind !== after.kind) return true
  // A link has no time of its own that would survive copying.
  if (before.kind === 'link') return before.target !== after.target
  return before.kind !== 'directory' && (before.size !== after.size || Math.abs(before.modified - after.modified) >= 1)
}
