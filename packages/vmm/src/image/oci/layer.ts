/** A layer of an image: a tar archive, compressed or not, told apart by its first bytes. */
import { createHash, type Hash } from 'node:crypto'
import { Transform, type Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { Fault } from '@imp/kit/base/fault.ts'
import { writeStream } from '@imp/kit/host/streams.ts'
import { readTar, type Member } from './tar-read.ts'

export interface Layer {
  /** For messages: `sha256:4f3c...`, or the name of the file. */
  readonly name: string
  /** SHA-256 of the archive as it is stored, when it is known. */
  readonly digest?: string
  /** SHA-256 of the archive after decompression (`diff_id` of the image configuration), when it is known. */
  readonly diffId?: string
  readonly open: () => Promise<Readable>
}

/** What one image may grow to when it is unpacked. */
export interface Limits {
  /** Bytes of all layers together. */
  readonly bytes: number
  /** Members of all layers together. */
  readonly members: number
  /** Bytes after decompression for each byte before, beyond the first GiB. */
  readonly ratio: number
  /** Characters of all their paths together, which are kept in memory. */
  readonly names: number
}

export const defaultLimits: Limits = { bytes: 64 * 2 ** 30, members: 2_000_000, ratio: 200, names: 256 * 2 ** 20 }

const gzip = Buffer.from([0x1f, 0x8b])
// RFC 8878 3.1.1
const zstd = Buffer.from([0x28, 0xb5, 0x2f, 0xfd])

function decompressor(first: Buffer): Transform | undefined {
  if (first.subarray(0, 2).equals(gzip)) return createGunzip()
  if (first.subarray(0, 4).equals(zstd)) return createZstdDecompress()
  return undefined
}

/** Counts and hashes what passes. */
class Meter extends Transform {
  bytes = 0
  readonly hash: Hash = createHash('sha256')
  readonly onBytes: (bytes: number) => void

  constructor(onBytes: (bytes: number) => void) {
    super({ highWaterMark: 1 << 20 })
    this.onBytes = onBytes
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: (error: Error | null, chunk?: Buffer) => void): void {
    this.bytes += chunk.length
    this.hash.update(chunk)
    try {
      this.onBytes(this.bytes)
      done(null, chunk)
    } catch (error) {
      done(error instanceof Error ? error : new Error(String(error)))
    }
  }
}

/** The first bytes of a stream, put back; fewer where it is shorter. */
export async function peek(stream: Readable, length: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
    chunks.push(chunk as Buffer)
    if (chunks.reduce((sum, each) => sum + each.length, 0) >= length) break
  }
  const first = Buffer.concat(chunks)
  if (!stream.readableEnded) stream.unshift(first)
  return first
}

function mismatch(layer: Layer, what: string): Fault {
  return new Fault('input', `the layer ${layer.name} is not what the image names: its ${what} differs`, {
    hint: 'fetch the image again',
  })
}

const explain = (what: string, error: unknown): unknown => {
  if (error instanceof Fault) return new Fault(error.code, `${what} cannot be read: ${error.message}`, { cause: error })
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  // zlib's and zstd's own words for data that ends early or is broken.
  if (/^(Z_|ERR_ZLIB|ZSTD_|ERR_ZSTD)/.test(code)) {
    return new Fault('input', `${what} cannot be read: it is cut off or broken`, { detail: String(error), cause: error })
  }
  return error
}

/** Counts before and behind a decompressor, and stops what grows too much. */
function meters(limits: Limits, grown: (bytes: number) => void): { before: Meter; after: Meter } {
  const before = new Meter(() => undefined)
  const after = new Meter((bytes) => {
    grown(bytes)
    if (bytes > 2 ** 30 && bytes > before.bytes * limits.ratio) {
      throw new Fault('input', `it grows to more than ${limits.ratio} times its size`, { hint: 'such an image is not to be trusted' })
    }
  })
  return { before, after }
}

/** Members of a layer. Throws `input` when it is broken, grows beyond the limits or is not the one that its digests name. */
export async function* readLayer(layer: Layer, limits: Limits, grown: (bytes: number) => void = () => undefined): AsyncGenerator<Member> {
  const stored = await layer.open()
  const first = await peek(stored, 4)
  const { before, after } = meters(limits, grown)
  const unpack = decompressor(first)
  const passing = unpack === undefined ? pipeline(stored, before, after) : pipeline(stored, before, unpack, after)
  // The reader below meets the same error; it is told there.
  passing.catch(() => undefined)
  try {
    yield* readTar(after)
    await passing
  } catch (error) {
    throw explain(`the layer ${layer.name}`, error)
  } finally {
    stored.destroy()
    after.destroy()
  }
  if (layer.digest !== undefined && `sha256:${before.hash.digest('hex')}` !== layer.digest) throw mismatch(layer, 'digest')
  if (layer.diffId !== undefined && `sha256:${after.hash.digest('hex')}` !== layer.diffId) throw mismatch(layer, 'content')
}

/** Writes what is in a compressed stream to a file; false for one that is not compressed. Throws `input` when it is broken or grows too much. */
export async function saveInflated(what: string, stored: Readable, output: string, limits: Limits): Promise<boolean> {
  try {
    const unpack = decompressor(await peek(stored, 4))
    if (unpack === undefined) return false
    const { before, after } = meters(limits, (bytes) => {
      if (bytes > limits.bytes) throw new Fault('input', `it is larger than ${limits.bytes} bytes`)
    })
    await pipeline(stored, before, unpack, after, await writeStream(output))
    return true
  } catch (error) {
    throw explain(what, error)
  }
}
