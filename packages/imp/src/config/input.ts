/** Where a document comes from: a file, or whatever is piped in. */
import { resolve } from 'node:path'

/** The path to read for a word of the command line; `-` is standard input (POSIX utility conventions, guideline 13). */
export function inputPath(file: string): string {
  return file === '-' ? '/dev/stdin' : resolve(file)
}
