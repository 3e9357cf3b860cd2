/** Large files of this machine as streams. What is small goes through `Host.files`. */
import { createReadStream, createWriteStream } from 'node:fs'
import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import { attempt } from './files.ts'

/** Opens a file, or so many bytes of it from a place on, for reading; a `not-found` or `denied` fault when it cannot be. */
export function readStream(path: string, part?: { readonly offset: number; readonly length: number }): Promise<Readable> {
  return attempt('read', path, async () => {
    const range = part === undefined ? {} : { start: part.offset, end: part.offset + part.length - 1 }
    const stream = createReadStream(path, { highWaterMark: 1 << 20, ...range })
    await once(stream, 'open')
    return stream
  })
}

/** Opens a file for writing, from the start or behind what is there. Not atomic: write beside the final name, then rename. */
export function writeStream(path: string, { append = false, mode = 0o644 } = {}): Promise<Writable> {
  return attempt('write', path, async () => {
    const stream = createWriteStream(path, { flags: append ? 'a' : 'w', mode, flush: true })
    await once(stream, 'open')
    return stream
  })
}
