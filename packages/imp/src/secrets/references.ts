/** Where a configuration names secrets, and what is wrong with those that it names. Pure. */
import type { Finding } from '@imp/kit/base/fault.ts'
import { wrong, type RouterConfig } from '../config/model.ts'
import { layer3Interfaces } from '../interfaces/model.ts'
import type { SecretValues } from './model.ts'

/** A place of a configuration that names a secret. */
export interface Reference {
  readonly name: string
  readonly path: string
  /** Longest value that works there, in bytes. */
  readonly longest: number
}

/** Length of a key of OSPF (RFC 2328 D.3), which is zero-filled to it. */
const ospfKeyLength = 16

/** All places that name a secret. */
export function references(config: RouterConfig): Reference[] {
  const peers = (config.bgp?.peers ?? []).flatMap(({ name, password }) =>
    password === undefined ? [] : [{ name: password.secret, path: `bgp.peers[${name}].password`, longest: 80 }],
  )
  const interfaces = layer3Interfaces(config).flatMap(({ path, ospf }) =>
    ospf?.authentication === undefined
      ? []
      : [{ name: ospf.authentication.key.secret, path: `${path}.ospf.authentication.key`, longest: ospfKeyLength }],
  )
  return [...peers, ...interfaces]
}

/** Secrets that are missing or do not fit. */
export function checkSecrets(config: RouterConfig, values: SecretValues): Finding[] {
  return references(config).flatMap(({ name, path, longest }) => {
    const value = values.get(name)
    if (value === undefined) return [wrong(path, { secret: name }, `names the secret ${name}, which is not set`, `imp secret set ${name}`)]
    if (value.length <= longest) return []
    const message = `names the secret ${name}, which is longer than the ${longest} characters that OSPF takes`
    return [wrong(path, { secret: name }, message, `imp secret set ${name}, with a shorter value`)]
  })
}
