/**
 * Blobs by digest in a directory: `<directory>/<64 hex digits>`. A download is written beside and takes its name when its digest is
 * right; one that was cut off goes on where it stopped.
 */
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { Transform, type Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { asFault, errnoOf, Fault } from '@imp/kit/base/fault.ts'
import type { Host } from '@imp/kit/host/host.ts'
import { readStream, writeStream } from '@imp/kit/host/streams.ts'
import { reasonOf } from './ask.ts'
import type { Descriptor } from './manifest.ts'

/** Where a blob lies. */
export function blobPath(directory: string, digest: string): string {
  return join(directory, digest.replace(/^sha256:/, ''))
}

/** Bytes of a blob from a place on; `from` says where they really begin, 0 when the other side cannot begin in the middle. */
export type Fetch = (offset: number) => Promise<{ readonly body: Readable; readonly from: number }>

interface Hashing {
  readonly update: (chunk: Buffer) => void
  readonly digest: () => string
}

function hashing(): Hashing {
  const hash = createHash('sha256')
  return { update: (chunk) => hash.update(chunk), digest: () => `sha256:${hash.digest('hex')}` }
}

/** Begun with what is in a file. */
async function hashOf(path: string): Promise<Hashing> {
  const hash = hashing()
  for await (const chunk of await readStream(path)) hash.update(chunk as Buffer)
  return hash
}

export interface Watch {
  /** Told of each piece that is new. */
  readonly advance: (bytes: number) => void
  readonly signal: AbortSignal
}

/** Attempts that bring nothing before a download is given up. */
const attempts = 4

/** What a connection that ends early says: a fault of ours passes as it is. */
function asBroken(error: unknown, digest: string): Fault {
  if (error instanceof Fault) return error
  // Undici's own word for a body that ends early, and errors of its socket.
  if (error instanceof TypeError || errnoOf(error) !== undefined) {
    return new Fault('exec', `the download of ${digest} broke off`, {
      hint: 'try again: it goes on from there',
      detail: reasonOf(error),
      cause: error,
    })
  }
  return asFault(error)
}

/** One attempt; returns when the whole blob is there. */
async function download(host: Host, path: string, blob: Pick<Descriptor, 'digest' | 'size'>, fetch: Fetch, watch: Watch): Promise<string> {
  const partial = `${path}.partial`
  const there = (await host.files.stat(partial))?.size ?? 0
  const { body, from } = await fetch(there < blob.size ? there : 0)
  if (from === 0) await host.files.remove(partial)
  const hash = from === 0 ? hashing() : await hashOf(partial)
  let bytes = from
  watch.advance(from)
  const meter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length
      watch.advance(chunk.length)
      hash.update(chunk)
      done(bytes > blob.size ? tooLong(blob) : null, chunk)
    },
  })
  await pipeline(body, meter, await writeStream(partial, { append: from > 0 }), { signal: watch.signal })
  if (bytes < blob.size)
    throw new Fault('exec', `the download of ${blob.digest} was cut off at ${bytes} of ${blob.size} bytes`, {
      hint: 'try again: it goes on from there',
    })
  return hash.digest()
}

/**
 * Gets a blob into the directory. A connection that breaks is followed by another, which goes on where it stopped, as long as each brings
 * something. Throws `input` when it is not what its digest names or not as long as told; what arrived stays for the next attempt.
 */
export async function keepBlob(
  host: Host,
  directory: string,
  blob: Pick<Descriptor, 'digest' | 'size'>,
  fetch: Fetch,
  { advance, signal }: Watch,
): Promise<string> {
  const path = blobPath(directory, blob.digest)
  if ((await host.files.stat(path))?.size === blob.size) {
    advance(blob.size)
    return path
  }
  let told = 0
  let furthest = 0
  for (let attempt = 1; ; attempt += 1) {
    let at = 0
    let begun = false
    const watch: Watch = {
      signal,
      advance(bytes) {
        begun = true
        at += bytes
        if (at <= told) return
        advance(at - told)
        told = at
      },
    }
    try {
      const digest = await download(host, path, blob, fetch, watch)
      if (digest === blob.digest) break
      await host.files.remove(`${path}.partial`)
      throw new Fault('input', `what came for ${blob.digest} has the digest ${digest}`, {
        hint: 'the registry or somebody between gives something else',
      })
    } catch (error) {
      signal.throwIfAborted()
      const fault = asBroken(error, blob.digest)
      // What is answered at all was asked often enough.
      if (!begun || !['exec', 'timeout'].includes(fault.code)) throw fault
      if (at > furthest) attempt = 1
      furthest = Math.max(furthest, at)
      if (attempt === attempts) throw fault
      await host.clock.sleep(500 * 2 ** attempt, signal)
    }
  }
  await host.files.rename(`${path}.partial`, path)
  return path
}

function tooLong({ digest, size }: Pick<Descriptor, 'digest' | 'size'>): Fault {
  return new Fault('input', `what comes for ${digest} is longer than the ${size} bytes that were told`)
}
