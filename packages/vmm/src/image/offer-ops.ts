/** Operations on images as a whole: which there are, here and elsewhere; fetching, giving away and clearing up. */
import { dirname, resolve } from 'node:path'
import { z } from 'zod'
import { Fault } from '@imp/kit/base/fault.ts'
import { VersionedName } from '@imp/kit/base/schema.ts'
import { count, table } from '@imp/kit/base/text.ts'
import { formatBytes } from '@imp/kit/base/units.ts'
import { temporaryBeside } from '@imp/kit/host/temporary.ts'
import { operation, planned, type AnyOperation } from '@imp/kit/op/operation.ts'
import type { VmmContext } from '../context.ts'
import { CatalogueImage, pullOffer, readCatalogues } from './catalogue.ts'
import { Image, imageFile } from './model.ts'
import { Build, buildImage, orderOf } from './order.ts'
import { findRemovable, removeAll } from './prune.ts'
import { digestOf, recipeNames, recipes } from './recipe.ts'
import { images } from './store.ts'
import { viewImage, viewImages } from './views.ts'

/** An image that can be fetched or built. */
const Offer = z.strictObject({
  name: VersionedName,
  summary: z.string(),
  /** Where it comes from: an address, or Debian's packages. */
  from: z.string(),
  /** Bytes, where they are known. */
  size: z.int().optional(),
  /** Whether it is here already. */
  here: z.boolean(),
})
type Offer = z.output<typeof Offer>

/** Catalogues come before recipes: whoever names one means it. */
async function offersOf(context: VmmContext): Promise<Offer[]> {
  const here = new Set(await images(context.host, context.paths).names())
  const offered = (await readCatalogues(context)).map(({ name, summary, url, size }) => ({ name, summary, from: url, size }))
  const named = new Set(offered.map(({ name }) => name))
  const built = recipeNames
    .filter((name) => !named.has(name))
    .map((name) => ({ name, summary: recipes[name].summary, from: 'Debian packages' }))
  return [...offered, ...built].map((each) => ({ ...each, here: here.has(each.name) }))
}

function viewOffers(offers: readonly Offer[]): string {
  const rows = offers.map(({ name, size, here, summary }) => [
    name,
    size === undefined ? '-' : formatBytes(size),
    here ? 'yes' : 'no',
    summary,
  ])
  return table([['NAME', 'SIZE', 'HERE', 'WHAT IT IS'], ...rows]).join('\n')
}

const list = operation<VmmContext>()({
  path: ['image', 'list'],
  summary: 'List the images that machines can be made from',
  effect: 'read',
  input: z.strictObject({ remote: z.boolean().default(false).describe('those that vmm image pull can get') }),
  output: z.array(z.union([Image, Offer])),
  examples: ['vmm image list', 'vmm image list --remote', 'vmm image list --json'],
  run: (context, { remote }): Promise<(Image | Offer)[]> => (remote ? offersOf(context) : images(context.host, context.paths).all()),
  view: (all) => {
    if (all.length === 0) return `No images yet. vmm image build makes one; recipes: ${recipeNames.join(', ')}.`
    const offers = all.filter((each) => 'here' in each)
    return offers.length > 0 ? viewOffers(offers) : viewImages(all.filter((each) => 'digest' in each))
  },
})

const completeOffer = async (context: VmmContext): Promise<string[]> => (await offersOf(context)).map(({ name }) => name)

const pull = operation<VmmContext>()({
  path: ['image', 'pull'],
  summary: 'Fetch an image, or build it where only its packages are offered',
  description:
    'Looks in the catalogues that image_catalogs of the settings names: JSON documents of images, each with its SHA-256. What is in none of them is built from Debian packages, from the mirrors that apt uses here.',
  effect: 'write',
  args: ['name'],
  short: { force: 'f' },
  input: z.strictObject({
    name: VersionedName.optional().describe('name of the image; the one that vmm create takes unless told'),
    force: z.boolean().default(false).describe('fetch it although it is here'),
  }),
  output: Image,
  examples: ['vmm image pull', 'vmm image pull router'],
  complete: { name: completeOffer },
  async run(context, { name: told, force }) {
    const name = told ?? context.config.settings.image.value
    const offer = (await readCatalogues(context)).find((each) => each.name === name)
    if (offer !== undefined) {
      const summary = `fetch the image ${name} from ${offer.url}, ${formatBytes(offer.size)}`
      planned(context, [{ kind: 'image.pull', summary, disruption: 'none', data: { name, url: offer.url } }])
      return pullOffer(context, offer, force)
    }
    if (!recipeNames.some((recipe) => recipe === name)) {
      throw new Fault('not-found', `no catalogue offers an image ${name}`, { hint: 'vmm image list --remote, or vmm image import' })
    }
    const order = await orderOf(context, Build.parse({ name, force }))
    const found = await images(context.host, context.paths).find(name)
    if (found?.inputs === digestOf(order) && !force) return found
    const summary = `build the image ${name} from Debian ${order.release}`
    planned(context, [{ kind: 'image.build', summary, disruption: 'none', data: { name, order } }])
    return buildImage(context, name, order, force)
  },
  view: viewImage,
})

