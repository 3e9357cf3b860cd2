/** A kernel that machines boot: an uncompressed image, the initrd that goes with it, and its modules. */
import { z } from 'zod'
import { VersionedName } from '@imp/kit/base/schema.ts'
import type { DocumentKind } from '@imp/kit/store/document.ts'

/** The kernel that is used when none is named; it is fetched from Debian when it is missing. */
export const defaultKernel = 'debian'

/** A version of Linux, or its series: `6.1`. */
export const LinuxVersion = z
  .string()
  .regex(/^[0-9]{1,2}\.[0-9]{1,3}(\.[0-9]{1,4})?$/, 'must be a version of Linux such as 6.1 or 6.1.100')
  .refine((text) => {
    const [major = 0, minor = 0] = text.split('.').map(Number)
    return major > 5 || (major === 5 && minor >= 10)
  }, 'must be 5.10 or later')
  .meta({ examples: ['6.1'] })

export const Architecture = z.enum(['amd64', 'arm64'])
export type Architecture = z.output<typeof Architecture>

export const Kernel = z.strictObject({
  name: VersionedName,
  /** What `uname -r` says; undefined for an imported kernel that does not tell. */
  release: z.string().optional(),
  architecture: Architecture,
  source: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('package'), package: z.string(), version: z.string() }),
    z.strictObject({ kind: z.literal('file'), path: z.string() }),
    z.strictObject({ kind: z.literal('build'), version: z.string(), origin: z.string() }),
  ]),
  /** Bytes of the uncompressed kernel. */
  size: z.int(),
  /** SHA-256 of the uncompressed kernel. */
  digest: z.string(),
  /** Whether a disk of modules belongs to it. */
  modules: z.boolean(),
  created: z.iso.datetime(),
})
export type Kernel = z.output<typeof Kernel>

export const kernelDocument = { schema: 'vmm.kernel', version: 1, fields: Kernel } satisfies DocumentKind<typeof Kernel>

/** What a machine needs of a kernel: absolute paths. */
export interface KernelFiles {
  readonly name: string
  readonly vmlinux: string
  readonly initrd: string
  /** A read-only squashfs disk of the kernel's modules; the guest recognises it by its content. */
  readonly modules?: string
}
