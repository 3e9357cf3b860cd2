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

/** Primary result codes (sqlite.org/rescode.html): SQLITE_BUSY; SQLITE_READONLY and SQLITE_CANTOPEN; SQLITE_FULL; SQLITE_IOERR. */
const sqliteBusy = 5
const sqliteDenied: readonly unknown[] = [8, 14]
const sqliteFull = 13
const sqliteFailed = 10

/** The primary code, which is the last byte of an extended one. */
function codeOf(error: unknown): number | undefined {
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' ? error.errcode & 0xff : undefined
}

/** What SQLite says, in our words; anything else stays as it is. */
function translate(error: unknown, path: string): unknown {
  const code = codeOf(error)
  if (sqliteDenied.includes(code)) {
    const hint = 'run the command as root; what is mounted read-only takes no locks either'
    return new Fault('denied', `cannot lock ${path}: permission denied`, { hint, cause: error })
  }
  if (code === sqliteFailed) {
    const hint = 'its file system must know locks (fcntl(2)); dmesg tells of a disk that fails'
    return new Fault('state', `cannot lock ${path}: the file system refuses`, { hint, detail: String(error), cause: error })
  }
  if (code !== sqliteFull) return error
  const hint = `free some space (df -h ${dirname(path)})`
  return new Fault('state', `cannot lock ${path}: no space left on the file system`, { hint, cause: error })
}

/** The journal in memory: nothing is ever written, so that a full disk keeps nobody from undoing what was begun. */
function tryAcquire(path: string): DatabaseSync | undefined {
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(path, { timeout: 0 })
    database.exec('PRAGMA journal_mode=MEMORY; BEGIN EXCLUSIVE')
    return database
  } catch (error) {
    database?.close()
    if (codeOf(error) === sqliteBusy) return undefined
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
