/** An image: a read-only squashfs file system that machines share, and what is known of it. */
import { join } from 'node:path'
import { z } from 'zod'
import { VersionedName } from '@imp/kit/base/schema.ts'
import type { DocumentKind } from '@imp/kit/store/document.ts'
import { Start } from './start.ts'

export const ImagePackage = z.strictObject({ name: z.string(), version: z.string() })

export const Image = z.strictObject({
  name: VersionedName,
  /** What it was built by; only of images that were built here. */
  recipe: z.string().optional(),
  /** Debian release: `bookworm`; only of images that were built here. */
  release: z.string().optional(),
  /** What it was imported from: `debian:12`, `oci:/srv/web`; only of images that were imported. */
  source: z.string().optional(),
  /** Digest of the manifest that it was imported from, where it had one. */
  sourceDigest: z.string().optional(),
  /** How guests start; the image's own init, or ours where it has none, unless told. */
  start: Start.optional(),
  architecture: z.string(),
  packages: z.array(ImagePackage),
  /** Bytes of the squashfs file. */
  size: z.int(),
  /** SHA-256 of the squashfs file. */
  digest: z.string(),
  /** SHA-256 of everything that the image was made from, as far as it was asked for. */
  inputs: z.string(),
  created: z.iso.datetime(),
})
export type Image = z.output<typeof Image>

export const imageDocument = { schema: 'vmm.image', version: 1, fields: Image } satisfies DocumentKind<typeof Image>

/** What a machine needs of an image. */
export interface ImageDisk {
  readonly name: string
  /** Absolute path of the disk. */
  readonly path: string
  readonly format: 'squashfs'
  /** SHA-256 of the disk. */
  readonly digest: string
  /** Bytes. */
  readonly size: number
}

export function imagesDirectory(data: string): string {
  return join(data, 'images')
}

/** Where the disk with a digest lies. A name may come to mean another disk, a digest never does. */
export function imageFile(data: string, digest: string): string {
  return join(imagesDirectory(data), 'files', `${digest}.squashfs`)
}
