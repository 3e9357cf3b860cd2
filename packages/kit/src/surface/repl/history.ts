/** The lines of earlier sessions, in a file that only its user may read. */
import { dirname } from 'node:path'
import type { Files } from '../../host/host.ts'
import { fieldsOf } from '../../op/fields.ts'
import { scan } from '../../op/scan.ts'
import { splitGlobals } from '../globals.ts'
import { scanLine } from './line.ts'
import { placeOf, type Vocabulary } from './menu.ts'

const mostLines = 1000
const secret = /pass(word|phrase|wd)|secret|token|credential|api-?key|private-?key|\b(psk|md5)\b/i

/** Whether a line may hold a secret: a word of it, or the name of a field that it fills, says so. */
export function holdsSecret(vocabulary: Vocabulary, menu: readonly string[], line: string): boolean {
  if (secret.test(line)) return true
  const { words } = splitGlobals(scanLine(line).segments[0].map(({ text }) => text))
  const place = placeOf(vocabulary, menu, words)
  if (place?.at !== 'command') return false
  const tokens = scan(fieldsOf(place.operation), place.rest)
  return tokens.some((token) => 'field' in token && secret.test(token.field.key))
}

export interface History {
  /** Newest first. */
  lines(): readonly string[]
  /** Remembers a line, also in the file; a fault when that cannot be written. */
  add(line: string): Promise<void>
}

/** Lines of the file, oldest first. What could steer a terminal was not typed here and is left out. */
async function readLines(files: Files, path: string): Promise<string[]> {
  if ((await files.stat(path)) === undefined) return []
  return (await files.read(path)).split('\n').filter((line) => line !== '' && !/\p{Cc}/u.test(line))
}

/**
 * The history in a file; a fault when it cannot be read. It is read again before each line is added, so that sessions side by side
 * keep each other's lines; of two lines in the same millisecond one may be lost.
 */
export async function openHistory(files: Files, path: string): Promise<History> {
  let known = await readLines(files, path)
  return {
    lines: () => known.toReversed(),
    async add(line) {
      if (line.trim() === '' || line.startsWith(' ') || known.at(-1) === line) return
      known = [...known, line].slice(-mostLines)
      const all = [...(await readLines(files, path)), line].slice(-mostLines)
      await files.makeDirectory(dirname(path), { mode: 0o700 })
      await files.write(path, `${all.join('\n')}\n`, { mode: 0o600 })
    },
  }
}

/** A history of this session only, for when there is no file to keep it in. */
export function shortHistory(): History {
  let known: readonly string[] = []
  return {
    lines: () => known.toReversed(),
    add(line) {
      if (line.trim() !== '' && !line.startsWith(' ') && known.at(-1) !== line) known = [...known, line].slice(-mostLines)
      return Promise.resolve()
    },
  }
}
