/** Disks of one machine: a sparse ext4 of its own, empty or with a copy of its image. Appear whole or not at all. */
import { dirname } from 'node:path'
import { z } from 'zod'
import { Fault } from '@imp/kit/base/fault.ts'
import { FilePath } from '@imp/kit/base/schema.ts'
import type { Host } from '@imp/kit/host/host.ts'
import { stepKind } from '@imp/kit/plan/step.ts'

const DiskData = z.strictObject({
  path: FilePath,
  /** MiB. */
  size: z.int().min(1),
  /** What the guest finds it by. */
  label: z.string().max(16),
  /** squashfs image to copy into it; stays empty unless told. */
  image: FilePath.optional(),
})
type DiskData = z.output<typeof DiskData>

/** Filling a large file system, or inflating an image, on a slow disk. */
const timeout = 600_000

/** Names of what a crash may leave behind. */
function leftovers(path: string): string[] {
  return [`${path}.tmp`, `${path}.tree`]
}

async function clear(host: Host, path: string): Promise<void> {
  for (const each of leftovers(path)) await host.files.remove(each)
}

/** mke2fs(8): no reserved blocks, and tables that the guest writes when it needs them, so that the file stays sparse. */
async function makeFileSystem(host: Host, path: string, { label, size }: DiskData, tree: string | undefined): Promise<void> {
  await host.run(['truncate', `--size=${size}M`, path])
  const from = tree === undefined ? [] : ['-d', tree]
  const options = ['-q', '-F', '-t', 'ext4', '-m', '0', '-E', 'lazy_itable_init=1,lazy_journal_init=1,nodiscard', '-L', label]
  await host.run(['mke2fs', ...options, ...from, path], { timeout })
}

async function unpack(host: Host, image: string, tree: string): Promise<void> {
  const { stdout } = await host.query(['id', '-u'])
  if (stdout !== '0') {
    throw new Fault('denied', 'only root can copy an image with the owners of its files', {
      hint: 'use --disk-mode overlay, or run as root',
    })
  }
  await host.run(['unsquashfs', '-quiet', '-no-progress', '-dest', tree, image], { timeout })
}

/** Whether a program failed over ENOSPC: all that is known of it is what it says. */
function isFull(error: unknown): error is Fault {
  return error instanceof Fault && error.code === 'exec' && /no space left on device/i.test(error.detail ?? '')
}

function fullDisk(path: string, cause: Fault): Fault {
  return new Fault('state', `cannot make ${path}: no space left on the file system`, {
    hint: `free some space (df -h ${dirname(path)})`,
    detail: cause.detail,
    cause,
  })
}

async function makeDisk(host: Host, data: DiskData): Promise<void> {
  const { path, image } = data
  if ((await host.files.stat(path)) !== undefined) return
  await clear(host, path)
  const [temporary = '', tree = ''] = leftovers(path)
  // Permissions first: what the guest writes is nobody else's business.
  await host.files.write(temporary, '', { mode: 0o600 })
  try {
    if (image !== undefined) await unpack(host, image, tree)
    await makeFileSystem(host, temporary, data, image === undefined ? undefined : tree)
    await host.files.rename(temporary, path)
  } catch (error) {
    throw isFull(error) ? fullDisk(path, error) : error
  } finally {
    await clear(host, path)
  }
}

/** Planned only when the disk is not there yet: undoing takes it away. */
export const diskStep = stepKind({
  kind: 'vmm.disk',
  schema: DiskData,
  do: makeDisk,
  async undo(host, { path }) {
    await clear(host, path)
    await host.files.remove(path)
  },
})
