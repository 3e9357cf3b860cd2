/** Kernels on disk: `<data>/kernels/<name>/` with kernel.json, vmlinux, drivers.cpio, modules.squashfs and an initrd. */
import { join } from 'node:path'
import { Fault } from '@imp/kit/base/fault.ts'
import { nearest } from '@imp/kit/base/text.ts'
import type { Host } from '@imp/kit/host/host.ts'
import { withLock } from '@imp/kit/host/lock.ts'
import { findDocument } from '@imp/kit/store/document.ts'
import type { VmmPaths } from '../context.ts'
import { kernelDocument, type Kernel } from './model.ts'

export function kernelsDirectory(paths: VmmPaths): string {
  return join(paths.data, 'kernels')
}

/** Paths of one kernel; names must have been checked. */
export function kernelPaths(paths: VmmPaths, name: string) {
  const directory = join(kernelsDirectory(paths), name)
  return {
    directory,
    document: join(directory, 'kernel.json'),
    vmlinux: join(directory, 'vmlinux'),
    drivers: join(directory, 'drivers.cpio'),
    modules: join(directory, 'modules.squashfs'),
    lock: join(kernelsDirectory(paths), `.${name}.lock`),
    /** Where the next one is made; what a killed command left there is taken away by the next. */
    building: join(kernelsDirectory(paths), `.${name}.building`),
    /** The former one while it is being replaced. */
    former: join(kernelsDirectory(paths), `.${name}.former`),
  }
}

export async function findKernel(host: Host, paths: VmmPaths, name: string): Promise<Kernel | undefined> {
  return findDocument(host, kernelDocument, kernelPaths(paths, name).document)
}

export async function listKernels(host: Host, paths: VmmPaths): Promise<Kernel[]> {
  if ((await host.files.stat(kernelsDirectory(paths))) === undefined) return []
  const names = (await host.files.list(kernelsDirectory(paths))).filter((name) => !name.startsWith('.'))
  const found = await Promise.all(names.map((name) => findKernel(host, paths, name)))
  return found.filter((kernel) => kernel !== undefined)
}

/** A `not-found` fault with the nearest name when there is no such kernel. */
export async function getKernel(host: Host, paths: VmmPaths, name: string): Promise<Kernel> {
  const found = await findKernel(host, paths, name)
  if (found !== undefined) return found
  const close = nearest(
    name,
    (await listKernels(host, paths)).map((kernel) => kernel.name),
  )
  // Where baremetalvmm keeps its kernels.
  const former = join(paths.data, 'images', 'kernels', name)
  const isFormer = (await host.files.stat(former))?.kind === 'file'
  throw new Fault('not-found', `there is no kernel ${JSON.stringify(name)}`, {
    hint: isFormer
      ? `vmm kernel import ${former} --name ${name}`
      : close === undefined
        ? 'vmm kernel list shows those that exist'
        : `did you mean ${close}?`,
  })
}

/** Puts the directory `made` in place of the kernel. To be called under the lock, after `restore`. */
export async function publish(host: Host, paths: VmmPaths, name: string, made: string): Promise<void> {
  const { directory, former } = kernelPaths(paths, name)
  if ((await host.files.stat(directory)) !== undefined) await host.files.rename(directory, former)
  await host.files.rename(made, directory)
  await host.files.remove(former)
}

/**
 * Takes away what a killed command left. A kernel that was being replaced and has no successor comes back; one that was being deleted
 * comes back as well, which is the safe one of the two.
 */
export async function restore(host: Host, paths: VmmPaths, name: string): Promise<void> {
  const { directory, building, former } = kernelPaths(paths, name)
  await host.files.remove(building)
  if ((await host.files.stat(former)) === undefined) return
  if ((await host.files.stat(directory)) === undefined) await host.files.rename(former, directory)
  else await host.files.remove(former)
}

export async function deleteKernel(host: Host, paths: VmmPaths, name: string): Promise<void> {
  const { directory, former, lock } = kernelPaths(paths, name)
  await withLock(host.clock, lock, { what: `the kernel ${name}` }, async () => {
    await host.files.rename(directory, former)
    await host.files.remove(former)
  })
}
