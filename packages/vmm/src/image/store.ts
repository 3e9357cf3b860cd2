/** Images on disk: `<data>/images/<name>.json` says what each is, `<data>/images/files/<digest>.squashfs` are their files. */
import { join } from 'node:path'
import type { Host } from '@imp/kit/host/host.ts'
import { withLock } from '@imp/kit/host/lock.ts'
import { collection, type Collection } from '@imp/kit/store/collection.ts'
import type { VmmContext, VmmPaths } from '../context.ts'
import { Image, imageDocument, imageFile, imagesDirectory } from './model.ts'
import { machinesUsing } from './use.ts'

export function images(host: Host, paths: VmmPaths): Collection<typeof Image> {
  return collection(host, imageDocument, { directory: imagesDirectory(paths.data), noun: 'image', listCommand: 'vmm image list' })
}

/** Names of the machines that were made from an image. */
export function usersOf({ host, paths }: VmmContext, name: string): Promise<string[]> {
  return machinesUsing(host, paths.data, (uses) => uses.image === name)
}

/** Under a lock of its own: between the two steps of one command the sweep of another would take the file for left over. */
function withFiles<T>({ host, paths }: VmmContext, action: () => Promise<T>): Promise<T> {
  const lock = join(imagesDirectory(paths.data), '.files.lock')
  return withLock(host.clock, lock, { what: 'the files of images', timeout: 60_000 }, action)
}

/**
 * Takes away every file that no image means any more and no machine has a writable layer for: those of images that were deleted or
 * built anew, and those that a killed command left.
 */
async function sweep({ host, paths }: VmmContext): Promise<void> {
  const directory = join(imagesDirectory(paths.data), 'files')
  if ((await host.files.stat(directory)) === undefined) return
  const meant = new Set((await images(host, paths).all()).map((image) => image.digest))
  for (const file of await host.files.list(directory)) {
    const digest = file.replace(/\.squashfs$/, '')
    if (meant.has(digest)) continue
    const users = await machinesUsing(host, paths.data, (uses) => uses.imageDigest === digest)
    if (users.length === 0) await host.files.remove(join(directory, file))
  }
}

/** Puts a built file in place and makes the image's name mean it. */
export async function publishImage(context: VmmContext, built: string, image: Image): Promise<void> {
  const { host, paths } = context
  await withFiles(context, async () => {
    await host.files.makeDirectory(join(imagesDirectory(paths.data), 'files'))
    await host.run(['chmod', '444', built])
    await host.files.rename(built, imageFile(paths.data, image.digest))
    await images(host, paths).put(image.name, image)
    await sweep(context)
  })
}

export async function deleteImage(context: VmmContext, name: string): Promise<void> {
  await withFiles(context, async () => {
    await images(context.host, context.paths).remove(name)
    await sweep(context)
  })
}
