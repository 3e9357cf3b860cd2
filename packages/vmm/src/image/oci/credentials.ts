/**
 * Names and passwords for registries, as `docker login` and `podman login` leave them: in files, or with programs that ask a store
 * (docker-cli, config file; containers-auth.json(5); docker-credential-helpers, README, Usage).
 */
import { join } from 'node:path'
import { z } from 'zod'
import { asFault, Fault } from '@imp/kit/base/fault.ts'
import { parse, parseJson } from '@imp/kit/base/schema.ts'
import type { Argv, Host } from '@imp/kit/host/host.ts'

/** What a registry is told of who asks. An identity token stands for a password at those that give such. */
export type Credentials = { readonly user: string; readonly password: string } | { readonly identityToken: string }

/** Whose logins they are; `name` is undefined for the one that we run as. */
export interface Person {
  readonly name: string | undefined
  readonly home: string
}

export type Environment = Readonly<Record<string, string | undefined>>

/** The name is part of a program's name, and no path. */
const Helper = z.string().regex(/^[A-Za-z0-9][\w.-]*$/, 'must be the name of a credential helper')
const Login = z.looseObject({
  auth: z.string().optional(),
  username: z.string().optional(),
  password: z.string().optional(),
  identitytoken: z.string().optional(),
})
const File = z.looseObject({
  auths: z.record(z.string(), Login).default({}),
  credHelpers: z.record(z.string(), Helper).default({}),
  credsStore: z.union([z.literal(''), Helper]).optional(),
})
const Answer = z.looseObject({ Username: z.string(), Secret: z.string() })

/** What Docker's own registry is called by those who keep passwords. */
const dockerServer = 'https://index.docker.io/v1/'

/** Keys under which a registry, or a part of it, stands there, the narrowest first; that of Docker's own has had several names. */
function keysOf(registry: string, repository: string): string[] {
  const parts = repository.split('/')
  const narrow = parts.map((_, index) => `${registry}/${parts.slice(0, parts.length - index).join('/')}`)
  const names = registry === 'docker.io' ? ['index.docker.io/v1', 'index.docker.io', 'docker.io', 'registry-1.docker.io'] : [registry]
  return [...narrow, ...names.flatMap((name) => [name, `${name}/`, `https://${name}`, `https://${name}/`])]
}

/** `user:password` in Base64; the password may hold colons. */
function decode(auth: string, path: string): Credentials | undefined {
  const text = Buffer.from(auth, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  if (text === '') return undefined
  if (colon < 1) throw new Fault('input', `${path} has a login that cannot be read`, { hint: 'log in again' })
  return { user: text.slice(0, colon), password: text.slice(colon + 1).replace(/\0+$/, '') }
}

function written(login: z.output<typeof Login> | undefined, path: string): Credentials | undefined {
  if (login?.identitytoken) return { identityToken: login.identitytoken }
  if (login?.auth !== undefined) return decode(login.auth, path)
  if (login?.username === undefined || login.password === undefined) return undefined
  return { user: login.username, password: login.password }
}

/** Asks a store by its program; as the person, whose store it is. `missing-program` when it is not installed. */
async function askHelper(host: Host, person: Person, helper: string, server: string, path: string | undefined) {
  const program = `docker-credential-${helper}`
  const own = person.name === undefined
  const argv: Argv = own ? [program, 'get'] : ['runuser', `--user=${person.name}`, '--', program, 'get']
  // Such programs are often where only the person looks.
  const env = { HOME: person.home, ...(own && path !== undefined ? { PATH: path } : {}) }
  const { status, stdout, stderr } = await host.query(argv, { input: `${server}\n`, env, statuses: [0, 1, 127] })
  if (status === 127) throw new Fault('missing-program', `${program} is not installed`)
  if (status === 1) {
    if (/not found/.test(stdout)) return undefined
    throw new Fault('denied', `${program} does not give the login for ${server}`, { detail: stdout || stderr })
  }
  // Its answer holds the password: what is wrong with it is not repeated.
  const answer = Answer.safeParse(JSON.parse(isJson(stdout) ? stdout : 'null'))
  if (!answer.success) throw new Fault('exec', `${program} answered with something else than a login`)
  const { Username, Secret } = answer.data
  if (Secret === '') return undefined
  return Username === '<token>' ? { identityToken: Secret } : { user: Username, password: Secret }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch (error) {
    if (error instanceof SyntaxError) return false
    throw error
  }
}

/** Where logins are, those of podman and skopeo first, which people who have both use for images. */
function filesOf({ name, home }: Person, environment: Environment): string[] {
  const told = (variable: string): string | undefined => (name === undefined ? environment[variable] || undefined : undefined)
  const only = told('REGISTRY_AUTH_FILE')
  if (only !== undefined) return [only]
  const runtime = told('XDG_RUNTIME_DIR')
  return [
    ...(runtime === undefined ? [] : [join(runtime, 'containers', 'auth.json')]),
    join(told('XDG_CONFIG_HOME') ?? join(home, '.config'), 'containers', 'auth.json'),
    join(told('DOCKER_CONFIG') ?? join(home, '.docker'), 'config.json'),
  ]
}

async function findIn(host: Host, person: Person, path: string, keys: readonly string[], registry: string, search: string | undefined) {
  if ((await host.files.stat(path)) === undefined) return undefined
  const { auths, credHelpers, credsStore } = parse(File, parseJson(await host.files.read(path), path), path)
  const login = keys.map((key) => written(auths[key], path)).find((each) => each !== undefined)
  if (login !== undefined) return login
  const server = registry === 'docker.io' ? dockerServer : registry
  const helper = keys.map((key) => credHelpers[key]).find((each) => each !== undefined)
  if (helper !== undefined) return askHelper(host, person, helper, server, search)
  if (credsStore === undefined || credsStore === '') return undefined
  try {
    return await askHelper(host, person, credsStore, server, search)
  } catch (error) {
    // A store for everything that is not on this machine (Docker Desktop's) says nothing of this registry.
    if (asFault(error).code === 'missing-program') return undefined
    throw error
  }
}

/** What is known for a repository of a registry; undefined where nobody has logged in. */
export async function findCredentials(
  host: Host,
  person: Person,
  registry: string,
  repository: string,
  environment: Environment,
): Promise<Credentials | undefined> {
  const keys = keysOf(registry, repository)
  for (const path of filesOf(person, environment)) {
    const found = await findIn(host, person, path, keys, registry, environment['PATH'])
    if (found !== undefined) return found
  }
  return undefined
}
