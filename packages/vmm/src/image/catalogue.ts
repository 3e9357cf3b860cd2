/** Lists of images that can be fetched: JSON documents at addresses that the settings name, each image with its checksum. */
import { createHash } from 'node:crypto'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import { Fault } from '@imp/kit/base/fault.ts'
import { parse, parseJson, VersionedName } from '@imp/kit/base/schema.ts'
import { withLock } from '@imp/kit/host/lock.ts'
import type { VmmContext } from '../context.ts'
import { verifyFile } from './build.ts'
import { download, get } from './download.ts'
import { importImage, withDownloads } from './import.ts'
import { imagesDirectory, type Image } from './model.ts'
import { shortText } from './oci/ask.ts'
import { maximumDocument, platformArchitecture } from './oci/manifest.ts'
import { Start } from './start.ts'
import { images, publishImage } from './store.ts'

export const CatalogueImage = z.strictObject({
  name: VersionedName,
  summary: z.string().max(200).default(''),
  /** In Go's words: `amd64`. */
  architecture: z.string(),
  /** Where its file is; may be relative to the address of the catalogue. */
  url: z.string().min(1),
  sha256: z.string().regex(/^[0-9a-f]{64}$/, 'must be a SHA-256 checksum'),
  /** Bytes. */
  size: z.int().min(1),
  /** `squashfs` as `vmm image export` writes it, or a tar archive of a root file system, compressed or not. */
  format: z.enum(['squashfs', 'tar']),
  start: Start.optional(),
})
export type CatalogueImage = z.output<typeof CatalogueImage>

const Catalogue = z.strictObject({ schema: z.literal('vmm.catalogue'), version: z.literal(1), images: z.array(CatalogueImage).max(10_000) })

async function readDocument(context: VmmContext, address: string): Promise<string> {
  if (address.startsWith('/')) return context.host.files.read(address)
  const text = await shortText(await get(context, address), address, maximumDocument)
  if (text === undefined) throw new Fault('input', `the catalogue ${address} is longer than ${maximumDocument} bytes`)
  return text
}

/** An address beside that of the catalogue. */
function beside(address: string, url: string): string {
  if (/^https?:\/\//.test(url)) return url
  return address.startsWith('/') ? resolve(address, '..', url) : new URL(url, address).href
}

/** All images of all catalogues that fit this computer, the first of each name. */
export async function readCatalogues(context: VmmContext): Promise<CatalogueImage[]> {
  const addresses = context.config.file.image_catalogs ?? []
  const architecture = platformArchitecture(process.arch)
  const all = await Promise.all(
    addresses.map(async (address) => {
      const { images: offered } = parse(Catalogue, parseJson(await readDocument(context, address), address), address)
      return offered.map((each) => ({ ...each, url: beside(address, each.url) }))
    }),
  )
  const fitting = all.flat().filter((each) => each.architecture === architecture)
  return [...new Map(fitting.toReversed().map((each) => [each.name, each])).values()].toReversed()
}

async function publish(context: VmmContext, offer: CatalogueImage, path: string): Promise<Image> {
  const { host } = context
  const built = await verifyFile(host, path)
  const image: Image = {
    name: offer.name,
    source: offer.url,
    sourceDigest: `sha256:${offer.sha256}`,
    ...(offer.start === undefined ? {} : { start: offer.start }),
    architecture: offer.architecture,
    packages: [],
    ...built,
    inputs: offer.sha256,
    created: host.clock.now().toISOString(),
  }
  await publishImage(context, path, image)
  return image
}

/** The archive is known by the address that it came from, not by where it lay meanwhile. */
async function importOffer(context: VmmContext, offer: CatalogueImage, path: string): Promise<Image> {
  const { name, url, sha256 } = offer
  const image = await importImage(context, { name, origin: { kind: 'tar', path }, start: 'auto', insecure: false, force: true })
  const named: Image = { ...image, source: url, sourceDigest: `sha256:${sha256}` }
  await images(context.host, context.paths).put(name, named)
  return named
}

/** Fetches an image of a catalogue; the one that is there is returned when it is the same. */
export async function pullOffer(context: VmmContext, offer: CatalogueImage, force: boolean): Promise<Image> {
  const { host, paths } = context
  const { name } = offer
  const key = createHash('sha256').update(offer.sha256).digest('hex').slice(0, 16)
  const directory = join(paths.cache, 'oci', key)
  const lock = { what: `the image ${name}`, timeout: 7_200_000 }
  const former = await images(host, paths).find(name)
  if (former?.sourceDigest === `sha256:${offer.sha256}` && !force) return former
  if (former !== undefined && former.source !== offer.url && !force) {
    throw new Fault('conflict', `there is an image ${name} already, which came from elsewhere`, { hint: '--force replaces it' })
  }
  return withLock(host.clock, `${directory}.lock`, lock, () =>
    withDownloads(context, directory, async () => {
      const { url, size, sha256 } = offer
      const path = await download(context, { what: name, url, size, sha256 }, directory)
      if (offer.format === 'tar') return importOffer(context, offer, path)
      return withLock(host.clock, join(imagesDirectory(paths.data), `.${name}.lock`), lock, () => publish(context, offer, path))
    }),
  )
}
