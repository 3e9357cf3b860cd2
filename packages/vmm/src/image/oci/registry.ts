/** A registry of container images (OCI distribution specification 1.1, "Pull"; tokens as the distribution project's auth/token page says). */
import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { z } from 'zod'
import { Fault } from '@imp/kit/base/fault.ts'
import { parse, parseJson } from '@imp/kit/base/schema.ts'
import type { Clock } from '@imp/kit/host/host.ts'
import { ask as askOnce, reasonOf, shortText, watched, type Asking } from './ask.ts'
import type { Fetch } from './blobs.ts'
import type { Credentials } from './credentials.ts'
import { manifestTypes, maximumDocument } from './manifest.ts'
import { isDigest, type Reference } from './reference.ts'

export interface RegistryOptions {
  readonly credentials?: Credentials
  /** Speak HTTP without TLS to a registry that is not on this machine. */
  readonly insecure?: boolean
  /** Where it is reached, when that is not what its name says: `https://mirror.example.org/docker`. */
  readonly address?: string
  readonly signal: AbortSignal
  readonly clock: Clock
}

export interface Registry {
  /** A manifest or index, as its bytes say it. */
  manifest(version: string): Promise<{ readonly text: string; readonly digest: string }>
  /** The bytes of a blob. */
  blob(digest: string): Fetch
}

const loopback = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/

/** Where the registry that names without a host mean is reached. */
function addressOf(registry: string, insecure: boolean): string {
  const host = registry === 'docker.io' ? 'registry-1.docker.io' : registry
  return `${insecure || loopback.test(registry) ? 'http' : 'https'}://${host}/v2`
}

const Challenge = z.object({ realm: z.url(), service: z.string().optional(), scope: z.string().optional() })
const Token = z.looseObject({ token: z.string().optional(), access_token: z.string().optional() })
const Problem = z.looseObject({ errors: z.array(z.looseObject({ code: z.string(), message: z.string().optional() })).min(1) })

