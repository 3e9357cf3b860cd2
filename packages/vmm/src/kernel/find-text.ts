/** Looks for text in files that are no text and may be large. */
import { readStream } from '@imp/kit/host/streams.ts'

/** Bytes that no match is longer than. */
const longest = 256

export interface Found {
  /** Where it begins, in bytes. */
  readonly offset: number
  readonly match: RegExpExecArray
}

/** The first match in a file, whose bytes are taken for characters of Latin-1. The pattern matches 256 bytes at most. */
export async function findText(path: string, pattern: RegExp): Promise<Found | undefined> {
  let offset = 0
  let rest = ''
  for await (const chunk of await readStream(path)) {
    const text = rest + (chunk as Buffer).toString('latin1')
    const match = pattern.exec(text)
    // One at the end may go on in the next piece.
    if (match !== null && match.index + match[0].length < text.length) return { offset: offset + match.index, match }
    rest = text.slice(-longest)
    offset += text.length - rest.length
  }
  const match = pattern.exec(rest)
  return match === null ? undefined : { offset: offset + match.index, match }
}
