/** Names and passwords for registries, as `docker login` and `podman login` leave them (docker-cli, config file; containers-auth.json(5)). */
import { join } from 'node:path'
import { z } from 'zod'
import { Fault } from '@imp/kit/base/fault.ts'
import { parse, parseJson } from '@imp/kit/base/schema.ts'
import type { Host } from '@imp/kit/host/host.ts'
import type { Credentials } from './registry.ts'

const Login = z.looseObject({ auth: z.string().optional(), username: z.string().optional(), password: z.string().optional() })
const File = z.looseObject({ auths: z.record(z.string(), Login).default({}) })

/** Keys under which a registry stands there; that of Docker's own has had several names. */
function keysOf(registry: string): string[] {
  const names = registry === 'docker.io' ? ['index.docker.io/v1', 'index.docker.io', 'docker.io', 'registry-1.docker.io'] : [registry]
  return names.flatMap((name) => [name, `${name}/`, `https://${name}`, `https://${name}/`])
}

/** `user:password` in Base64; the password may hold colons. */
function decode(auth: string, path: string): Credentials | undefined {
  const text = Buffer.from(auth, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  if (text === '') return undefined
  if (colon < 1) throw new Fault('input', `${path} has a login that cannot be read`, { hint: 'log in again' })
  return { user: text.slice(0, colon), password: text.slice(colon + 1).replace(/\0+$/, '') }
}

/** What is known for a registry in a home directory; undefined where nobody has logged in. */
export async function findCredentials(host: Host, home: string, registry: string): Promise<Credentials | undefined> {
  const path = join(home, '.docker', 'config.json')
  if ((await host.files.stat(path)) === undefined) return undefined
  const { auths } = parse(File, parseJson(await host.files.read(path), path), path)
  const key = keysOf(registry).find((each) => auths[each] !== undefined)
  const login = key === undefined ? undefined : auths[key]
  if (login?.auth !== undefined) return decode(login.auth, path)
  if (login?.username === undefined || login.password === undefined) return undefined
  return { user: login.username, password: login.password }
}
