/** Kernels built from source: where the source comes from, and a place that a build which failed goes on in. */
import { basename, join } from 'node:path'
import { asFault, Fault } from '@imp/kit/base/fault.ts'
import type { VmmContext } from '../context.ts'
import { assemble, making } from './assemble.ts'
import { compileKernel, isVersion, versionOf } from './compile.ts'
import type { Kernel } from './model.ts'
import type { KernelParts } from './parts.ts'
import { buildPlace } from './prune.ts'
import { openSource, type SourceWish } from './source.ts'

/** The source in words, before it is known which of two it will be. */
export function originOf(wish: SourceWish): string {
  if (wish.from === 'debian') return `linux-source-${wish.version} of Debian or the release of Linux`
  if (wish.from === 'upstream') return 'the release of Linux'
  if (wish.from === 'download') return wish.url
  return wish.from === 'tarball' ? basename(wish.path) : wish.path
}

/** Makes the place for a build; what was built there from something else is taken away. */
async function claim({ host }: VmmContext, place: string, wish: object): Promise<void> {
  const mark = join(place, 'wish.json')
  const said = JSON.stringify(wish)
  if ((await host.files.stat(mark)) === undefined || (await host.files.read(mark)) !== said) await host.files.remove(place)
  await host.files.makeDirectory(place, { mode: 0o755 })
  await host.files.write(mark, said)
}

/** What another attempt goes on from: a program or a connection failed. Sources that are not the right ones never will be. */
function isWorthKeeping(error: unknown): boolean {
  return ['exec', 'timeout', 'busy', 'failed', 'missing-program'].includes(asFault(error).code)
}

async function build(context: VmmContext, parts: KernelParts, place: string, name: string, version: string, wish: SourceWish) {
  const { tree, origin } = await openSource(context, parts, wish, join(place, 'source'))
  const found = await versionOf(context, tree)
  if (!isVersion(found, version)) throw new Fault('input', `${origin} is Linux ${found}, not ${version}`)
  const { file } = await compileKernel(context, tree, join(place, 'output'), await parts.architecture())
  return assemble(context, parts, { name, source: { kind: 'build', version: found, origin }, file })
}

/**
 * Builds in a place that stays when a build fails or is killed, so that the same command goes on from there; whoever cancels it, or
 * gives the wrong source, leaves nothing. Another source begins anew.
 */
export async function buildKernel(
  context: VmmContext,
  parts: KernelParts,
  name: string,
  version: string,
  wish: SourceWish,
): Promise<Kernel> {
  const { host, paths, signal } = context
  const place = buildPlace(paths.cache, name)
  return making(context, name, async () => {
    try {
      await claim(context, place, { version, ...wish })
      const kernel = await build(context, parts, place, name, version, wish)
      await host.files.remove(place)
      return kernel
    } catch (error) {
      if (signal.aborted || !isWorthKeeping(error)) await host.files.remove(place)
      throw error
    }
  })
}
