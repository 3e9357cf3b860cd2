/**
 * Directories of the user whom we run as (XDG Base Directory Specification). Needed before anything else is imported: imports nothing
 * of ours.
 */
import { statSync } from 'node:fs'
import { userInfo } from 'node:os'
import { dirname, isAbsolute, join } from 'node:path'

/** The environment that matters; a parameter so that tests need not change their own. */
export type Environment = Readonly<Record<string, string | undefined>>

/** What the specification wants ignored: a variable that is empty or no absolute path. */
function absolute(path: string | undefined): string | undefined {
  return path !== undefined && isAbsolute(path) ? path : undefined
}

/** The home of the user as passwd(5) has it; undefined for one who is not there, as the user of a container at times. */
function homeOfRecord(): string | undefined {
  try {
    return absolute(userInfo().homedir)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_SYSTEM_ERROR') return undefined
    throw error
  }
}

/** The home directory of the user; `/` for one who has none. */
export function homeDirectory(environment: Environment = process.env, ofRecord = homeOfRecord): string {
  return absolute(environment['HOME']) ?? ofRecord() ?? '/'
}

const kinds = { cache: ['XDG_CACHE_HOME', '.cache'], state: ['XDG_STATE_HOME', '.local/state'] } as const

/** Where the user's programs keep what they can make again (`cache`), or what outlives them (`state`). */
export function userDirectory(kind: keyof typeof kinds, environment: Environment = process.env): string {
  const [variable, below] = kinds[kind]
  return absolute(environment[variable]) ?? join(homeDirectory(environment), below)
}

/** The user to whom a path belongs, or would when it were made: that of the nearest directory above it. */
function ownerOf(path: string): number {
  const found = statSync(path, { throwIfNoEntry: false })
  return found === undefined && dirname(path) !== path ? ownerOf(dirname(path)) : (found?.uid ?? -1)
}

/** Whether a path is, or would become, ours: root often runs with the home of somebody else (`su`, `sudo -E`). */
export function isOwn(path: string, uid = process.geteuid?.()): boolean {
  try {
    return ownerOf(path) === uid
  } catch {
    // What we may not even look at.
    return false
  }
}
