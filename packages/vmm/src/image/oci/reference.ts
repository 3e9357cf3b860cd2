/** Names of images in registries: `ubuntu:22.04`, `ghcr.io/owner/name@sha256:...` (the grammar of the distribution project's reference package). */
import { z } from 'zod'

export interface Reference {
  /** Host, with a port when it is not the usual one. */
  readonly registry: string
  readonly repository: string
  /** Tag or digest. */
  readonly version: string
}

const part = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/
const host = /^(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*|\[[0-9a-fA-F:]+\])(?::\d{1,5})?$/
const tag = /^\w[\w.-]{0,127}$/
const digest = /^sha256:[0-9a-f]{64}$/

/** Where images without a host are, as with other programs that take such names. */
const defaultRegistry = 'docker.io'

function split(text: string): { path: string; version: string } {
  const at = text.indexOf('@')
  if (at !== -1) return { path: text.slice(0, at).replace(/:[^/:]*$/, ''), version: text.slice(at + 1) }
  const colon = text.lastIndexOf(':')
  return colon > text.lastIndexOf('/') ? { path: text.slice(0, colon), version: text.slice(colon + 1) } : { path: text, version: 'latest' }
}

function read(text: string): Reference | undefined {
  const { path, version } = split(text)
  const [first = '', ...rest] = path.split('/')
  const named = rest.length > 0 && (first.includes('.') || first.includes(':') || first === 'localhost')
  const registry = named ? first : defaultRegistry
  const parts = named ? rest : [first, ...rest]
  const repository = registry === defaultRegistry && parts.length === 1 ? `library/${parts[0]}` : parts.join('/')
  const right = host.test(registry) && parts.every((each) => part.test(each)) && (tag.test(version) || digest.test(version))
  return right && repository.length <= 255 ? { registry, repository, version } : undefined
}

export const Reference = z.string().transform((text, context): Reference => {
  const found = read(text)
  if (found !== undefined) return found
  context.issues.push({
    code: 'custom',
    input: text,
    message: 'must be the name of an image such as debian:12 or registry.example.org/team/web:1.4',
  })
  return z.NEVER
})

/** Whether a version is the digest of a manifest; it then cannot change. */
export function isDigest(version: string): boolean {
  return digest.test(version)
}

/** The name as people write it. */
export function nameOf({ registry, repository, version }: Reference): string {
  const shown = registry === defaultRegistry ? repository.replace(/^library\//, '') : `${registry}/${repository}`
  return `${shown}${isDigest(version) ? '@' : ':'}${version}`
}
