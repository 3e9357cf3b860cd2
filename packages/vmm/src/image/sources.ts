/** Where Debian packages come from: apt's sources, signed by Debian's archive keys, and an apt configuration of our own. */
import { z } from 'zod'

/** Releases whose kernels and packages we know to work. */
export const Release = z.enum(['bookworm', 'trixie'])
export type Release = z.output<typeof Release>
export const defaultRelease: Release = 'bookworm'

/** Releases that the source of a kernel may come from: an older one has an older Linux, and is asked last. */
export const SourceRelease = z.enum([...Release.options, 'bullseye'])
export type SourceRelease = z.output<typeof SourceRelease>

export const Mirror = z
  .string()
  .regex(/^https?:\/\/[\w.:[\]/~%+-]+$/, 'must be an http or https URL without blanks')
  .meta({ description: 'Debian mirror; the one that apt uses on this machine unless told', examples: ['http://mirror.example.net/debian'] })

/** Base addresses of Debian's archive and of its security updates. */
export interface Mirrors {
  readonly archive: string
  readonly security: string
}

/** The directory of security updates beside that of the archive, as Debian's mirrors lay it out. */
function securityBeside(archive: string): string {
  return archive.replace(/\/debian$/, '/debian-security')
}

/** The mirrors among the repositories of this machine, one address a line as apt says them; undefined when Debian is not among them. */
export function mirrorsAmong(addresses: string, wanted?: string): Mirrors | undefined {
  const known = addresses
    .split('\n')
    .map((line) => line.trim().replace(/\/$/, ''))
    .filter((line) => Mirror.safeParse(line).success)
  const archive = wanted?.replace(/\/$/, '') ?? known.find((address) => address.endsWith('/debian'))
  if (archive === undefined) return undefined
  return { archive, security: known.find((address) => address.endsWith('/debian-security')) ?? securityBeside(archive) }
}

/** From the package debian-archive-keyring. */
export const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg'

/** Lines of sources.list(5): the release, its updates, and security. */
export function sourceLines(release: SourceRelease, { archive, security }: Mirrors): string[] {
  const line = (url: string, suite: string): string => `deb [signed-by=${keyring}] ${url} ${suite} main`
  return [line(archive, release), line(archive, `${release}-updates`), line(security, `${release}-security`)]
}

/** Proxies as `apt-config shell` and the environment name them. */
export interface Proxies {
  readonly http?: string
  readonly https?: string
}

/** Proxy settings in the syntax of apt.conf(5). */
export function proxyOptions(proxies: Proxies): string[] {
  return Object.entries(proxies).map(([scheme, url]) => `Acquire::${scheme}::Proxy ${JSON.stringify(url)};`)
}

/**
 * Configuration of an apt that knows nothing of this machine: its lists, archives and (empty) status lie in `root`. So it works for
 * others than root, on any distribution that has apt, and with the sources of another release.
 */
export function aptConfiguration(root: string, architecture: string, proxies: Proxies): string {
  const options = {
    'Dir::Etc': `${root}/etc`,
    'Dir::State': root,
    'Dir::State::status': `${root}/status`,
    'Dir::State::lists': `${root}/lists`,
    'Dir::Cache': root,
    'Dir::Cache::archives': `${root}/archives`,
    'Dir::Cache::pkgcache': '',
    'Dir::Cache::srcpkgcache': '',
    'APT::Architecture': architecture,
    'APT::Sandbox::User': 'root',
    'Acquire::Languages': 'none',
    'Acquire::Retries': '2',
  }
  const lines = Object.entries(options).map(([key, value]) => `${key} ${JSON.stringify(value)};`)
  return [...lines, `APT::Architectures { ${JSON.stringify(architecture)}; };`, ...proxyOptions(proxies), ''].join('\n')
}
