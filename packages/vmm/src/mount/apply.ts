/** Brings the changes of a machine into the directory of this computer. */
import { join } from 'node:path'
import type { Host } from '@imp/kit/host/host.ts'
import type { Changes } from './sync.ts'
import type { Tree } from './tree.ts'

/** Copying a large tree. */
const timeout = 1_800_000

const list = (paths: readonly string[]): string => paths.map((path) => `./${path}\0`).join('')

/** Devices, sockets and the like stay where they are. */
export function copied(paths: readonly string[], theirs: Tree): string[] {
  return paths.filter((path) => theirs.get(path)?.kind !== 'other')
}

/**
 * Takes away what the machine took away, then copies. Everything belongs to the owner of the directory afterwards, without set-user-ID
 * and the like: the machine's root is nobody here. tar(1) follows no link out of the directory.
 */
export async function applyChanges(host: Host, from: string, theirs: Tree, directory: string, changes: Changes): Promise<void> {
  // Deepest first, so that directories are empty when their turn comes.
  for (const path of changes.remove.toReversed()) {
    const place = join(directory, path)
    const kind = (await host.files.stat(place))?.kind
    if (kind === 'directory') await host.run(['rmdir', '--ignore-fail-on-non-empty', '--', place])
    else if (kind !== undefined) await host.run(['rm', '--', place])
  }
  const paths = copied(changes.copy, theirs)
  if (paths.length === 0) return
  const [uid = '', gid = ''] = (await host.query(['stat', '--format=%u %g', directory])).stdout.split(' ')
  const names = join(from, '..', 'names')
  await host.files.write(names, list(paths))
  const created = ['--create', '--file=-', `--directory=${from}`, '--no-recursion', '--null', `--files-from=${names}`]
  const owned = [`--owner=+${uid}`, `--group=+${gid}`, '--numeric-owner', '--mode=ug-s,o-t']
  const extracted = ['--extract', '--file=-', `--directory=${directory}`, '--unlink-first', '--preserve-permissions']
  await host.pipe(
    [
      ['tar', ...created, ...owned],
      ['tar', ...extracted],
    ],
    { timeout },
  )
}
