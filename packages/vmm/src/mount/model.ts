/** Directories of this computer that a machine has as disks of their own. */
import { z } from 'zod'
import { FilePath } from '@imp/kit/base/schema.ts'

/** What the guest calls it: it is mounted at /mnt/<tag>. */
export const MountTag = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/, 'must have only letters, digits, "-" and "_", beginning with a letter or digit')
  .meta({ examples: ['code'] })

export const Mount = z.strictObject({
  /** Directory of this computer. */
  path: FilePath,
  tag: MountTag,
  readOnly: z.boolean(),
})
export type Mount = z.output<typeof Mount>

/** `PATH:TAG`, `PATH:TAG:ro` or `PATH:TAG:rw`; the path may have colons itself. */
export const MountWord = z
  .string()
  .regex(/^[^\0\n]+:[^:/\0\n]+(:(ro|rw))?$/, 'must be PATH:TAG, PATH:TAG:ro or PATH:TAG:rw')
  .meta({ examples: ['/srv/site:site:ro'] })

/** The parts of a `MountWord`; `resolve` makes the path absolute. */
export function readMount(word: string, resolve: (path: string) => string): z.input<typeof Mount> {
  const found = /^(.+?):([^:]+?)(?::(ro|rw))?$/s.exec(word)
  const [, path = '', tag = '', access] = found ?? []
  return { path: resolve(path), tag, readOnly: access === 'ro' }
}

/** Mounts that one machine may have: letters of disks are no limit here, devices of engines are (`Features.maxDevices`). */
export const maximumMounts = 8

/** Label of the disk of the machine's mount at this place, from 0: what the guest finds it by (at most 16 bytes in ext4). */
export function mountLabel(index: number): string {
  return `vmm-mount-${index + 1}`
}

/** Where the guest has it. */
export function mountPoint(tag: string): string {
  return `/mnt/${tag}`
}
