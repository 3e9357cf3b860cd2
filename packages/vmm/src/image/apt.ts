/** Fetches Debian packages without installing them. What is trusted is what apt trusts: lists signed by Debian, files by their hash. */
import { join } from 'node:path'
import { asFault, Fault } from '@imp/kit/base/fault.ts'
import { withLock } from '@imp/kit/host/lock.ts'
import type { Host } from '@imp/kit/host/host.ts'
import type { VmmContext } from '../context.ts'
import { aptConfiguration, keyring, mirrorsAmong, sourceLines, type Mirrors, type Proxies, type SourceRelease } from './sources.ts'

/** Long enough for a kernel over a slow line. */
const downloadTimeout = 1_800_000
/** Milliseconds for which the lists of packages are not asked for again. */
const freshFor = 300_000

export interface Repository {
  readonly release: SourceRelease
  /** Debian's word: `amd64`. */
  readonly architecture: string
  readonly mirrors: Mirrors
}

export interface Downloaded {
  readonly name: string
  readonly version: string
  /** The .deb file. */
  readonly path: string
}

/** Where apt keeps what it fetched from the repository; shared by everything that we build. */
export function aptRoot(cache: string, repository: Pick<Repository, 'release' | 'architecture'>): string {
  return join(cache, 'apt', `${repository.release}-${repository.architecture}`)
}

