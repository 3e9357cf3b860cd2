/** What host and guest agree on: words of the kernel command line, labels of disks, the line that says ready. */

/** Printed once on the console, alone on its line, when the guest accepts ssh. */
export const readyMarker = 'vmm: ready'

/** Printed on the console before a reason, when the guest cannot come up. */
export const failedMarker = 'vmm: failed:'

/**
 * Labels of ext4 disks (`mke2fs -L`). The guest finds its disks by them and by what is on them, never by order;
 * an unlabelled ext4 disk is taken only when it is the only candidate.
 */
export const diskLabels = { writable: 'vmm-writable', root: 'vmm-root' } as const

/** `overlay`: read-only squashfs image below a writable ext4 disk. `disk`: the guest owns an ext4 root. */
export type RootMode = 'overlay' | 'disk'

export interface BootOptions {
  readonly root: RootMode
  /** Program that becomes the guest's init, an absolute path in the image; the image's own init, or ours, unless told. */
  readonly init?: string
  /** Whether the guest asks the engine's metadata service what cloud-init shall do (guest/metadata.sh). */
  readonly metadata?: boolean
}

/** The words of the kernel command line that our init in the initrd reads. */
export function bootArguments(options: BootOptions): string[] {
  const words = [options.init === undefined ? [] : [`vmm.init=${options.init}`], options.metadata === true ? ['vmm.metadata=mmds'] : []]
  return [`vmm.root=${options.root}`, ...words.flat(), 'net.ifnames=0']
}
