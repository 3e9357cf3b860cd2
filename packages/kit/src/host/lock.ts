/**
 * An exclusive lock that is released when its holder dies, SIGKILL included: an open transaction on a small SQLite file.
 * Not an abstract unix socket: those are per network namespace, and we work across namespaces.
 */
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Fault } from '../base/fault.ts'
import type { Clock } from './host.ts'

export interface LockOptions {
  /** Milliseconds to wait for the present holder; 10,000 unless told. */
  readonly timeout?: number
  /** For messages: `the virtual machine web1`. */
  readonly what: string
}

/** SQLITE_BUSY and SQLITE_FULL (sqlite.org/rescode.html). */
const sqliteBusy = 5
const sqliteFull = 13

function tryAcquire(path: string): DatabaseSync | undefined {
  const database = new DatabaseSync(path, { timeout: 0 })
  try {
    database.exec('PRAGMA journal_mode=DELETE; BEGIN EXCLUSIVE')
    return database
  } catch (error) {
    database.close()
    const code = error instanceof Error && 'errcode' in error ? error.errcode : undefined
    if (code === sqliteBusy) return undefined
    if (code !== sqliteFull) throw error
    const hint = `free some space (df -h ${dirname(path)})`
    throw new Fault('state', `cannot lock ${path}: no space left on the file system`, { hint, cause: error })
  }
}

/** Runs `action` while holding the lock file at `path`; a `busy` fault when somebody else keeps it longer than the timeout. */
export async function withLock<T>(clock: Clock, path: string, options: LockOptions, action: () => Promise<T>): Promise<T> {
  const deadline = clock.monotonic() + (options.timeout ?? 10_000)
  mkdirSync(dirname(path), { recursive: true })
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
