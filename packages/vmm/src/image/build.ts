/** Builds the file of an image: Debian packages -> one tar stream -> squashfs. Nothing is mounted on the host, nothing is left behind. */
import { join } from 'node:path'
import { asFault, Fault } from '@imp/kit/base/fault.ts'
import type { Argv, Host } from '@imp/kit/host/host.ts'
import type { VmmContext } from '../context.ts'
import { aptRoot, readProxies } from './apt.ts'
import { dpkgPackages } from './packages.ts'
import { phasesOf } from './phases.ts'
import { mmdebstrapArguments, sqfstarArguments, type BuildPaths, type Order } from './recipe.ts'

const buildTimeout = 3_600_000

export interface Built {
  /** The squashfs file, in the directory given. */
  readonly path: string
  readonly size: number
  readonly digest: string
  readonly packages: readonly { readonly name: string; readonly version: string }[]
}

/** What identifies the content of a file or tree: names, modes, links and hashes. */
export async function digestOfFile(host: Host, source: string): Promise<string> {
  if ((await host.files.stat(source)) === undefined) throw new Fault('not-found', `there is no file ${source}`)
  const [listing, hashes] = await Promise.all([
    host.query(['find', source, '-printf', '%P %y %m %l\\n'], { timeout: 300_000 }),
    host.query(['find', source, '-type', 'f', '-exec', 'sha256sum', '--', '{}', '+'], { timeout: 300_000 }),
  ])
  // The hashes name the whole path; where the tree stood does not matter.
  const contents = hashes.stdout.replaceAll(source, '')
  return [...listing.stdout.split('\n'), ...contents.split('\n')].toSorted().join('\n')
}

/** Collects the files under their future paths and owners in one tar. Only they are in it, not their directories, which may be links. */
async function packFiles(host: Host, order: Order, directory: string): Promise<string | undefined> {
  if (order.files.length === 0) return undefined
  const stage = join(directory, 'files')
  const tar = join(directory, 'files.tar')
  for (const { source, target } of order.files) {
    const place = join(stage, target)
    await host.files.makeDirectory(join(place, '..'))
    await host.run(['cp', '--archive', '--no-preserve=ownership', '--no-target-directory', '--', source, place], { timeout: 300_000 })
  }
  const members = order.files.map(({ target }) => target.replace(/^\/+/, ''))
  const owner = ['--owner=0', '--group=0', '--numeric-owner'] as const
  await host.run(['tar', '--create', `--file=${tar}`, `--directory=${stage}`, ...owner, '--', ...members], { timeout: 300_000 })
  return tar
}

/** Milliseconds in which the last lines of a program that has ended arrive. */
const logPatience = 2000

/** Reads lines from a named pipe while `work` runs, and what is left in it afterwards. Returns them when the work fails. */
async function withLog(context: VmmContext, log: string, onLine: (line: string) => void, work: () => Promise<unknown>): Promise<void> {
  const { host, signal } = context
  const reader = new AbortController()
  const lines: string[] = []
  const take = (line: string): void => {
    lines.push(line)
    onLine(line)
  }
  // A writer that never came leaves the reader waiting: it is stopped then, which is no failure of its own.
  const reading = host.run(['cat', log], { timeout: buildTimeout, signal: reader.signal, onLine: take }).catch(() => undefined)
  try {
    await work()
  } catch (error) {
    await Promise.race([reading, host.clock.sleep(logPatience, signal)])
    signal.throwIfAborted()
    const fault = asFault(error)
    const detail = [fault.detail, ...lines.slice(-40)].filter((line) => line !== undefined).join('\n')
    throw new Fault(fault.code, fault.message, { hint: fault.hint, detail, cause: error })
  } finally {
    reader.abort()
    await reading
  }
}

