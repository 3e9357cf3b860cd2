/** The default kernel, fetched from Debian. */
import { join } from 'node:path'
import { reported } from '@imp/kit/base/events.ts'
import { Fault } from '@imp/kit/base/fault.ts'
import type { VmmContext } from '../context.ts'
import { assemble, making } from './assemble.ts'
import { defaultKernel, type Kernel } from './model.ts'
import type { KernelParts } from './parts.ts'
import { findKernel } from './store.ts'

/** Fetches Debian's cloud kernel; keeps one that is there, unless forced. */
export async function fetchKernel(context: VmmContext, parts: KernelParts, force: boolean): Promise<Kernel> {
  const { host, paths, report } = context
  const name = defaultKernel
  return making(context, name, async (work) => {
    const found = await findKernel(host, paths, name)
    if (found !== undefined && !force) return found
    const tree = join(work, 'package')
    const wanted = `linux-image-cloud-${await parts.architecture()}*`
    const linux = await reported(report, 'fetch the Debian cloud kernel', () => parts.unpackPackage(wanted, tree))
    return reported(report, `take in ${linux.name} ${linux.version}`, async () => {
      const file = (await host.files.list(join(tree, 'boot'))).find((each) => each.startsWith('vmlinuz-'))
      if (file === undefined) throw new Fault('not-found', `the package ${linux.name} holds no kernel`)
      const source = { kind: 'package', package: linux.name, version: linux.version } as const
      return assemble(context, parts, { name, source, file: join(tree, 'boot', file), tree })
    })
  })
}
