/** The disk of a mount: an ext4 file system filled from a directory, and read back, both without mounting anything and without root. */
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { Fault } from '@imp/kit/base/fault.ts'
import { FilePath } from '@imp/kit/base/schema.ts'
import type { Argv, Host } from '@imp/kit/host/host.ts'
import { stepKind } from '@imp/kit/plan/step.ts'
import { readTree, type Tree } from './tree.ts'

/** Filling a file system from a slow disk. */
const timeout = 1_800_000

const blockSize = 4096

export interface Sizing {
  /** Bytes of the file system. */
  readonly bytes: number
  readonly inodes: number
}

/** Room that a machine may write into besides what it got; sparse, so that it costs nothing until then. */
const roomToWrite = 2 ** 30

/**
 * What a tree needs: whole blocks and an inode for everything, 256 bytes each, a block for each 100 names of a directory, a journal,
 * and a tenth more. Never too few inodes, whatever the sizes of the files are.
 */
export function sizeFor(tree: Tree, readOnly: boolean): Sizing {
  const entries = [...tree.values()]
  const blocks = entries.reduce((sum, { kind, size }) => sum + (kind === 'file' ? Math.ceil(size / blockSize) + 1 : 1), 0)
  const names = Math.ceil(entries.length / 100)
  const inodes = Math.ceil((entries.length + 64) * (readOnly ? 1.1 : 2)) + (readOnly ? 0 : 65_536)
  const bytes = (blocks + names) * blockSize * 1.1 + inodes * 256 + 80 * 2 ** 20 + (readOnly ? 0 : roomToWrite)
  return { bytes: Math.ceil(bytes / 2 ** 20) * 2 ** 20, inodes }
}

/** Fills a new file with the directory; appears whole or not at all. Returns what was put in. */
export async function writeDisk(host: Host, source: string, path: string, label: string, readOnly: boolean): Promise<Tree> {
  const temporary = `${path}.tmp`
  const tree = await readTree(host, source)
  const { bytes, inodes } = sizeFor(tree, readOnly)
  await host.files.remove(temporary)
  // Permissions first: what is in the directory is not everybody's business.
  await host.files.write(temporary, '', { mode: 0o600 })
  try {
    await host.run(['truncate', `--size=${bytes}`, temporary])
    const extended = 'lazy_itable_init=1,lazy_journal_init=1,nodiscard'
    const options = ['-q', '-F', '-t', 'ext4', '-b', String(blockSize), '-m', '0', '-N', String(inodes), '-E', extended, '-L', label]
    await host.run(['mke2fs', ...options, '-d', source, temporary], { timeout })
    await host.files.rename(temporary, path)
  } catch (error) {
    await host.files.remove(temporary)
    throw error
  }
  return tree
}

/** Drops root: what reads the file system of a guest must not be able to do anything. */
const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--no-new-privs', '--inh-caps=-all'] as const

/**
 * Unpacks the file system of a disk into `directory`/tree, which it makes (debugfs(8), rdump). The guest has written that file system: the
 * programs that read it work on a copy and, when we are root, as nobody. Nothing of it may be trusted but as data.
 */
export async function readDisk(host: Host, path: string, directory: string): Promise<string> {
  const root = (await host.query(['id', '-u'])).stdout === '0'
  const as = (argv: Argv): Argv => (root ? [...nobody, ...argv] : argv)
  const [copy, tree] = [join(directory, 'disk'), join(directory, 'tree')]
  await host.files.remove(directory)
  await host.files.makeDirectory(directory, { mode: 0o700 })
  await host.files.makeDirectory(tree, { mode: 0o700 })
  await host.run(['cp', '--sparse=always', '--reflink=auto', path, copy], { timeout })
  if (root) await host.run(['chown', '65534:65534', directory, tree, copy])
  // From inside the directory: nobody need not be let through those above it. The journal of a killed machine may hold changes.
  const checked = await host.run(as(['e2fsck', '-p', 'disk']), { statuses: [0, 1, 2, 4, 8, 12], timeout, cwd: directory })
  if (checked.status >= 4) throw new Fault('state', `the file system on ${path} is broken`, { detail: checked.stdout })
  // Its exit status says nothing: what it complains of does.
  const { stderr } = await host.run(as(['debugfs', '-R', 'rdump / tree', 'disk']), { timeout, cwd: directory })
  const complaints = stderr
    .replace(/^debugfs \d.*\n?/, '')
    .split(/^(?:dump_file|rdump): /m)
    .filter((words) => words.trim() !== '' && !words.startsWith('Operation not permitted while changing ownership of '))
  if (complaints.length > 0) throw new Fault('exec', `${path} cannot be read back`, { detail: complaints.slice(0, 20).join('\n') })
  await host.files.remove(copy)
  await host.files.remove(join(tree, 'lost+found'))
  return tree
}

export const mountDiskStep = stepKind({
  kind: 'vmm.mount.disk',
  schema: z.strictObject({ source: FilePath, path: FilePath, label: z.string().max(16), readOnly: z.boolean(), manifest: FilePath }),
  async do(host, { source, path, label, readOnly, manifest }) {
    if ((await host.files.stat(path)) !== undefined) return
    await host.files.makeDirectory(dirname(path), { mode: 0o700 })
    const tree = await writeDisk(host, source, path, label, readOnly)
    await host.files.write(manifest, `${JSON.stringify(Object.fromEntries(tree))}\n`, { mode: 0o600 })
  },
  async undo(host, { path, manifest }) {
    for (const each of [`${path}.tmp`, path, manifest]) await host.files.remove(each)
  },
})