/** What to do about the ways in which mmdebstrap usually fails. */
function explain(error: unknown, root: boolean): Fault {
  const fault = asFault(error)
  const words = fault.detail ?? ''
  const hint = /Unable to locate package|has no installation candidate/.test(words)
    ? 'check the names of the packages'
    : /Temporary failure|Could not resolve|Could not connect|Failed to fetch/.test(words)
      ? 'check that the mirror is reachable'
      : !root && /unshare|newuidmap|subuid/.test(words)
        ? 'run the command as root, or install uidmap and give yourself subordinate ids in /etc/subuid and /etc/subgid'
        : /No space left/.test(words)
          ? 'free some space'
          : fault.hint
  const reason = /^E: (.*)$/m.exec(words)?.[1]
  const message = reason === undefined ? fault.message : `the packages cannot be installed: ${reason}`
  return new Fault(fault.code, message, { hint, detail: fault.detail, cause: error })
}

/**
 * Makes a program of root's end with us, all its children included, by SIGKILL if need be: it is alone in a process namespace whose
 * first process the kernel kills when we die. What it has written lies below `directory`, which is taken away.
 */
function contained(directory: string, argv: Argv): Argv {
  const namespaces = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc'] as const
  return ['env', `TMPDIR=${directory}`, 'setpriv', '--pdeathsig=KILL', ...namespaces, ...argv]
}

async function stream(context: VmmContext, order: Order, paths: BuildPaths, directory: string, output: string): Promise<void> {
  const { host, report, root } = context
  const phases = phasesOf(report)
  const proxies = await readProxies(host)
  const mmdebstrap = ['mmdebstrap', ...mmdebstrapArguments(order, paths, root, proxies)] as const
  const first = root ? contained(directory, mmdebstrap) : mmdebstrap
  try {
    await withLog(
      context,
      paths.log,
      (line) => phases.line(line),
      () => host.pipe([first, ['sqfstar', ...sqfstarArguments(output)]], { timeout: buildTimeout, signal: context.signal }),
    )
    phases.end('done')
  } catch (error) {
    phases.end('failed')
    throw explain(error, root)
  }
}

/** Looks at what was written as a guest's kernel would: superblock, size, digest. */
export async function verifyFile(host: Host, path: string): Promise<{ size: number; digest: string }> {
  const { stdout } = await host.query(['unsquashfs', '-s', path])
  if (!/Found a valid SQUASHFS 4:0 superblock/.test(stdout)) throw new Fault('failed', `${path} is no squashfs`, { detail: stdout })
  await host.run(['sync', '--data', path], { timeout: 300_000 })
  const digest = (await host.query(['sha256sum', path], { timeout: 300_000 })).stdout.slice(0, 64)
  return { size: (await host.files.stat(path))?.size ?? 0, digest }
}

/** Packages kept for the next build, less those that this build replaced by newer ones. */
async function pruneArchives(host: Host, archives: string, packages: Built['packages']): Promise<void> {
  const current = new Map(packages.map(({ name, version }) => [name, version.replaceAll(':', '%3a')]))
  const outdated = (await host.files.list(archives)).filter((file) => {
    const [name = '', version] = file.split('_')
    return file.endsWith('.deb') && current.has(name) && current.get(name) !== version
  })
  await Promise.all(outdated.map((file) => host.files.remove(join(archives, file))))
}

/** Builds the image's file in `directory`, which the caller has made and takes away. */
export async function buildRoot(context: VmmContext, order: Order, directory: string): Promise<Built> {
  const { host, paths } = context
  const archives = join(aptRoot(paths.cache, order), 'archives')
  const log = join(directory, 'log')
  const status = join(directory, 'status')
  const output = join(directory, 'root.squashfs')
  await host.files.makeDirectory(join(archives, 'partial'))
  const files = await packFiles(host, order, directory)
  await host.run(['mkfifo', '--mode=600', log])
  await stream(context, order, { archives, log, status, ...(files === undefined ? {} : { files }) }, directory, output)
  const packages = dpkgPackages(await host.files.read(status))
  await pruneArchives(host, archives, packages)
  return { path: output, packages, ...(await verifyFile(host, output)) }
}