/** Proxies of this machine's apt, else of the environment. */
export async function readProxies(host: Host): Promise<Proxies> {
  const words = ['http', 'Acquire::http::Proxy', 'https', 'Acquire::https::Proxy'] as const
  const { stdout } = await host.query(['apt-config', 'shell', ...words])
  const configured = new Map([...stdout.matchAll(/^(https?)='([^']+)'$/gm)].map((match) => [match[1], match[2]]))
  const http = configured.get('http') ?? process.env['http_proxy']
  const https = configured.get('https') ?? process.env['https_proxy']
  return { ...(http === undefined ? {} : { http }), ...(https === undefined ? {} : { https }) }
}

/** The mirrors to fetch from: `wanted`, or what apt uses on this machine (apt-get(8), indextargets). */
export async function findMirrors(host: Host, wanted?: string): Promise<Mirrors> {
  const { stdout } = await host.query(['apt-get', 'indextargets', '--format', '$(REPO_URI)', 'Created-By: Packages'])
  const mirrors = mirrorsAmong(stdout, wanted)
  if (mirrors !== undefined) return mirrors
  throw new Fault('not-found', "apt on this machine knows no mirror of Debian's archive", { hint: 'name one: --mirror URL' })
}

async function prepare(context: VmmContext, repository: Repository): Promise<string> {
  const { host } = context
  if ((await host.files.stat(keyring)) === undefined)
    throw new Fault('missing-program', `Debian's archive keys are not at ${keyring}`, { hint: 'apt-get install debian-archive-keyring' })
  const root = aptRoot(context.paths.cache, repository)
  for (const directory of [
    'etc/apt.conf.d',
    'etc/preferences.d',
    'etc/sources.list.d',
    'etc/trusted.gpg.d',
    'lists/partial',
    'archives/partial',
  ])
    await host.files.makeDirectory(join(root, directory))
  await host.files.write(join(root, 'status'), '')
  await host.files.write(join(root, 'etc/sources.list'), `${sourceLines(repository.release, repository.mirrors).join('\n')}\n`)
  await host.files.write(join(root, 'apt.conf'), aptConfiguration(root, repository.architecture, await readProxies(host)))
  return root
}

/** Records of `apt-cache show`, one of each package: fields by name. */
export function parseRecords(text: string): ReadonlyMap<string, string>[] {
  return text
    .split(/\n\n+/)
    .filter((record) => record.trim() !== '')
    .map((record) => new Map([...record.matchAll(/^([A-Za-z0-9-]+): (.*)$/gm)].map((match) => [match[1] ?? '', match[2] ?? ''])))
}

/** What apt calls the file of a package (apt, methods' archive names: `_` and `:` are quoted). */
export function archiveName(record: ReadonlyMap<string, string>): string {
  const version = (record.get('Version') ?? '').replaceAll('_', '%5f').replaceAll(':', '%3a')
  return `${record.get('Package')}_${version}_${record.get('Architecture')}.deb`
}

/** The first package that a record of `apt-cache show` depends on whose name matches; undefined when none does. */
export function dependencyOf(record: ReadonlyMap<string, string>, pattern: RegExp): string | undefined {
  return (record.get('Depends') ?? '')
    .split(/[,|]/)
    .map((word) => word.trim().split(' ')[0] ?? '')
    .find((name) => pattern.test(name))
}

/** `dlstatus:1:23.5:Retrieving file` (apt, doc/progress-reporting.md): per cent of all. */
function percentOf(line: string): number | undefined {
  const match = /^dlstatus:\d+:([\d.]+):/.exec(line)
  return match === null ? undefined : Number(match[1])
}

async function showPackages({ host, signal }: VmmContext, env: Record<string, string>, names: readonly string[]) {
  const { stdout } = await host.query(['apt-cache', 'show', '--no-all-versions', ...names], { env, signal, statuses: [0, 100] })
  return parseRecords(stdout)
}

async function fetchAll(context: VmmContext, root: string, env: Record<string, string>, names: readonly string[]): Promise<Downloaded[]> {
  const { host, report, signal } = context
  const archives = join(root, 'archives')
  const records = await showPackages(context, env, names)
  const missing = names.filter((name) => !records.some((record) => record.get('Package') === name))
  if (missing.length > 0) throw new Fault('not-found', `Debian offers no package ${missing.join(', ')}`)
  const total = records.reduce((sum, record) => sum + Number(record.get('Size')), 0)
  await host.run(['apt-get', '--quiet', '--option=APT::Status-Fd=2', 'download', ...names], {
    env,
    cwd: archives,
    signal,
    timeout: downloadTimeout,
    onLine: (line) => {
      const percent = percentOf(line)
      if (percent === undefined) return
      report({ event: 'progress', title: 'download packages', done: Math.round((percent * total) / 100), total, unit: 'bytes' })
    },
  })
  return records.map((record) => ({
    name: record.get('Package') ?? '',
    version: record.get('Version') ?? '',
    path: join(archives, archiveName(record)),
  }))
}

/** Asks the mirror what there is, unless that was done a moment ago for another download. */
async function refreshLists({ host, signal }: VmmContext, root: string, env: Record<string, string>): Promise<void> {
  const stamp = join(root, 'refreshed')
  const last = (await host.files.stat(stamp))?.modified.getTime() ?? 0
  if (Math.abs(host.clock.now().getTime() - last) < freshFor) return
  await host.run(['apt-get', '--quiet', '--error-on=any', 'update'], { env, signal, timeout: downloadTimeout })
  await host.files.write(stamp, '')
}

/** The names that the repository does not have. */
async function unknownAmong(context: VmmContext, repository: Repository, names: readonly string[]): Promise<string[]> {
  const root = aptRoot(context.paths.cache, repository)
  return withLock(context.host.clock, `${root}.lock`, { what: 'the package cache', timeout: downloadTimeout }, async () => {
    await prepare(context, repository)
    const env = { APT_CONFIG: join(root, 'apt.conf') }
    await refreshLists(context, root, env)
    const known = new Set((await showPackages(context, env, names)).map((record) => record.get('Package')))
    return names.filter((name) => !known.has(name))
  })
}

/** Refuses names of packages that the repository does not have, before anything is built with them. */
export async function checkPackages(context: VmmContext, repository: Repository, names: readonly string[]): Promise<void> {
  if (names.length === 0) return
  const unknown = await unknownAmong(context, repository, names)
  if (unknown.length === 0) return
  throw new Fault('not-found', `Debian ${repository.release} offers no package ${unknown.join(', ')}`, {
    hint: 'check the names, or choose another --release',
  })
}

/** The repository of the first of the releases that has the package; a `not-found` fault that says what was asked. */
export async function findOffer(
  context: VmmContext,
  repository: Repository,
  name: string,
  releases: readonly SourceRelease[],
): Promise<Repository> {
  const answers: string[] = []
  for (const release of releases) {
    try {
      if ((await unknownAmong(context, { ...repository, release }, [name])).length === 0) return { ...repository, release }
      answers.push(`${release} does not have it`)
    } catch (error) {
      // Mirrors do not keep all releases: what cannot be asked is no reason not to ask the next.
      const fault = asFault(error)
      if (fault.code !== 'exec') throw error
      answers.push(`${release} cannot be asked: ${fault.message}`)
    }
  }
  throw new Fault('not-found', `Debian offers no package ${name}`, {
    hint: 'give the source itself: --tarball with --sha256, or --source',
    detail: answers.join('\n'),
  })
}

/**
 * Fetches the newest version of each package, or keeps what is already there. Names ending in `*` stand for the package that the
 * meta package without the star depends on: `linux-image-cloud-amd64*`.
 */
export async function downloadPackages(context: VmmContext, repository: Repository, names: readonly string[]): Promise<Downloaded[]> {
  const { host } = context
  const root = aptRoot(context.paths.cache, repository)
  const options = { what: 'the package cache', timeout: downloadTimeout }
  return withLock(host.clock, `${root}.lock`, options, async () => {
    await prepare(context, repository)
    const env = { APT_CONFIG: join(root, 'apt.conf') }
    await refreshLists(context, root, env)
    const resolved = await Promise.all(
      names.map(async (name) => {
        if (!name.endsWith('*')) return name
        const meta = name.slice(0, -1)
        const [record] = await showPackages(context, env, [meta])
        const found = record === undefined ? undefined : dependencyOf(record, /^linux-image-\d/)
        if (found === undefined) throw new Fault('not-found', `the package ${meta} names no kernel`)
        return found
      }),
    )
    return fetchAll(context, root, env, resolved)
  })
}

/** Unpacks packages side by side into a directory, running none of their scripts. */
export async function unpackPackages(context: VmmContext, packages: readonly Downloaded[], directory: string): Promise<void> {
  const { host, signal } = context
  await host.files.makeDirectory(directory)
  for (const each of packages) {
    const unpack = ['tar', '--extract', '--no-same-owner', '--keep-directory-symlink', `--directory=${directory}`] as const
    await host.pipe([['dpkg-deb', '--fsys-tarfile', each.path], unpack], { signal, timeout: 300_000 })
  }
}
