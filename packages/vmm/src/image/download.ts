/** Files that are known by their checksum, from addresses of the web or of this machine; what broke off goes on. */
import { Readable } from 'node:stream'
import { Fault } from '@imp/kit/base/fault.ts'
import { readStream } from '@imp/kit/host/streams.ts'
import type { VmmContext } from '../context.ts'
import { ask, reasonOf, watched, type Asking } from './oci/ask.ts'
import { blobPath, keepBlob, type Fetch } from './oci/blobs.ts'

export interface Download {
  /** For messages. */
  readonly what: string
  /** An address, or an absolute path. */
  readonly url: string
  readonly sha256: string
  /** Bytes; what the server says unless told. */
  readonly size?: number
}

/** Archives are wanted as they lie: fetch would undo a compression that a server tells of, and the checksum would be another. */
const plain = { 'accept-encoding': 'identity' }

/** The answer of a server that has the file. Throws `not-found` or `exec`. */
export async function get(
  { host, signal }: VmmContext,
  url: string,
  asking: Pick<Asking, 'method' | 'headers' | 'known'> = {},
): Promise<Response> {
  try {
    const response = await ask(url, { ...asking, signal, clock: host.clock })
    if (response.ok) return response
    await response.body?.cancel()
    throw new Fault(response.status === 404 ? 'not-found' : 'exec', `${url} was answered with ${response.status}`)
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof Fault) throw error
    throw new Fault('exec', `${url} cannot be reached`, {
      hint: 'check the address, and that it is reached from here',
      detail: reasonOf(error),
      cause: error,
    })
  }
}

async function openFile({ host }: VmmContext, url: string): Promise<Readable> {
  if ((await host.files.stat(url)) === undefined) throw new Fault('not-found', `there is no file ${url}`)
  return readStream(url)
}

function fetchOf(context: VmmContext, url: string): Fetch {
  return async (offset) => {
    if (url.startsWith('/')) return { body: await openFile(context, url), from: 0 }
    const headers = offset === 0 ? plain : { ...plain, range: `bytes=${offset}-` }
    const response = await get(context, url, { headers, known: true })
    if (response.body === null) throw new Fault('exec', `${url} was answered with nothing`)
    const from = response.status === 206 ? Number(/^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '')?.[1] ?? 0) : 0
    if (from !== 0 && from !== offset) throw new Fault('exec', `${url} was answered with another part`)
    return { body: watched(Readable.fromWeb(response.body), url), from }
  }
}

/** Bytes of a file by its server's word. */
async function sizeOf(context: VmmContext, url: string): Promise<number> {
  const length = (await get(context, url, { method: 'HEAD', headers: plain, known: true })).headers.get('content-length')
  if (length === null || !/^\d{1,15}$/.test(length)) throw new Fault('unsupported', `${url} does not say how long it is`)
  return Number(length)
}

/** The path of the file below `directory`, checked by its checksum. One that is there is not fetched again. */
export async function download(context: VmmContext, wanted: Download, directory: string): Promise<string> {
  const { host, report, signal } = context
  const { what, url, sha256 } = wanted
  const digest = `sha256:${sha256}`
  const path = blobPath(directory, digest)
  const total = wanted.size ?? (await host.files.stat(path))?.size ?? (await sizeOf(context, url))
  let done = 0
  const advance = (bytes: number): void =>
    report({ event: 'progress', title: `fetch ${what}`, done: (done += bytes), total, unit: 'bytes' })
  return keepBlob(host, directory, { digest, size: total }, fetchOf(context, url), { advance, signal })
}
