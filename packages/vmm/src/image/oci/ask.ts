/**
 * HTTP of downloads: through the proxies that the environment names, with patience that ends, and asked again where a server is only
 * busy or a connection broke. How an answer goes on after its head is watched where it is read.
 */
import { setGlobalProxyFromEnv } from 'node:http'
import { Readable } from 'node:stream'
import { Fault } from '@imp/kit/base/fault.ts'
import type { Clock } from '@imp/kit/host/host.ts'

/** Milliseconds without an answer, or without a byte of it. */
const patience = 60_000

const attempts = 4

/** Answers that another moment may change (RFC 9110 15.5.9, 15.6; RFC 6585 4). */
const passing = [408, 429, 500, 502, 503, 504]

/** Failures of a connection that another may not meet; a name or port that is wrong stays wrong. */
const broken = ['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EAI_AGAIN', 'UND_ERR_SOCKET', 'UND_ERR_CONNECT_TIMEOUT']

/** This machine is asked itself, as curl and Go do not: a proxy would mean itself by the name. */
const direct = ['localhost', '127.0.0.1', '[::1]', '::1']

const proxyNames = ['http_proxy', 'HTTP_PROXY', 'https_proxy', 'HTTPS_PROXY'] as const

let proxies = false

/** Lets fetch go by the proxies of the environment, once; it goes without them by itself. */
function useProxies(environment: NodeJS.ProcessEnv): void {
  if (proxies) return
  proxies = true
  const told = Object.fromEntries(proxyNames.flatMap((name) => (environment[name] ? [[name, environment[name]]] : [])))
  if (Object.keys(told).length === 0) return
  const except = environment['no_proxy'] ?? environment['NO_PROXY']
  // One that excepts everything says so alone.
  const all = except === '*' ? except : [...(except ?? '').split(','), ...direct].filter((each) => each !== '').join(',')
  setGlobalProxyFromEnv({ ...told, no_proxy: all })
}

export interface Asking {
  readonly method?: 'GET' | 'HEAD' | 'POST'
  /** What comes is held to a checksum that is known already: it may come from where nothing is encrypted. */
  readonly known?: boolean
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: URLSearchParams
  readonly signal: AbortSignal
  readonly clock: Clock
}

/** The code of what made a connection fail. */
function codeOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  return cause instanceof Error && 'code' in cause ? String(cause.code) : ''
}

async function once(url: string, { method = 'GET', headers = {}, body, signal }: Asking): Promise<Response> {
  const silence = new AbortController()
  const timer = setTimeout(() => silence.abort(new Fault('timeout', `no answer within ${patience / 1000} s`)), patience)
  const until = AbortSignal.any([silence.signal, signal])
  try {
    return await fetch(url, { method, headers, ...(body === undefined ? {} : { body }), redirect: 'manual', signal: until })
  } finally {
    clearTimeout(timer)
  }
}

/** Answers that send elsewhere (RFC 9110 15.4); after the last two the same is asked in the same way. */
const redirects = [301, 302, 303, 307, 308]

/** As many as browsers follow (Fetch Standard, "HTTP-redirect fetch"). */
const mostRedirects = 20

/** What is to be asked where a server sends to. A login is for the one that it was given to, and for nobody else. */
export function sentTo(url: string, to: string, status: number, asking: Asking): { readonly url: string; readonly asking: Asking } {
  const [from, next] = [new URL(url), URL.parse(to, url)]
  if (next === null || !['http:', 'https:'].includes(next.protocol))
    throw new Fault('exec', `${from.host} sends to ${to}, which is no address`)
  if (from.protocol === 'https:' && next.protocol === 'http:' && asking.known !== true)
    throw new Fault('denied', `${from.host} sends to ${next.host}, where nothing is encrypted`, {
      hint: 'somebody between could answer with anything: ask whoever runs the server',
    })
  const { body, headers = {}, ...rest } = asking
  const kept = Object.entries(headers).filter(([name]) => from.origin === next.origin || name !== 'authorization')
  const same = status >= 307 || asking.method !== 'POST'
  if (same && body !== undefined && from.origin !== next.origin) throw new Fault('denied', `${from.host} sends a login on to ${next.host}`)
  const again: Asking = {
    ...rest,
    headers: Object.fromEntries(kept),
    ...(same ? {} : { method: 'GET' }),
    ...(same && body ? { body } : {}),
  }
  return { url: next.href, asking: again }
}

/** One answer, wherever servers send to for it. */
async function follow(url: string, asking: Asking): Promise<Response> {
  let at = { url, asking }
  for (let hop = 0; hop <= mostRedirects; hop += 1) {
    const response = await once(at.url, at.asking)
    const to = response.headers.get('location')
    if (!redirects.includes(response.status) || to === null) return response
    await response.body?.cancel()
    at = sentTo(at.url, to, response.status, at.asking)
  }
  throw new Fault('exec', `${new URL(url).host} sends in circles`)
}

/** Milliseconds until the next attempt; undefined when the server wants to be left alone for longer than anybody waits (RFC 9110 10.2.3). */
function pauseBefore(attempt: number, response?: Response): number | undefined {
  const told = response?.headers.get('retry-after') ?? null
  if (told === null) return 500 * 2 ** attempt
  return /^\d{1,2}$/.test(told) && Number(told) <= 30 ? Number(told) * 1000 : undefined
}

/** The answer to a question, whatever its status. Rejects with fetch's own error when there is none. */
export async function ask(url: string, asking: Asking): Promise<Response> {
  const { signal, clock } = asking
  useProxies(process.env)
  for (let attempt = 1; ; attempt += 1) {
    let pause: number | undefined
    try {
      const response = await follow(url, asking)
      pause = passing.includes(response.status) ? pauseBefore(attempt, response) : undefined
      if (pause === undefined || attempt === attempts) return response
      await response.body?.cancel()
    } catch (error) {
      signal.throwIfAborted()
      if (attempt === attempts || !broken.includes(codeOf(error))) throw error
      pause = pauseBefore(attempt)
    }
    await clock.sleep(pause ?? 0, signal)
  }
}

/** A short text, whole: undefined when it is longer than so many bytes. What else would come is not waited for. */
export async function shortText(response: Response, what: string, most: number): Promise<string | undefined> {
  const pieces: Buffer[] = []
  let bytes = 0
  if (response.body === null) return ''
  for await (const piece of watched(Readable.fromWeb(response.body), what)) {
    bytes += (piece as Buffer).length
    if (bytes > most) return undefined
    pieces.push(piece as Buffer)
  }
  return Buffer.concat(pieces).toString('utf8')
}

/** Why there was no answer, in the words of the system. */
export function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  return cause instanceof Error ? cause.message : String(cause)
}

/** A stream that fails when nothing comes for a while. */
export function watched(body: Readable, what: string): Readable {
  const stalled = (): void => {
    body.destroy(
      new Fault('timeout', `nothing more of ${what} came for ${patience / 1000} s`, { hint: 'try again: it goes on from there' }),
    )
  }
  let timer = setTimeout(stalled, patience)
  body.on('data', () => {
    clearTimeout(timer)
    timer = setTimeout(stalled, patience)
  })
  body.on('close', () => clearTimeout(timer))
  // It may break before anybody reads: whoever does then meets the error.
  body.on('error', () => undefined)
  // Nobody reads yet: the listener above must not set it flowing.
  body.pause()
  return body
}
