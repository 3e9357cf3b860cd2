/** What images are made of: recipes as data, and the command that turns one into a root file system. Pure. */
import { createHash } from 'node:crypto'
import { shellQuote } from '@imp/kit/host/exec.ts'
import { proxyOptions, sourceLines, type Mirrors, type Proxies, type Release } from './sources.ts'

export interface Recipe {
  readonly summary: string
  /** Debian packages beside the essential ones and apt. */
  readonly packages: readonly string[]
}

const base = ['iproute2', 'iputils-ping', 'kmod', 'mount', 'netbase', 'procps'] as const
// OpenSSH's server, because dropbear 2022.83 forwards no unix sockets, on which FRR listens, and loses sessions that overlap.
const routing = ['conntrack', 'frr', 'nftables', 'openssh-server', 'tcpdump'] as const

export const recipes = {
  debian: { summary: 'a small Debian without init, started and reached over ssh by what vmm brings', packages: base },
  router: { summary: 'Debian with FRR, nftables, an ssh server and tools to look at traffic', packages: [...base, ...routing] },
} as const satisfies Readonly<Record<string, Recipe>>

export type RecipeName = keyof typeof recipes
export const recipeNames = Object.keys(recipes) as [RecipeName, ...RecipeName[]]

/** The recipe that is meant when only the image's name is told. */
export function recipeFor(image: string): RecipeName {
  return recipeNames.find((name) => name === image) ?? 'debian'
}

/** All that an image is made from. */
export interface Order {
  readonly recipe: RecipeName
  readonly release: Release
  readonly architecture: string
  readonly mirrors: Mirrors
  /** Packages beside the recipe's. */
  readonly packages: readonly string[]
  /** Files of this machine that go into the image, with what identifies their content. */
  readonly files: readonly { readonly source: string; readonly target: string; readonly digest: string }[]
}

/** Raised when the same order begins to give another image. */
const format = 1

/** Every package of the order by name, once each, sorted. */
export function packagesOf(order: Order): string[] {
  return [...new Set([...recipes[order.recipe].packages, ...order.packages])].toSorted()
}

/** SHA-256 of what determines the image, apart from what the mirror offers at the time: not the mirror and where files came from. */
export function digestOf(order: Order): string {
  const files = order.files.map(({ target, digest }) => ({ target, digest }))
  const inputs = { format, release: order.release, architecture: order.architecture, packages: packagesOf(order), files }
  return createHash('sha256').update(JSON.stringify(inputs)).digest('hex')
}

/** Documentation and translations take a third of the room and nobody reads them there; licences stay (Debian Policy 12.5). */
const dpkgOptions = [
  'force-unsafe-io',
  'path-exclude=/usr/share/doc/*',
  'path-include=/usr/share/doc/*/copyright',
  'path-exclude=/usr/share/man/*',
  'path-exclude=/usr/share/info/*',
  'path-exclude=/usr/share/locale/*',
  'path-include=/usr/share/locale/locale.alias',
  'path-exclude=/usr/share/lintian/*',
]

/** Where a build keeps its parts; absolute paths. */
export interface BuildPaths {
  /** Packages that earlier builds fetched. */
  readonly archives: string
  /** Named pipe through which mmdebstrap says what it does. */
  readonly log: string
  /** Where dpkg's list of installed packages is put. */
  readonly status: string
  /** Tar of the order's files, when it has any. */
  readonly files?: string
}

/** What is the machine's own and must not be the same in all that share the image; the identity of each guest replaces it. */
const personal = ['etc/hostname', 'etc/resolv.conf', 'etc/machine-id', 'etc/ssh/ssh_host_*_key*', 'var/lib/dbus/machine-id']

function hooks(paths: BuildPaths): string[] {
  const archives = shellQuote(paths.archives)
  return [
    '--setup-hook=mkdir -p "$1/var/cache/apt/archives"',
    `--setup-hook=sync-in ${archives} /var/cache/apt/archives`,
    ...(paths.files === undefined ? [] : [`--customize-hook=tar-in ${shellQuote(paths.files)} /`]),
    `--customize-hook=sync-out /var/cache/apt/archives ${archives}`,
    `--customize-hook=download /var/lib/dpkg/status ${shellQuote(paths.status)}`,
    `--customize-hook=rm -f ${personal.map((path) => `"$1"/${path}`).join(' ')}`,
  ]
}

/**
 * The arguments of mmdebstrap(1). As root it works in a chroot of its own mount namespace; others need user namespaces and
 * subordinate ids (mode `unshare`). The root file system leaves as tar through standard output.
 */
export function mmdebstrapArguments(order: Order, paths: BuildPaths, root: boolean, proxies: Proxies): string[] {
  return [
    `--mode=${root ? 'root' : 'unshare'}`,
    '--variant=apt',
    '--format=tar',
    `--architectures=${order.architecture}`,
    `--include=${packagesOf(order).join(',')}`,
    '--aptopt=APT::Install-Recommends "false"',
    ...proxyOptions(proxies).map((option) => `--aptopt=${option}`),
    ...dpkgOptions.map((option) => `--dpkgopt=${option}`),
    '--skip=essential/unlink',
    ...hooks(paths),
    `--logfile=${paths.log}`,
    order.release,
    '-',
    ...sourceLines(order.release, order.mirrors),
  ]
}

/** The arguments of sqfstar(1): tar from standard input. The tar's entry of the root itself is skipped, so its owner is told. */
export function sqfstarArguments(output: string): string[] {
  return ['-comp', 'lz4', '-quiet', '-no-progress', '-exit-on-error', '-root-mode', '755', '-root-uid', '0', '-root-gid', '0', output]
}
