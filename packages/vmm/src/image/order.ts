/** From what is asked for to an image that is built from Debian packages, once, whole. */
import { join, resolve } from 'node:path'
import { z } from 'zod'
import { VersionedName } from '@imp/kit/base/schema.ts'
import { withLock } from '@imp/kit/host/lock.ts'
import type { VmmContext } from '../context.ts'
import { checkPackages, findMirrors } from './apt.ts'
import { buildRoot, digestOfFile } from './build.ts'
import { imagesDirectory, type Image } from './model.ts'
import { digestOf, recipeFor, recipeNames, type Order } from './recipe.ts'
import { defaultRelease, Mirror, Release } from './sources.ts'
import { images, publishImage } from './store.ts'

/** Milliseconds that one command waits for another that builds the same image. */
const patience = 3_600_000

/** Debian's rules for package names (Debian Policy 5.6.1). */
const PackageName = z.string().regex(/^[a-z0-9][a-z0-9+.-]+$/, 'must be the name of a Debian package')

/** `host:guest`, the last colon divides. */
const FileMapping = z
  .string()
  .regex(/^[^\0\n]+:\/[^\0\n:]+$/, 'must be HOST:GUEST, a path of this machine and an absolute path of the guest')
  .refine(
    (text) =>
      !text
        .slice(text.lastIndexOf(':') + 1)
        .split('/')
        .includes('..'),
    'must not hold ".." in the path of the guest',
  )
  .meta({ examples: ['./motd:/etc/motd'] })

export const Build = z.strictObject({
  name: VersionedName.describe('what to call it; the name of a recipe chooses that recipe'),
  recipe: z.enum(recipeNames).optional().describe('what to start from'),
  packages: z.array(PackageName).default([]).describe('a Debian package to add'),
  files: z.array(FileMapping).default([]).describe('a file or directory to add, HOST:GUEST; it will belong to root'),
  release: Release.default(defaultRelease).describe('Debian release'),
  mirror: Mirror.optional(),
  force: z.boolean().default(false).describe('build it although it has been built from the same'),
})

/** What the input asks for, with this computer's architecture and mirrors. */
export async function orderOf({ host }: VmmContext, input: z.output<typeof Build>): Promise<Order> {
  const { stdout: architecture } = await host.query(['dpkg', '--print-architecture'])
  const files = await Promise.all(
    input.files.map(async (text) => {
      const colon = text.lastIndexOf(':')
      const source = resolve(text.slice(0, colon))
      return { source, target: text.slice(colon + 1), digest: await digestOfFile(host, source) }
    }),
  )
  const { release, packages } = input
  const mirrors = await findMirrors(host, input.mirror)
  return { recipe: input.recipe ?? recipeFor(input.name), release, architecture, mirrors, packages, files }
}

/** Builds beside and publishes whole, under the image's lock: a second command that asks for the same finds it done. */
export async function buildImage(context: VmmContext, name: string, order: Order, force: boolean): Promise<Image> {
  const { host, paths } = context
  const directory = imagesDirectory(paths.data)
  const inputs = digestOf(order)
  const begun = host.clock.now()
  return withLock(host.clock, join(directory, `.${name}.lock`), { what: `the image ${name}`, timeout: patience }, async () => {
    const former = await images(host, paths).find(name)
    const fresh = former !== undefined && former.inputs === inputs && (!force || former.created >= begun.toISOString())
    if (fresh) return former
    const work = join(directory, `.${name}.building`)
    await host.files.remove(work)
    // Others must be able to pass through: apt fetches as a user of its own.
    await host.files.makeDirectory(work, { mode: 0o755 })
    try {
      await checkPackages(context, order, order.packages)
      const { path, ...built } = await buildRoot(context, order, work)
      const { recipe, release, architecture } = order
      const image: Image = {
        name,
        recipe,
        release,
        architecture,
        ...built,
        packages: [...built.packages],
        inputs,
        created: host.clock.now().toISOString(),
      }
      await publishImage(context, path, image)
      return image
    } finally {
      await host.files.remove(work)
    }
  })
}
