/** Operations on images, and `getImage`, by which machines get theirs. */
import { join } from 'node:path'
import { z } from 'zod'
import { Fault } from '@imp/kit/base/fault.ts'
import { FilePath, VersionedName } from '@imp/kit/base/schema.ts'
import { count, table } from '@imp/kit/base/text.ts'
import { withLock } from '@imp/kit/host/lock.ts'
import { operation, planned, type AnyOperation } from '@imp/kit/op/operation.ts'
import type { VmmContext } from '../context.ts'
import { readOrigin } from './oci/open.ts'
import { importImage, originName, type ImportOrder } from './import.ts'
import { Image, imageFile, imagesDirectory, type ImageDisk } from './model.ts'
import { Build, buildImage, orderOf } from './order.ts'
import { offerOperations } from './offer-ops.ts'
import { digestOf, packagesOf, recipeNames, recipes } from './recipe.ts'
import { images, deleteImage, usersOf } from './store.ts'
import { wishes } from './start.ts'
import { viewImage } from './views.ts'

/** The disk of an image; a `not-found` fault when there is no such image. */
export async function getImage({ host, paths }: VmmContext, name: string): Promise<ImageDisk> {
  const found = await images(host, paths).find(name)
  if (found === undefined && recipeNames.some((recipe) => recipe === name))
    throw new Fault('not-found', `there is no image ${name} yet`, { hint: `vmm image build ${name}` })
  const { digest, size } = found ?? (await images(host, paths).get(name))
  return { name, path: imageFile(paths.data, digest), format: 'squashfs', digest, size }
}

const completeName = ({ host, paths }: VmmContext): Promise<string[]> => images(host, paths).names()

const build = operation<VmmContext>()({
  path: ['image', 'build'],
  summary: 'Build an image from Debian packages',
  description: `Recipes: ${recipeNames.map((name) => `${name} (${recipes[name].summary})`).join(', ')}. An image that was built from the same is kept.`,
  effect: 'write',
  args: ['name'],
  flags: { packages: 'package', files: 'file' },
  short: { packages: 'p' },
  input: Build,
  output: Image,
  examples: ['vmm image build debian', 'vmm image build router', 'vmm image build web --package nginx-light --file ./site:/var/www/html'],
  complete: { name: () => recipeNames },
  async run(context, input) {
    const order = await orderOf(context, input)
    const found = await images(context.host, context.paths).find(input.name)
    if (found?.inputs === digestOf(order) && !input.force) return found
    const summary = `build the image ${input.name} from ${order.release} with ${count(packagesOf(order).length, 'package')} and what they need`
    planned(context, [{ kind: 'image.build', summary, disruption: 'none', data: { name: input.name, order } }])
    return buildImage(context, input.name, order, input.force)
  },
  view: viewImage,
})

const show = operation<VmmContext>()({
  path: ['image', 'show'],
  summary: 'Show what is in an image',
  effect: 'read',
  args: ['name'],
  input: z.strictObject({ name: VersionedName.describe('name of the image') }),
  output: Image,
  examples: ['vmm image show router', 'vmm image show router --json'],
  complete: { name: completeName },
  run: ({ host, paths }, { name }) => images(host, paths).get(name),
  view: (image) => [viewImage(image), '', ...table(image.packages.map(({ name, version }) => [name, version]))].join('\n'),
})

const remove = operation<VmmContext>()({
  path: ['image', 'delete'],
  aliases: [['image', 'rm']],
  summary: 'Delete an image',
  effect: 'destroy',
  args: ['name'],
  input: z.strictObject({ name: VersionedName.describe('name of the image') }),
  output: z.strictObject({ name: z.string() }),
  examples: ['vmm image delete web'],
  complete: { name: completeName },
  async run(context, { name }) {
    const { host, paths } = context
    await images(host, paths).get(name)
    const users = await usersOf(context, name)
    if (users.length > 0)
      throw new Fault('conflict', `the image ${name} is used by ${users.join(', ')}`, { hint: `vmm delete ${users[0]}, or keep the image` })
    planned(context, [{ kind: 'image.delete', summary: `delete the image ${name}`, disruption: 'none', data: { name } }])
    await withLock(host.clock, join(imagesDirectory(paths.data), `.${name}.lock`), { what: `the image ${name}` }, () =>
      deleteImage(context, name),
    )
    return { name }
  },
  view: ({ name }) => `Deleted the image ${name}.`,
})

