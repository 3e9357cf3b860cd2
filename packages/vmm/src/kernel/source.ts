/** Where the source of a kernel comes from: a directory, a tarball whose checksum is known, here or on a server, or Debian's package of it. */
import { join } from 'node:path'
import { reported } from '@imp/kit/base/events.ts'
import { Fault } from '@imp/kit/base/fault.ts'
import type { Host } from '@imp/kit/host/host.ts'
import type { VmmContext } from '../context.ts'
import type { KernelParts, UnpackPackage } from './parts.ts'

export type SourceWish =
  | { readonly from: 'directory'; readonly path: string }
  | { readonly from: 'tarball'; readonly path: string; readonly sha256: string }
  | { readonly from: 'download'; readonly url: string; readonly sha256: string }
  | { readonly from: 'debian'; readonly version: string }

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

/** The directory of the source tree; what has to be fetched and unpacked is so beside `into`, once. */
export async function openSource(
  context: VmmContext,
  parts: Pick<KernelParts, 'unpackSource' | 'download'>,
  wish: SourceWish,
  into: string,
): Promise<string> {
  const { host, report } = context
  if (wish.from === 'directory') return requireTree(host, wish.path)
  if (wish.from === 'debian') return requireTree(host, await unpackDebian(context, parts.unpackSource, wish.version, into))
  const downloads = `${into}.download`
  if (wish.from === 'download') await host.files.makeDirectory(downloads)
  else await verifyChecksum(host, wish.path, wish.sha256)
  const path = wish.from === 'download' ? await parts.download(wish.url, wish.sha256, downloads) : wish.path
  return requireTree(host, await reported(report, 'unpack the sources', () => unpackTarball(context, path, into)))
}
