/** Files of this machine. Writing is atomic and durable: temporary file, fsync, rename, fsync of the directory. */
import { chown, lstat, open, readdir, readFile, rename, rm, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Fault, errnoOf } from '../base/fault.ts'
import { makeDirectories, syncDirectory } from './directories.ts'
import { execute } from './exec.ts'
import type { FileStat, Files, WriteOptions } from './host.ts'
import { temporaryBeside } from './temporary.ts'

function translate(error: unknown, doing: string, path: string): Fault {
  const code = errnoOf(error)
  const message = `cannot ${doing} ${path}`
  const detail = error instanceof Error ? error.message : String(error)
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new Fault('not-found', `${message}: it does not exist`, { cause: error })
    case 'EACCES':
    case 'EPERM':
      return new Fault('denied', `${message}: permission denied`, { hint: 'run the command as root', cause: error })
    case 'EROFS':
      return new Fault('denied', `${message}: the file system is read-only`, { hint: `findmnt -T ${dirname(path)} shows it`, cause: error })
    case 'ENOSPC':
    case 'EDQUOT':
      return new Fault('state', `${message}: no space left on the file system`, {
        hint: `free some space (df -h ${dirname(path)})`,
        cause: error,
      })
    case undefined:
    default:
      return new Fault('state', message, { detail, cause: error })
  }
}

/** Does something with a file; a system error becomes a `Fault` that names the file: `not-found`, `denied` or `state` (disk full). */
export async function attempt<T>(doing: string, path: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action()
  } catch (error) {
    throw error instanceof Fault ? error : translate(error, doing, path)
  }
}

async function numericOwner(owner: string): Promise<[number, number]> {
  const [user = '', group = user] = owner.split(':')
  const [uid, gid] = await Promise.all([execute(['id', '-u', user]), execute(['getent', 'group', group])])
  return [Number(uid.stdout), Number(gid.stdout.split(':')[2])]
}

async function writeAtomically(path: string, content: string | Uint8Array, options: WriteOptions): Promise<void> {
  const temporary = await temporaryBeside(path)
  try {
    const handle = await open(temporary, 'wx', 0o600)
    try {
      await handle.writeFile(content)
      await handle.chmod(options.mode ?? 0o644)
      if (options.owner !== undefined) await handle.chown(...(await numericOwner(options.owner)))
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(temporary, path)
    await syncDirectory(dirname(path))
  } catch (error) {
    await unlink(temporary).catch(() => undefined)
    throw error
  }
}

async function statOf(path: string): Promise<FileStat | undefined> {
  try {
    const found = await lstat(path)
    const kind = found.isFile()
      ? 'file'
      : found.isDirectory()
        ? 'directory'
        : found.isSymbolicLink()
          ? 'link'
          : found.isSocket()
            ? 'socket'
            : found.isFIFO()
              ? 'fifo'
              : 'device'
    return { kind, size: found.size, mode: found.mode & 0o7777, modified: found.mtime }
  } catch (error) {
    const code = errnoOf(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw error
  }
}

/** Files of this machine. */
export const localFiles: Files = {
  read: (path) => attempt('read', path, () => readFile(path, 'utf8')),
  readBytes: (path) => attempt('read', path, () => readFile(path)),
  write: (path, content, options = {}) => attempt('write', path, () => writeAtomically(path, content, options)),
  list: (path) => attempt('list', path, async () => (await readdir(path)).toSorted()),
  stat: (path) => attempt('look at', path, () => statOf(path)),
  makeDirectory: (path, options = {}) =>
    attempt('make', path, async () => {
      await makeDirectories(path, options.mode ?? 0o755)
      if (options.owner !== undefined) await chown(path, ...(await numericOwner(options.owner)))
    }),
  remove: (path) => attempt('remove', path, () => rm(path, { recursive: true, force: true })),
  rename: (from, to) =>
    attempt('rename', from, async () => {
      await rename(from, to)
      await syncDirectory(dirname(to))
    }),
}
