/** Takes away what nobody needs: what killed commands left, downloads that were never finished, and, when asked, images without machines. */
import { join } from 'node:path'
import { asFault } from '@imp/kit/base/fault.ts'
import { withLock } from '@imp/kit/host/lock.ts'
import type { VmmContext } from '../context.ts'
import { imageFile, imagesDirectory } from './model.ts'
import { deleteImage, images, usersOf } from './store.ts'

export interface Removable {
  readonly kind: 'leftover' | 'download' | 'image'
  readonly name: string
  readonly path: string
  /** While it is held, somebody works with it. */
  readonly lock: string
  /** Bytes. */
  readonly size: number
}

async function sizeOf({ host }: VmmContext, path: string): Promise<number> {
  const { stdout } = await host.query(['du', '--summarize', '--bytes', path], { timeout: 60_000 })
  return Number(stdout.split('\t')[0])
}

async function namesIn({ host }: VmmContext, directory: string, pattern: RegExp): Promise<string[]> {
  if ((await host.files.stat(directory)) === undefined) return []
  return (await host.files.list(directory)).filter((name) => pattern.test(name))
}

/** What could go now. What a running command works with is among it: `removeAll` leaves that alone. */
export async function findRemovable(context: VmmContext, all: boolean): Promise<Removable[]> {
  const { host, paths } = context
  const directory = imagesDirectory(paths.data)
  const downloads = join(paths.cache, 'oci')
  const leftovers = (await namesIn(context, directory, /^\..+\.building$/)).map((file) => {
    const name = file.slice(1, -'.building'.length)
    return { kind: 'leftover' as const, name, path: join(directory, file), lock: join(directory, `.${name}.lock`) }
  })
  const fetched = (await namesIn(context, downloads, /^[0-9a-f]+$/)).map((name) => {
    const path = join(downloads, name)
    return { kind: 'download' as const, name, path, lock: `${path}.lock` }
  })
  const sized = await Promise.all([...leftovers, ...fetched].map(async (each) => ({ ...each, size: await sizeOf(context, each.path) })))
  if (!all) return sized
  const unused = await Promise.all(
    (await images(host, paths).all()).map(async ({ name, digest, size }) => {
      if ((await usersOf(context, name)).length > 0) return []
      return [{ kind: 'image' as const, name, path: imageFile(paths.data, digest), lock: join(directory, `.${name}.lock`), size }]
    }),
  )
  return [...sized, ...unused.flat()]
}

async function removeOne(context: VmmContext, each: Removable): Promise<boolean> {
  const { host } = context
  try {
    return await withLock(host.clock, each.lock, { what: each.name, timeout: 0 }, async () => {
      if (each.kind !== 'image') await host.files.remove(each.path)
      else if ((await usersOf(context, each.name)).length > 0) return false
      else await deleteImage(context, each.name)
      return true
    })
  } catch (error) {
    // Somebody works with it: then it is needed.
    if (asFault(error).code === 'busy') return false
    throw error
  }
}

/** Removes what is not being worked with, and returns it. */
export async function removeAll(context: VmmContext, removable: readonly Removable[]): Promise<Removable[]> {
  const removed: Removable[] = []
  for (const each of removable) if (await removeOne(context, each)) removed.push(each)
  return removed
}
