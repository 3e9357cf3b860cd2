/** The modules of a kernel: found, indexed and packed. Runs nothing of what it is given. */
import { join } from 'node:path'
import type { Host } from '@imp/kit/host/host.ts'
import { Fault } from '@imp/kit/base/fault.ts'
import type { Drivers } from './parts.ts'
import { initrdModules, parseDependencies, renderDependencies, selectModules } from './modules.ts'

/** The modules of one kernel: `directory` is lib/modules/RELEASE. */
export interface ModuleTree {
  readonly directory: string
  readonly release: string
}

/** Finds lib/modules/RELEASE in an unpacked package (before or after the merge of /usr); undefined when there is none. */
export async function findModules(host: Host, root: string): Promise<ModuleTree | undefined> {
  for (const library of ['lib', 'usr/lib']) {
    const parent = join(root, library, 'modules')
    if ((await host.files.stat(parent)) === undefined) continue
    const [release, ...others] = await host.files.list(parent)
    if (release === undefined || others.length > 0) throw new Fault('input', `${parent} must hold the modules of one kernel`)
    return { directory: join(parent, release), release }
  }
  return undefined
}

/** Lets depmod write modules.dep and modules.alias, by which modprobe finds modules. */
export async function indexModules(host: Host, tree: ModuleTree): Promise<void> {
  const base = tree.directory.slice(0, -`/lib/modules/${tree.release}`.length)
  await host.run(['depmod', `--basedir=${base}`, tree.release], { timeout: 120_000 })
}

/** A read-only disk with the whole tree at its top. lz4 takes more room than zstd and far less time in the guest. */
export async function packModules(host: Host, tree: ModuleTree, output: string): Promise<void> {
  const options = ['-comp', 'lz4', '-all-root', '-noappend', '-no-xattrs', '-quiet', '-no-progress'] as const
  await host.run(['mksquashfs', tree.directory, output, ...options], { timeout: 300_000 })
}

/** Which modules go into the initrd. */
export async function selectDrivers(host: Host, tree: ModuleTree): Promise<Drivers> {
  const dependencies = parseDependencies(await host.files.read(join(tree.directory, 'modules.dep')))
  const paths = selectModules(dependencies, initrdModules)
  return { ...tree, paths, dependencies: renderDependencies(dependencies, paths) }
}

/** The directory must be called after the kernel's release, as modprobe looks for it. `build` and `source` lead out of it. */
export async function copyModules(host: Host, directory: string, tree: string): Promise<void> {
  if ((await host.files.stat(join(directory, 'kernel')))?.kind !== 'directory')
    throw new Fault('input', `${directory} holds no modules`, { hint: 'give a directory such as /lib/modules/6.1.0' })
  const parent = join(tree, 'lib', 'modules')
  await host.files.makeDirectory(parent)
  await host.run(['cp', '--recursive', '--no-dereference', '--preserve=links', '--', directory, parent], { timeout: 300_000 })
  const release = directory.slice(directory.lastIndexOf('/') + 1)
  for (const link of ['build', 'source']) await host.files.remove(join(parent, release, link))
}
