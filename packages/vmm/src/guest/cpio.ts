/**
 * Archives that the Linux kernel unpacks as its first root: cpio in the format `newc` (Linux, driver-api/early-userspace/
 * buffer-format). Owners and devices are numbers in headers, so nothing needs root or mknod. Same entries, same bytes.
 */

export type CpioEntry =
  | { readonly kind: 'directory'; readonly path: string; readonly mode?: number }
  | { readonly kind: 'file'; readonly path: string; readonly mode?: number; readonly content: string | Uint8Array }
  | { readonly kind: 'link'; readonly path: string; readonly target: string }
  | { readonly kind: 'device'; readonly path: string; readonly mode?: number; readonly major: number; readonly minor: number }

/** File type bits and default permissions of each kind (stat(2) and inode(7)). */
const types = { directory: 0o040000, file: 0o100000, link: 0o120000, device: 0o020000 } as const
const permissions = { directory: 0o755, file: 0o644, link: 0o777, device: 0o600 } as const

function contentOf(entry: CpioEntry): Buffer {
  if (entry.kind === 'file') return Buffer.from(entry.content)
  return entry.kind === 'link' ? Buffer.from(entry.target) : Buffer.alloc(0)
}

function modeOf(entry: CpioEntry): number {
  const mode = 'mode' in entry ? entry.mode : undefined
  return types[entry.kind] | (mode ?? permissions[entry.kind])
}

/** Header fields are eight hexadecimal digits each. */
function header(inode: number, mode: number, size: number, device: readonly [number, number], nameSize: number): string {
  const fields = [inode, mode, 0, 0, 1, 0, size, 0, 0, ...device, nameSize, 0]
  return `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`
}

/** Zeros up to the next multiple of four bytes. */
export function padding(length: number): Buffer {
  return Buffer.alloc((4 - (length % 4)) % 4)
}

function record(name: string, inode: number, mode: number, device: readonly [number, number], content: Buffer): Buffer[] {
  const head = Buffer.from(`${header(inode, mode, content.length, device, Buffer.byteLength(name) + 1)}${name}\0`)
  return [head, padding(head.length), content, padding(content.length)]
}

/** The entries with a directory before everything that lies in one, each path once: a later entry replaces an earlier one. */
function withParents(entries: readonly CpioEntry[]): CpioEntry[] {
  const all = new Map<string, CpioEntry>()
  for (const entry of entries) {
    const words = entry.path.split('/')
    if (words.some((word) => word === '' || word === '.' || word === '..'))
      throw new RangeError(`${entry.path} is not a plain relative path`)
    for (let depth = 1; depth < words.length; depth += 1) {
      const path = words.slice(0, depth).join('/')
      if (!all.has(path)) all.set(path, { kind: 'directory', path })
    }
    all.set(entry.path, entry)
  }
  return [...all.values()]
}

/** The archive of the entries, a multiple of four bytes long so that another may follow it. Paths are relative, without `.`. */
export function archive(entries: readonly CpioEntry[]): Buffer {
  const records = withParents(entries).flatMap((entry, index) => {
    const device: [number, number] = entry.kind === 'device' ? [entry.major, entry.minor] : [0, 0]
    return record(entry.path, index + 1, modeOf(entry), device, contentOf(entry))
  })
  return Buffer.concat([...records, ...record('TRAILER!!!', 0, 0, [0, 0], Buffer.alloc(0))])
}
