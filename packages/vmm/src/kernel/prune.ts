/** Takes away what builds that failed keep to go on from, and what killed commands left beside the kernels. */
import { join } from 'node:path'
import { asFault } from '@imp/kit/base/fault.ts'
import { withLock } from '@imp/kit/host/lock.ts'
import type { VmmContext } from '../context.ts'
import { kernelPaths, kernelsDirectory, restore } from './store.ts'

export interface Leftover {
  /** `build`: a source tree and what was compiled of it; `leftover`: half a kernel. */
  readonly kind: 'build' | 'leftover'
  /** The kernel that was to be made. */
  readonly name: string
  readonly path: string
  /** Bytes. */
  readonly size: number
}

/** Where the build of a kernel lies until it has succeeded. */
export function buildPlace(cache: string, name: string): string {
  return join(cache, 'kernel-builds', name)
}

async function namesIn({ host }: VmmContext, directory: string): Promise<string[]> {
  return (await host.files.stat(directory)) === undefined ? [] : host.files.list(directory)
}

async function sizeOf({ host }: VmmContext, path: string): Promise<number> {
  const { stdout } = await host.query(['du', '--summarize', '--bytes', path], { timeout: 300_000 })
  return Number(stdout.split('\t')[0])
}

/** What could go now. What a running command works with is among it: `removeLeftovers` leaves that alone. */
export async function findLeftovers(context: VmmContext): Promise<Leftover[]> {
  const { paths } = context
  const builds = (await namesIn(context, buildPlace(paths.cache, '.'))).map((name) => {
    return { kind: 'build' as const, name, path: buildPlace(paths.cache, name) }
  })
  const halves = (await namesIn(context, kernelsDirectory(paths))).flatMap((file) => {
    const name = /^\.(.+)\.(?:building|former)$/.exec(file)?.[1]
    return name === undefined ? [] : [{ kind: 'leftover' as const, name, path: join(kernelsDirectory(paths), file) }]
  })
  return Promise.all([...builds, ...halves].map(async (each) => ({ ...each, size: await sizeOf(context, each.path) })))
}

/** Removes what is not being worked with, and returns it. A kernel that was set aside and has no successor comes back. */
export async function removeLeftovers({ host, paths }: VmmContext, all: readonly Leftover[]): Promise<Leftover[]> {
  const removed: Leftover[] = []
  for (const each of all) {
    const { lock } = kernelPaths(paths, each.name)
    try {
      await withLock(host.clock, lock, { what: `the kernel ${each.name}`, timeout: 0 }, async () => {
        await restore(host, paths, each.name)
        if (each.kind === 'build') await host.files.remove(each.path)
      })
      removed.push(each)
    } catch (error) {
      // Somebody works with it: then it is needed.
      if (asFault(error).code !== 'busy') throw error
    }
  }
  return removed
}
