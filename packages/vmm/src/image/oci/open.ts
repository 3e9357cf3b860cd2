/** Finds out what the name of an image means, and opens it: a registry, an OCI directory or archive, an archive of Docker's, or a tar archive. */
import { join, resolve } from 'node:path'
import { z } from 'zod'
import { Fault } from '@imp/kit/base/fault.ts'
import { parse } from '@imp/kit/base/schema.ts'
import type { Host } from '@imp/kit/host/host.ts'
import { readStream } from '@imp/kit/host/streams.ts'
import { openDockerArchive } from './docker-archive.ts'
import type { Limits } from './layer.ts'
import { openLayout, openLayoutArchive } from './layout.ts'
import { pullImage, type Mirror, type PullContext } from './pull.ts'
import { Reference } from './reference.ts'
import type { Credentials } from './credentials.ts'
import type { Source } from './source.ts'
import { unpackFile, unpackLayers } from './unpack.ts'

/** What to import from, as people write it. */
export type Origin =
  | { readonly kind: 'registry'; readonly reference: Reference }
  | { readonly kind: 'docker-archive' | 'oci' | 'oci-archive' | 'tar'; readonly path: string; readonly tag?: string }

const prefixes = ['docker-archive', 'oci-archive', 'oci', 'tar'] as const

/** `PATH:TAG` unless the whole is a path that there is: both may hold colons. */
async function splitTag(host: Host, text: string): Promise<{ path: string; tag?: string }> {
  const whole = resolve(text)
  if ((await host.files.stat(whole)) !== undefined) return { path: whole }
  for (let colon = text.indexOf(':', 1); colon !== -1; colon = text.indexOf(':', colon + 1)) {
    const path = resolve(text.slice(0, colon))
    if ((await host.files.stat(path)) !== undefined) return { path, tag: text.slice(colon + 1) }
  }
  throw new Fault('not-found', `there is no file or directory ${whole}`)
}

/** A path is a tar archive, or an OCI directory when it has what marks one (image specification, image-layout.md). */
async function originAt(host: Host, text: string): Promise<Origin> {
  const { path, tag } = await splitTag(host, text)
  const marked = (await host.files.stat(join(path, 'oci-layout'))) !== undefined
  return { kind: marked ? 'oci' : 'tar', path, ...(tag === undefined ? {} : { tag }) }
}

/** Says what a source is. Throws `input` for what is no source, `not-found` for a path where nothing is. */
export async function readOrigin(host: Host, text: string): Promise<Origin> {
  const prefix = prefixes.find((each) => text.startsWith(`${each}:`) && text.length > each.length + 1)
  if (prefix !== undefined) return { kind: prefix, ...(await splitTag(host, text.slice(prefix.length + 1))) }
  if (/^\.{0,2}\//.test(text)) return originAt(host, text)
  // Such names are names of images too; where there is such a file, it is meant.
  if (/\.(tar(\.\w+)?|tgz)$/.test(text) && (await host.files.stat(resolve(text))) !== undefined) return originAt(host, text)
  const name = z.object({ source: Reference }).safeParse({ source: text })
  if (!name.success && (await host.files.stat(resolve(text))) !== undefined) return originAt(host, text)
  return { kind: 'registry', reference: parse(z.strictObject({ source: Reference }), { source: text }, 'image import').source }
}

export interface OpenOptions {
  /** In Go's words: `amd64`. */
  readonly architecture: string
  /** Directory for what is downloaded. */
  readonly blobs: string
  readonly limits: Limits
  readonly insecure: boolean
  readonly credentials?: Credentials
  readonly mirrors?: readonly Mirror[]
}

/** A plain archive is an image of one layer of which nothing more is known. */
async function openTar(host: Host, path: string): Promise<Source> {
  if ((await host.files.stat(path))?.kind === 'directory') {
    throw new Fault('input', `${path} is a directory and no OCI image`, { hint: 'pack it with: tar --numeric-owner --xattrs' })
  }
  return { name: `tar:${path}`, layers: [{ name: path, open: () => readStream(path) }] }
}

/** Archives of images are read in place, which a compressed one does not allow. */
async function plainArchive(context: PullContext, path: string, { blobs, limits }: OpenOptions): Promise<string> {
  const unpacked = join(blobs, 'archive.tar')
  return (await unpackFile(context, path, unpacked, limits)) ? unpacked : path
}

async function open(context: PullContext, origin: Origin, options: OpenOptions): Promise<Source> {
  const { architecture, blobs, limits, ...registry } = options
  if (origin.kind === 'registry') return pullImage(context, origin.reference, blobs, { ...registry, architecture, most: limits.bytes })
  const { kind, path, tag } = origin
  if (kind === 'oci') return openLayout(context.host, path, tag, architecture)
  if (kind === 'tar') return openTar(context.host, path)
  const archive = await plainArchive(context, path, options)
  if (kind === 'docker-archive') return openDockerArchive(archive, tag, architecture)
  return openLayoutArchive(archive, `${kind}:${path}`, tag, architecture)
}

/** Opens an image; from a registry, fetches it first. */
export async function openSource(context: PullContext, origin: Origin, options: OpenOptions): Promise<Source> {
  const source = await open(context, origin, options)
  return { ...source, layers: await unpackLayers(context, source.layers, options.blobs, options.limits) }
}
