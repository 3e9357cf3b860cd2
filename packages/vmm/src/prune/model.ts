/** What `vmm prune` takes away. */
import { z } from 'zod'

/**
 * `remains`: parts of a machine that is gone; `log`: a former log, kept beside the present one; `machine`: one that is stopped; `leftover`:
 * a file that a killed command was writing, or half an image; the others are of images.
 */
export const Unused = z.strictObject({
  kind: z.enum(['remains', 'log', 'machine', 'leftover', 'download', 'image']),
  name: z.string(),
  /** Bytes on the disk. */
  size: z.int(),
})
export type Unused = z.output<typeof Unused>

/** Name of the machine whose directory, sockets, mounts or run this is; undefined for what is not ours. */
export function idOf(file: string): string | undefined {
  return /^([0-9a-f]{8})(\.json)?$/.exec(file)?.[1]
}

/** Logs that a later one has replaced. */
export function isFormerLog(file: string): boolean {
  return /^[a-z]+\.log\.1$/.test(file)
}