const Import = z.strictObject({
  source: z
    .string()
    .regex(/^[^\0\n]{1,4096}$/, 'must be one line')
    .describe(
      'image of a registry, docker-archive:FILE[:NAME], oci:DIRECTORY[:TAG], oci-archive:FILE[:TAG], tar:FILE, or the path of a tar archive',
    )
    .meta({ examples: ['debian:12', 'ghcr.io/team/web@sha256:...', 'oci:./web:1', './root.tar.gz'] }),
  name: VersionedName.describe('what to call it'),
  size: z.int().min(1).max(16_777_216).optional().describe('MiB that its files may have; machines write to disks of their own'),
  start: z.enum(wishes).default('auto').describe("what starts in guests: the image's init, the command that it names, or only ssh"),
  user: z
    .string()
    .regex(/^[^:\0\n]+$/, 'must not hold a colon')
    .optional()
    .describe('name at the registry; the password is asked for, or read from --password-file'),
  passwordFile: FilePath.optional().describe('file with the password for --user; /dev/stdin reads standard input'),
  insecureRegistry: z.boolean().default(false).describe('speak to the registry without TLS'),
  force: z.boolean().default(false).describe('replace an image of that name that came from something else'),
})

/** The name and password that were told; undefined for those that are known from an earlier login. */
async function credentialsOf({ host, ask }: VmmContext, input: z.output<typeof Import>): Promise<ImportOrder['credentials']> {
  const { user, passwordFile } = input
  if (user === undefined) {
    if (passwordFile !== undefined) throw new Fault('input', 'a password needs a name', { hint: '--user NAME' })
    return undefined
  }
  if (passwordFile !== undefined) return { user, password: (await host.files.read(passwordFile)).replace(/\r?\n$/, '') }
  const reply = await ask?.secret({ message: `Password of ${user}` })
  if (reply?.reply === 'value') return { user, password: reply.value }
  throw new Fault('input', `the password of ${user} is missing`, { hint: '--password-file FILE' })
}

/** What another import or a build has made is not replaced unasked. */
async function requireFreeName({ host, paths }: VmmContext, name: string, source: string, force: boolean): Promise<void> {
  const former = await images(host, paths).find(name)
  if (former === undefined || former.source === source || force) return
  const from = former.source ?? `the recipe ${former.recipe}`
  throw new Fault('conflict', `there is an image ${name} already, made from ${from}`, {
    hint: '--force replaces it, or choose another --name',
  })
}

const importOperation = operation<VmmContext>()({
  path: ['image', 'import'],
  summary: 'Import an image of a registry or an archive, without Docker',
  description:
    'Layers are merged with their owners, links and capabilities and checked by their digests; device nodes in /dev and host keys of ssh are left out. An image without an init runs its command under the init of vmm; ssh and the console always work.',
  effect: 'write',
  args: ['source'],
  short: { force: 'f' },
  input: Import,
  output: Image,
  examples: [
    'vmm image import ubuntu:22.04 --name ubuntu-base',
    'vmm image import localhost:5000/team/web:1.4 --name web',
    'vmm image import docker-archive:./web.tar --name web --start command',
    'vmm image import ./alpine-minirootfs.tar.gz --name alpine',
  ],
  async run(context, input) {
    const { name, start, size, insecureRegistry: insecure, force } = input
    const origin = await readOrigin(context.host, input.source)
    const source = originName(origin)
    await requireFreeName(context, name, source, force)
    planned(context, [
      { kind: 'image.import', summary: `import the image ${name} from ${source}`, disruption: 'none', data: { name, source } },
    ])
    const credentials = await credentialsOf(context, input)
    return importImage(context, {
      name,
      origin,
      start,
      insecure,
      force,
      ...(size === undefined ? {} : { size: size * 2 ** 20 }),
      ...(credentials === undefined ? {} : { credentials }),
    })
  },
  view: viewImage,
})

export const operations: readonly AnyOperation<VmmContext>[] = [build, importOperation, ...offerOperations, show, remove]
