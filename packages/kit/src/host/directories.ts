/** Making directories with those above them. */
import { constants } from 'node:fs'
import { mkdir, open, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { errnoOf } from '../base/fault.ts'

/** Makes one directory, unless it is there; what stands there and is none is an EEXIST. */
async function makeOne(path: string, mode: number): Promise<void> {
  try {
    await mkdir(path, { mode })
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST' || !(await stat(path)).isDirectory()) throw error
  }
}

/**
 * Makes a directory, and first those above it that are missing. Node's own recursive mkdir never ends below a directory that was deleted
 * while it is still there by a mount or a handle: mkdir(2) says ENOENT for what shall come and EEXIST for what is above it. Here that
 * ENOENT is thrown. Unless told nobody else may write there, whatever the umask: a service has none at times.
 */
export async function makeDirectories(path: string, mode = 0o755): Promise<void> {
  try {
    await makeOne(path, mode)
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT' || dirname(path) === path) throw error
    await makeDirectories(dirname(path), mode)
    await makeOne(path, mode)
  }
}

/** Makes the names in a directory durable. */
export async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
