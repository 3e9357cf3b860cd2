/**
 * Blobs by digest in a directory: `<directory>/<64 hex digits>`. A download is written beside and takes its name when its digest is
 * right; one that was cut off goes on where it stopped.
 */
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { Transform, type Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Fault } from '@imp/kit/base/fault.ts'
import type { Host } from '@imp/kit/host/host.ts'
import { readStream, writeStream } from '@imp/kit/host/streams.ts'
import type { Descriptor } from './manifest.ts'

/** Where a blob lies. */
export function blobPath(directory: string, digest: string): string {
  return join(directory, digest.replace(/^sha256:/, ''))
}

/** Bytes of a blob from a place on; `from` says where they really begin, 0 when the other side cannot begin in the middle. */
export type Fetch = (offset: number) => Promise<{ readonly body: Readable; readonly from: number }>

async function hashOf(path: string): Promise<{ update: (chunk: Buffer) => void; digest: () => string }> {
  const hash = createHash('sha256')
  for await (const chunk of await readStream(path)) hash.update(chunk as Buffer)
  return { update: (chunk) => hash.update(chunk), digest: () => `sha256:${hash.digest('hex')}` }
}

/**
 * Gets a blob into the directory, `advance` told of each piece. Throws `input` when it is not what its digest names or not as long as
 * told; what arrived of a broken connection stays for the next attempt.
 */
export async function keepBlob(
  host: Host,
  directory: string,
  blob: Pick<Descriptor, 'digest' | 'size'>,
  fetch: Fetch,
  { advance, signal }: { advance: (bytes: number) => void; signal: AbortSignal },
): Promise<string> {
  const path = blobPath(directory, blob.digest)
  if ((await host.files.stat(path))?.size === blob.size) {
    advance(blob.size)
    return path
  }
  const partial = `${path}.partial`
  const there = (await host.files.stat(partial))?.size ?? 0
  const wanted = there < blob.size ? there : 0
  const { body, from } = await fetch(wanted)
  if (from === 0) await host.files.remove(partial)
  const hash = from === 0 ? createHash('sha256') : undefined
  const resumed = hash === undefined ? await hashOf(partial) : undefined
  let bytes = from
  advance(from)
  const meter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length
      advance(chunk.length)
      if (hash === undefined) resumed?.update(chunk)
      else hash.update(chunk)
      done(bytes > blob.size ? tooLong(blob) : null, chunk)
    },
  })
  await pipeline(body, meter, await writeStream(partial, { append: from > 0 }), { signal })
  if (bytes < blob.size)
    throw new Fault('exec', `the download of ${blob.digest} was cut off at ${bytes} of ${blob.size} bytes`, {
      hint: 'try again: it goes on from there',
    })
  const digest = resumed?.digest() ?? `sha256:${hash?.digest('hex')}`
  if (digest !== blob.digest) {
    await host.files.remove(partial)
    throw new Fault('input', `what came for ${blob.digest} has the digest ${digest}`, {
      hint: 'the registry or somebody between gives something else',
    })
  }
  await host.files.rename(partial, path)
  return path
}

function tooLong({ digest, size }: Pick<Descriptor, 'digest' | 'size'>): Fault {
  return new Fault('input', `what comes for ${digest} is longer than the ${size} bytes that were told`)
}
