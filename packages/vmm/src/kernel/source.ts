/** Where the source of a kernel comes from: a directory, a tarball whose checksum is known, here or on a server, or Debian's package of it. */
import { basename, join } from 'node:path'
import { reported } from '@imp/kit/base/events.ts'
import { asFault, Fault } from '@imp/kit/base/fault.ts'
import type { Host } from '@imp/kit/host/host.ts'
import type { VmmContext } from '../context.ts'
import type { KernelParts, UnpackPackage } from './parts.ts'
import { checksumsOf, chooseRelease } from './upstream.ts'

export type SourceWish =
  | { readonly from: 'directory'; readonly path: string }
  | { readonly from: 'tarball'; readonly path: string; readonly sha256: string }
  | { readonly from: 'download'; readonly url: string; readonly sha256: string }
  | { readonly from: 'debian'; readonly version: string }
  | { readonly from: 'upstream'; readonly version: string }

/** A tree of sources, and where it comes from in words. */
export interface OpenedSource {
  readonly tree: string
  readonly origin: string
}

/** A tarball of Linux takes a minute to unpack on a slow disk. */
const unpackTimeout = 1_800_000

/** Refuses a file whose content is not what was expected. */
async function verifyChecksum(host: Host, path: string, sha256: string): Promise<void> {
  if ((await host.files.stat(path))?.kind !== 'file') throw new Fault('not-found', `there is no file ${path}`)
  const { stdout } = await host.query(['sha256sum', '--', path], { timeout: 300_000 })
  const found = /^\\?([0-9a-f]{64}) /.exec(stdout)?.[1]
  if (found === sha256) return
  throw new Fault('input', `${path} is not the tarball that was meant`, { detail: `expected sha256 ${sha256}\nfound    sha256 ${found}` })
}

/** The one directory that a tarball of sources holds. */
async function onlyDirectory(host: Host, directory: string, path: string): Promise<string> {
  const [first, ...others] = await host.files.list(directory)
  if (first === undefined || others.length > 0) throw new Fault('input', `${path} must hold one directory of sources`)
  return join(directory, first)
}

/** Unpacks beside and moves into place, so that a tree that is there is a whole one. */
async function unpackTarball({ host, signal }: VmmContext, path: string, into: string): Promise<string> {
  if ((await host.files.stat(into)) === undefined) {
    const half = `${into}.unpacking`
    await host.files.remove(half)
    await host.files.makeDirectory(half)
    await host.run(['tar', '--extract', '--no-same-owner', `--file=${path}`, `--directory=${half}`], { signal, timeout: unpackTimeout })
    await host.files.rename(half, into)
  }
  return onlyDirectory(host, into, path)
}

/** Debian packs its source once more: the tarball lies in usr/src of the package. */
async function unpackDebian(context: VmmContext, unpackPackage: UnpackPackage, version: string, into: string): Promise<string> {
  const { host } = context
  if ((await host.files.stat(into)) !== undefined) return onlyDirectory(host, into, version)
  const name = `linux-source-${version}`
  const unpacked = `${into}.package`
  await host.files.remove(unpacked)
  await reported(context.report, `fetch Debian's ${name}`, () => unpackPackage(name, unpacked))
  const directory = join(unpacked, 'usr', 'src')
  const tarball = (await host.files.list(directory)).find((each) => each.startsWith(`${name}.tar`))
  if (tarball === undefined) throw new Fault('not-found', `Debian's package ${name} holds no sources`)
  const tree = await reported(context.report, 'unpack the sources', () => unpackTarball(context, join(directory, tarball), into))
  await host.files.remove(unpacked)
  return tree
}

async function requireTree(host: Host, tree: string): Promise<string> {
  for (const each of ['Makefile', 'Kconfig']) {
    if ((await host.files.stat(join(tree, each)))?.kind !== 'file')
      throw new Fault('input', `${tree} is no source tree of Linux`, { detail: `there is no ${each}` })
  }
  return tree
}

type SourceParts = Pick<KernelParts, 'unpackSource' | 'download' | 'readText' | 'kernelMirror'>

async function unpackDownload(context: VmmContext, parts: SourceParts, url: string, sha256: string, into: string): Promise<string> {
  const downloads = `${into}.download`
  await context.host.files.makeDirectory(downloads)
  const path = await parts.download(url, sha256, downloads)
  return reported(context.report, 'unpack the sources', () => unpackTarball(context, path, into))
}

/** What was unpacked is taken again, whatever is released meanwhile. */
async function unpackUpstream(context: VmmContext, parts: SourceParts, version: string, into: string): Promise<string> {
  if ((await context.host.files.stat(into)) !== undefined) return onlyDirectory(context.host, into, version)
  const address = checksumsOf(parts.kernelMirror, version)
  const { url, sha256 } = chooseRelease(await parts.readText(address), address, version)
  return unpackDownload(context, parts, url, sha256, into)
}

/** Debian's source, and that of Linux itself where Debian has none. */
async function unpackEither(context: VmmContext, parts: SourceParts, version: string, into: string): Promise<OpenedSource> {
  const upstream = `${into}.upstream`
  const itself = async (): Promise<OpenedSource> => ({
    tree: await unpackUpstream(context, parts, version, upstream),
    origin: new URL(parts.kernelMirror).host,
  })
  if ((await context.host.files.stat(upstream)) !== undefined) return itself()
  try {
    return { tree: await unpackDebian(context, parts.unpackSource, version, into), origin: `linux-source-${version} of Debian` }
  } catch (error) {
    const none = asFault(error)
    if (none.code !== 'not-found') throw error
    context.report({ event: 'log', level: 'info', text: `${none.message}: taken from ${parts.kernelMirror}` })
    try {
      return await itself()
    } catch (failure) {
      context.signal.throwIfAborted()
      const fault = asFault(failure)
      const detail = [none.message, none.detail, fault.message, fault.detail].filter((each) => each !== undefined).join('\n')
      throw new Fault(fault.code, `there is no source of Linux ${version}`, { hint: none.hint, detail, cause: failure })
    }
  }
}

async function openAny(context: VmmContext, parts: SourceParts, wish: SourceWish, into: string): Promise<OpenedSource> {
  const { host, report } = context
  if (wish.from === 'directory') return { tree: wish.path, origin: wish.path }
  if (wish.from === 'debian') return unpackEither(context, parts, wish.version, into)
  if (wish.from === 'upstream')
    return { tree: await unpackUpstream(context, parts, wish.version, into), origin: new URL(parts.kernelMirror).host }
  if (wish.from === 'download') return { tree: await unpackDownload(context, parts, wish.url, wish.sha256, into), origin: wish.url }
  const { path, sha256 } = wish
  await verifyChecksum(host, path, sha256)
  const tree = await reported(report, 'unpack the sources', () => unpackTarball(context, path, into))
  return { tree, origin: basename(path) }
}

/** The source tree; what has to be fetched and unpacked is so beside `into`, once. */
export async function openSource(context: VmmContext, parts: SourceParts, wish: SourceWish, into: string): Promise<OpenedSource> {
  const { tree, origin } = await openAny(context, parts, wish, into)
  return { tree: await requireTree(context.host, tree), origin }
}
