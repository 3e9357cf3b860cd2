/**
 * An exclusive lock that is released when its holder dies, SIGKILL included: an open transaction on a small SQLite file.
 * Not an abstract unix socket: those are per network namespace, and we work across namespaces.
 */
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Fault } from '../base/fault.ts'
import { makeDirectories } from './directories.ts'
import { attempt } from './files.ts'
import type { Clock } from './host.ts'

export interface LockOptions {
  /** Milliseconds to wait for the present holder; 10,000 unless told. */
  readonly timeout?: number
  /** For messages: `the virtual machine web1`. */
  readonly what: string
}

/** SQLITE_BUSY, SQLITE_READONLY, SQLITE_FULL and SQLITE_CANTOPEN (sqlite.org/rescode.html). */
const sqliteBusy = 5
const sqliteDenied: readonly unknown[] = [8, 14]
const sqliteFull = 13

/** What SQLite says, in our words; anything else stays as it is. */
function translate(error: unknown, path: string): unknown {
  const code = error instanceof Error && 'errcode' in error ? error.errcode : undefined
  if (sqliteDenied.includes(code)) {
    return new Fault('denied', `cannot lock ${path}: permission denied`, { hint: 'run the command as root', cause: error })
  }
  if (code !== sqliteFull) return error
  const hint = `free some space (df -h ${dirname(path)})`
  return new Fault('state', `cannot lock ${path}: no space left on the file system`, { hint, cause: error })
}

function tryAcquire(path: string): DatabaseSync | undefined {
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(path, { timeout: 0 })
    database.exec('PRAGMA journal_mode=DELETE; BEGIN EXCLUSIVE')
    return database
  } catch (error) {
    database?.close()
    if (error instanceof Error && 'errcode' in error && error.errcode === sqliteBusy) return undefined
    throw translate(error, path)
  }
}

/** Runs `action` while holding the lock file at `path`; a `busy` fault when somebody else keeps it longer than the timeout. */
export async function withLock<T>(clock: Clock, path: string, options: LockOptions, action: () => Promise<T>): Promise<T> {
  const deadline = clock.monotonic() + (options.timeout ?? 10_000)
  await attempt('make', dirname(path), () => makeDirectories(dirname(path)))
  let held = tryAcquire(path)
  while (held === undefined) {
    if (clock.monotonic() >= deadline)
      throw new Fault('busy', `another command is working on ${options.what}`, { hint: 'try again when it has finished' })
    await clock.sleep(20)
    held = tryAcquire(path)
  }
  try {
    return await action()
  } finally {
    held.close()
  }
}
