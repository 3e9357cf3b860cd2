/** Makes the directory of a kernel from the file that is shipped and its modules, under its lock, and puts it in place whole. */
import { join } from 'node:path'
import { Fault } from '@imp/kit/base/fault.ts'
import { withLock } from '@imp/kit/host/lock.ts'
import { writeDocument } from '@imp/kit/store/document.ts'
import type { VmmContext } from '../context.ts'
import { readConfiguration } from './configuration.ts'
import { extractKernel, releaseOf } from './extract.ts'
import { kernelDocument, type Architecture, type Kernel } from './model.ts'
import { findModules, indexModules, packModules, selectDrivers } from './module-tree.ts'
import { missingOptions } from './options.ts'
import type { KernelParts } from './parts.ts'
import { kernelPaths, publish, restore } from './store.ts'

/** Milliseconds that one command waits for another that makes the same kernel. */
export const patience = 1_800_000

export interface Ingredients {
  readonly name: string
  readonly source: Kernel['source']
  /** The kernel as it is shipped. */
  readonly file: string
  /** Directory in which lib/modules lies; it is changed. */
  readonly tree?: string
}

/** Refuses a kernel that tells what it was built with and lacks what machines need; one that does not tell is taken at its word. */
async function requireOptions({ report }: VmmContext, vmlinux: string, file: string, architecture: Architecture, modules: boolean) {
  const configuration = await readConfiguration(vmlinux)
  if (configuration === undefined) {
    const text = `${file} does not tell its options (CONFIG_IKCONFIG): whether machines boot it is seen when one starts`
    return report({ event: 'log', level: 'info', text })
  }
  const missing = missingOptions(configuration, architecture, modules)
  if (missing.length === 0) return undefined
  const detail = missing.map((name) => `CONFIG_${name}=${configuration.get(name) ?? 'n'}`).join('\n')
  const isModule = missing.every((name) => configuration.get(name) === 'm')
  throw new Fault('unsupported', `${file} is a kernel that machines cannot use: it lacks ${missing.join(', ')}`, {
    hint: isModule ? 'give its modules as well: --modules DIRECTORY' : 'vmm kernel build makes one that has all of it',
    detail,
  })
}

/** Makes the kernel at `building` and puts it in place. To be called by `making`. */
export async function assemble(context: VmmContext, parts: KernelParts, ingredients: Ingredients): Promise<Kernel> {
  const { host, paths } = context
  const { name, source, file } = ingredients
  const { building } = kernelPaths(paths, name)
  const made = kernelPaths({ ...paths, data: join(building, 'made') }, name)
  await host.files.makeDirectory(made.directory)
  const architecture = await extractKernel(host, file, made.vmlinux)
  const own = await parts.architecture()
  if (architecture !== own) throw new Fault('unsupported', `${file} is a kernel for ${architecture}, and this machine is ${own}`)
  const tree = ingredients.tree === undefined ? undefined : await findModules(host, ingredients.tree)
  // Debian's is known to do, with its modules, and does not tell.
  if (source.kind !== 'package') await requireOptions(context, made.vmlinux, file, architecture, tree !== undefined)
  if (tree !== undefined) {
    await indexModules(host, tree)
    await packModules(host, tree, made.modules)
  }
  const selected = tree === undefined ? { directory: '', release: '', paths: [], dependencies: '' } : await selectDrivers(host, tree)
  await host.files.write(made.drivers, await parts.packDrivers(selected))
  const release = tree?.release ?? (await releaseOf(made.vmlinux))
  const kernel: Kernel = {
    name,
    ...(release === undefined ? {} : { release }),
    architecture,
    source,
    size: (await host.files.stat(made.vmlinux))?.size ?? 0,
    digest: (await host.query(['sha256sum', made.vmlinux])).stdout.slice(0, 64),
    modules: tree !== undefined,
    created: host.clock.now().toISOString(),
  }
  await writeDocument(host, kernelDocument, made.document, kernel)
  await publish(host, paths, name, made.directory)
  return kernel
}

/** Runs `make` under the kernel's lock in a clean place, and leaves nothing of it behind. */
export async function making(context: VmmContext, name: string, make: (work: string) => Promise<Kernel>): Promise<Kernel> {
  const { host, paths } = context
  const { lock, building } = kernelPaths(paths, name)
  return withLock(host.clock, lock, { what: `the kernel ${name}`, timeout: patience }, async () => {
    await restore(host, paths, name)
    try {
      return await make(building)
    } finally {
      await host.files.remove(building)
    }
  })
}
