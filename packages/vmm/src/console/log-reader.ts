/** Reads a log while it grows, begins anew or is cut short: piece by piece, so that no log is too long for it. */
import type { Host } from '@imp/kit/host/host.ts'
import { readStream } from '@imp/kit/host/streams.ts'

/** Bytes that are read at once. */
const piece = 1 << 20

export interface LogReader {
  /** The end of what was there when reading began. */
  readonly past: Buffer
  /** What has come since the last time, at most 1 MiB of it; empty when nothing has. */
  next(): Promise<Buffer>
}

async function sizeOf(host: Host, path: string): Promise<number> {
  return (await host.files.stat(path))?.size ?? 0
}

async function bytesAt(path: string, offset: number, length: number): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of (await readStream(path, { offset, length })) as AsyncIterable<Buffer>) parts.push(part)
  return Buffer.concat(parts)
}

/** Begins to read a log, with at most so many bytes of its end. A log that is shorter than it was has begun anew. */
export async function readLog(host: Host, path: string, most: number): Promise<LogReader> {
  const size = await sizeOf(host, path)
  const from = Math.max(0, size - most)
  const past = size === from ? Buffer.alloc(0) : await bytesAt(path, from, size - from)
  let offset = from + past.length
  return {
    past,
    async next() {
      const now = await sizeOf(host, path)
      if (now < offset) offset = 0
      if (now === offset) return Buffer.alloc(0)
      const bytes = await bytesAt(path, offset, Math.min(now - offset, piece))
      offset += bytes.length
      return bytes
    },
  }
}
