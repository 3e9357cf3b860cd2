/** Who edits: the person behind the command, whose name the candidate and the history carry. */
import { userInfo } from 'node:os'
import { z } from 'zod'

/** Name of an editor or of a candidate of its own; it becomes a file name. Not longer than a Linux user name may be (useradd(8)). */
export const EditorName = z
  .string()
  .regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,31}$/, 'must be letters, digits, "_", "." and "-", at most 32')
  .meta({ examples: ['anna'] })

/** A user without an entry in the user database has no name. */
function ownName(): string {
  try {
    return userInfo().username
  } catch (error) {
    if (error instanceof Error && 'code' in error) return ''
    throw error
  }
}

/**
 * The person who called: behind sudo(8) the one who called sudo, which only root's environment is believed about; a user whose name
 * cannot be a file name is known by number.
 */
export function currentEditor(environment: NodeJS.ProcessEnv = process.env): string {
  const uid = process.getuid?.() ?? 0
  const name = (uid === 0 ? environment['SUDO_USER'] : undefined) ?? ownName()
  return EditorName.safeParse(name).success ? name : `uid-${uid}`
}