const exportOperation = operation<VmmContext>()({
  path: ['image', 'export'],
  summary: 'Write the file of an image, to be offered in a catalogue',
  description:
    'The file is a squashfs. What is printed with --json is its entry in a catalogue, with an address beside that of the catalogue.',
  effect: 'write',
  args: ['name', 'file'],
  short: { force: 'f' },
  input: z.strictObject({
    name: VersionedName.describe('name of the image'),
    file: z
      .string()
      .regex(/^[^\0\n]{1,4096}$/, 'must be a path')
      .describe('where to write it')
      .meta({ examples: ['./web.squashfs'] }),
    force: z.boolean().default(false).describe('replace a file that is there'),
  }),
  output: CatalogueImage,
  examples: ['vmm image export web ./web.squashfs'],
  complete: { name: ({ host, paths }) => images(host, paths).names() },
  async run(context, { name, file, force }) {
    const { host, paths, signal } = context
    const image = await images(host, paths).get(name)
    const target = resolve(file)
    if (!force && (await host.files.stat(target)) !== undefined) {
      throw new Fault('conflict', `${target} is there already`, { hint: '--force replaces it' })
    }
    planned(context, [
      { kind: 'image.export', summary: `write the image ${name} to ${target}`, disruption: 'none', data: { name, target } },
    ])
    const temporary = await temporaryBeside(target)
    try {
      await host.run(['cp', '--reflink=auto', '--', imageFile(paths.data, image.digest), temporary], { timeout: 3_600_000, signal })
      await host.run(['chmod', '644', temporary])
      await host.files.rename(temporary, target)
    } finally {
      await host.files.remove(temporary)
    }
    const { architecture, digest, size, start } = image
    const url = target.slice(dirname(target).replace(/\/$/, '').length + 1)
    return {
      name,
      summary: '',
      architecture,
      url,
      sha256: digest,
      size,
      format: 'squashfs' as const,
      ...(start === undefined ? {} : { start }),
    }
  },
  view: ({ name, url, size, sha256 }) => `Wrote the image ${name} to ${url}, ${formatBytes(size)}, sha256:${sha256}.`,
})

const Removed = z.strictObject({ kind: z.enum(['leftover', 'download', 'image']), name: z.string(), size: z.int() })

const prune = operation<VmmContext>()({
  path: ['image', 'prune'],
  summary: 'Take away what killed commands and broken downloads left',
  effect: 'destroy',
  input: z.strictObject({ all: z.boolean().default(false).describe('also images that no machine was made from') }),
  output: z.strictObject({ removed: z.array(Removed), bytes: z.int() }),
  examples: ['vmm image prune', 'vmm image prune --all --dry-run'],
  async run(context, { all }) {
    const removable = await findRemovable(context, all)
    const steps = removable.map(({ kind, name, size }) => ({
      kind: 'image.prune',
      summary: `remove the ${kind} ${name}, ${formatBytes(size)}`,
      disruption: 'none' as const,
      data: { kind, name },
    }))
    planned(context, steps)
    const removed = (await removeAll(context, removable)).map(({ kind, name, size }) => ({ kind, name, size }))
    return { removed, bytes: removed.reduce((sum, { size }) => sum + size, 0) }
  },
  view: ({ removed, bytes }) =>
    removed.length === 0 ? 'Nothing to take away.' : `Took away ${count(removed.length, 'thing')}, ${formatBytes(bytes)}.`,
})

export const offerOperations: readonly AnyOperation<VmmContext>[] = [list, pull, exportOperation, prune]