function parameters(header: string): Record<string, string> {
  return Object.fromEntries([...header.matchAll(/(\w+)="([^"]*)"/g)].map((match) => [match[1] ?? '', match[2] ?? '']))
}

const basic = ({ user, password }: { user: string; password: string }): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`

/** Where the connection itself failed, in words. */
function unreachable(registry: string, error: unknown): Fault {
  const detail = reasonOf(error)
  const hint = /wrong version number|packet length too long/.test(detail)
    ? 'it speaks no TLS: --insecure-registry if that is meant'
    : 'check its name and that it is reached from here'
  return new Fault('exec', `the registry ${registry} cannot be reached`, { hint, detail, cause: error })
}

/** What a registry says of a refusal; some answer with a page for people. */
function wordsOf(text: string): string {
  try {
    return parse(Problem, parseJson(text, 'the answer'), 'the answer')
      .errors.map(({ code, message }) => `${code}: ${message ?? ''}`)
      .join('; ')
  } catch (error) {
    if (error instanceof Fault) return text.slice(0, 300)
    throw error
  }
}

async function refused(what: string, response: Response): Promise<Fault> {
  // A page without an end is no reason to be told.
  const detail = wordsOf((await shortText(response, what, 1 << 16).catch(reasonOf)) ?? '')
  const { status } = response
  if (status === 404) return new Fault('not-found', `the registry has no ${what}`, { hint: 'check the name and the tag', detail })
  if (status === 401 || status === 403)
    return new Fault('denied', `the registry does not give ${what}`, { hint: 'check its name, or log in: --user NAME', detail })
  if (status === 429)
    return new Fault('busy', `the registry gives no more images for now`, { hint: 'try later, or log in: --user NAME', detail })
  return new Fault('exec', `the registry answered ${status} for ${what}`, { detail })
}

/** Text of an answer, not more than a document may be long. */
async function textOf(response: Response, what: string): Promise<string> {
  const text = await shortText(response, what, maximumDocument)
  if (text === undefined) throw new Fault('input', `${what} is longer than ${maximumDocument} bytes`)
  return text
}

/** A registry as one reference needs it. Nothing is asked before the first call. */
export function registryOf(reference: Reference, options: RegistryOptions): Registry {
  const { registry, repository } = reference
  const base = options.address === undefined ? addressOf(registry, options.insecure ?? false) : `${options.address}/v2`
  let authorization: string | undefined

  const ask = async (
    url: string,
    headers: Record<string, string>,
    more: Pick<Asking, 'method' | 'body' | 'known'> = {},
  ): Promise<Response> => {
    const { signal, clock } = options
    const told = { ...headers, ...(authorization === undefined ? {} : { authorization }) }
    try {
      return await askOnce(url, { headers: told, signal, clock, ...more })
    } catch (error) {
      signal.throwIfAborted()
      if (error instanceof Fault && error.code === 'denied') throw error
      throw unreachable(registry, error)
    }
  }

  /** Asks for a token, with the login where there is one. An identity token is given for another (RFC 6749 6), a password for none. */
  const askToken = (realm: URL, service: string | undefined, scope: string): Promise<Response> => {
    const { credentials } = options
    authorization = undefined
    if (credentials !== undefined && 'identityToken' in credentials) {
      const refresh = { grant_type: 'refresh_token', refresh_token: credentials.identityToken, client_id: 'vmm', scope }
      const body = new URLSearchParams({ ...refresh, ...(service === undefined ? {} : { service }) })
      return ask(realm.href, {}, { method: 'POST', body })
    }
    if (credentials !== undefined) authorization = basic(credentials)
    if (service !== undefined) realm.searchParams.set('service', service)
    realm.searchParams.set('scope', scope)
    return ask(realm.href, {})
  }

  /** Answers what a registry asks for before it gives anything. */
  const logIn = async (challenge: string): Promise<void> => {
    const { credentials } = options
    if (/^basic/i.test(challenge)) {
      if (credentials === undefined || 'identityToken' in credentials)
        throw new Fault('denied', `the registry ${registry} wants a name and a password`, { hint: '--user NAME' })
      authorization = basic(credentials)
      return
    }
    const { realm, service, scope } = parse(Challenge, parameters(challenge), `what the registry ${registry} asks for`)
    const url = new URL(realm)
    // The password goes there: not in the clear, and not where nobody would expect it.
    if (url.protocol !== 'https:' && !loopback.test(url.host) && options.insecure !== true) {
      throw new Fault('denied', `the registry ${registry} sends to ${realm} for a token, which is not encrypted`)
    }
    const response = await askToken(url, service, scope ?? `repository:${repository}:pull`)
    if (!response.ok) throw await refused(`a token for ${repository}`, response)
    const name = `the token of ${registry}`
    const answer = parse(Token, parseJson(await textOf(response, name), name), name)
    const token = answer.token ?? answer.access_token
    if (token === undefined) throw new Fault('exec', `the registry ${registry} gave no token`)
    authorization = `Bearer ${token}`
  }

  /** `known` where the digest is, so that it does not matter who gives it. */
  const get = async (path: string, what: string, headers: Record<string, string>, known: boolean): Promise<Response> => {
    const first = await ask(`${base}/${repository}/${path}`, headers, { known })
    if (first.ok) return first
    const challenge = first.headers.get('www-authenticate')
    if (first.status !== 401 || challenge === null) throw await refused(what, first)
    await first.body?.cancel()
    await logIn(challenge)
    const second = await ask(`${base}/${repository}/${path}`, headers, { known })
    if (!second.ok) throw await refused(what, second)
    return second
  }

  return {
    async manifest(version) {
      const what = `${repository}${isDigest(version) ? '@' : ':'}${version}`
      const response = await get(`manifests/${version}`, what, { accept: manifestTypes.join(', ') }, isDigest(version))
      const text = await textOf(response, what)
      const digest = `sha256:${createHash('sha256').update(text).digest('hex')}`
      const named = isDigest(version) ? version : response.headers.get('docker-content-digest')
      if (named !== null && named !== digest) throw new Fault('input', `what came for ${what} has the digest ${digest}, not ${named}`)
      return { text, digest }
    },
    blob: (digest) => async (offset) => {
      const response = await get(`blobs/${digest}`, digest, { range: `bytes=${offset}-` }, true)
      const from = response.status === 206 ? Number(/^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '')?.[1] ?? 0) : 0
      if (response.body === null) throw new Fault('exec', `the registry ${registry} sent nothing for ${digest}`)
      const body = Readable.fromWeb(response.body)
      if (from !== 0 && from !== offset) throw new Fault('exec', `the registry ${registry} sent another part of ${digest}`)
      return { body: watched(body, digest), from }
    },
  }
}

/** Registries that have the same images, the preferred first, as one. One that fails is not asked again, and the next is; the last decides. */
export function firstOf(registries: readonly Registry[], failed: (error: unknown) => void): Registry {
  const left = [...registries]
  const first = async <T>(work: (registry: Registry) => Promise<T>): Promise<T> => {
    for (;;) {
      const [registry] = left
      if (registry === undefined) throw new Fault('bug', 'there is no registry to ask')
      try {
        return await work(registry)
      } catch (error) {
        // Another download may have met it first.
        const known = left[0] !== registry
        if (!known && left.length === 1) throw error
        if (!known) {
          left.shift()
          failed(error)
        }
      }
    }
  }
  return {
    manifest: (version) => first((registry) => registry.manifest(version)),
    blob: (digest) => (offset) => first((registry) => registry.blob(digest)(offset)),
  }
}
