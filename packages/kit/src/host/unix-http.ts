/** JSON over HTTP over a unix socket of a machine (Firecracker, Incus, Docker). */
import { request, type IncomingMessage } from 'node:http'
import { asFault, Fault } from '../base/fault.ts'
import { parseJson } from '../base/schema.ts'
import type { Host } from './host.ts'

export interface UnixRequest {
  readonly method: 'GET' | 'PUT' | 'PATCH' | 'POST' | 'DELETE'
  /** With a leading slash. */
  readonly path: string
  /** Sent as JSON; no body when undefined. */
  readonly body?: unknown
  /** Milliseconds until a `timeout` fault; 10,000 unless told. */
  readonly timeout?: number
}

export interface UnixAnswer {
  readonly status: number
  /** The parsed body; undefined when there was none. */
  readonly body: unknown
}

/** An answer longer than this is refused. */
const longestAnswer = 16 << 20

async function readBody(response: IncomingMessage, what: string): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > longestAnswer) throw new Fault('exec', `${what}: the answer is longer than ${longestAnswer} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

/** One request on a connection of its own. Any HTTP status is an answer; faults are for the way there and for what is no JSON. */
export async function requestUnix(host: Host, socket: string, { method, path, body, timeout = 10_000 }: UnixRequest): Promise<UnixAnswer> {
  const what = `${method} ${path} on ${socket}`
  const stream = await host.dial(socket)
  const expired = AbortSignal.timeout(timeout)
  const text = body === undefined ? undefined : JSON.stringify(body)
  const headers = { accept: 'application/json', connection: 'close', ...(text === undefined ? {} : jsonHeaders(text)) }
  try {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const outgoing = request({ createConnection: () => stream, host: 'localhost', method, path, headers, signal: expired })
      outgoing.once('response', resolve).once('error', reject)
      outgoing.end(text)
    })
    const answer = await readBody(response, what)
    return { status: response.statusCode ?? 0, body: answer === '' ? undefined : parseJson(answer, what) }
  } catch (error) {
    if (error instanceof Fault) throw error
    if (expired.aborted) throw new Fault('timeout', `${what}: no answer within ${timeout / 1000} s`, { cause: error })
    throw new Fault('exec', `${what} failed`, { detail: asFault(error).message, cause: error })
  } finally {
    stream.destroy()
  }
}

function jsonHeaders(text: string): Record<string, string> {
  return { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(text)) }
}
