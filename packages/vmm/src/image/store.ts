/** Images on disk: `<data>/images/<name>.json` says what each is, `<data>/images/files/<digest>.squashfs` are their files. */
import { join } from 'node:path'
import type { Host } from '@imp/kit/host/host.ts'
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

/** Puts a built file in place and makes the image's name mean it. */
export async function publishImage(context: VmmContext, built: string, image: Image): Promise<void> {
  const { host, paths } = context
  const target = imageFile(paths.data, image.digest)
  await host.files.makeDirectory(join(imagesDirectory(paths.data), 'files'))
  await host.run(['chmod', '444', built])
  await host.files.rename(built, target)
  await images(host, paths).put(image.name, image)
}

/**
 * Takes away files that no image means any more. A rebuilt image's former file stays while machines made from that image exist: their
 * writable layers belong to it.
 */
export async function sweepFiles(context: VmmContext, name: string, former: string | undefined): Promise<void> {
  const { host, paths } = context
  if (former === undefined) return
  const meant = (await images(host, paths).all()).some((image) => image.digest === former)
  if (meant || (await usersOf(context, name)).length > 0) return
  await host.files.remove(imageFile(paths.data, former))
}
