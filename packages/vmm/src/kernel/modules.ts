/** Which modules the initrd of a kernel needs, from what depmod found out. */

/** Modules for the way to the root and for the devices of machines; those that a kernel has built in are left out. */
export const initrdModules = [
  'virtio_mmio',
  'virtio_pci',
  'virtio_blk',
  'virtio_net',
  'virtio_rng',
  'virtio_console',
  'virtio_balloon',
  'virtiofs',
  'vmw_vsock_virtio_transport',
  'ext4',
  'crc32c_generic',
  'squashfs',
  'overlay',
] as const

/** The modules that each module file needs, nearest first, by path below lib/modules/RELEASE (modules.dep(5)). */
export type Dependencies = ReadonlyMap<string, readonly string[]>

export function parseDependencies(text: string): Dependencies {
  return new Map(
    text.split('\n').flatMap((line) => {
      const colon = line.indexOf(':')
      if (colon < 0) return []
      const needed = line.slice(colon + 1).trim()
      return [[line.slice(0, colon), needed === '' ? [] : needed.split(' ')] as const]
    }),
  )
}

/** Name of the module in a file: modules are called with `_` whatever their files are called, and may be compressed. */
export function moduleName(path: string): string {
  return path
    .slice(path.lastIndexOf('/') + 1)
    .replace(/\.ko(\.(gz|xz|zst))?$/, '')
    .replaceAll('-', '_')
}

/** The files of the named modules and of all that they need, sorted. */
export function selectModules(dependencies: Dependencies, names: readonly string[]): string[] {
  const wanted = new Set(names)
  const roots = [...dependencies.keys()].filter((path) => wanted.has(moduleName(path)))
  return [...new Set(roots.flatMap((path) => [path, ...(dependencies.get(path) ?? [])]))].toSorted()
}

/** Path of the module when it is stored uncompressed. */
export function plainPath(path: string): string {
  return path.replace(/\.ko\.(gz|xz|zst)$/, '.ko')
}

/** modules.dep for an initrd that holds only these files, uncompressed. */
export function renderDependencies(dependencies: Dependencies, paths: readonly string[]): string {
  return paths
    .map((path) => `${plainPath(path)}:${(dependencies.get(path) ?? []).map((needed) => ` ${plainPath(needed)}`).join('')}\n`)
    .join('')
}
