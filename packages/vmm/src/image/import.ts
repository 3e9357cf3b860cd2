/** Makes an image of layers: merged as one tar stream into squashfs, nothing unpacked, no rights needed, nothing left behind. */
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { asFault, Fault } from '@imp/kit/base/fault.ts'
import { reported } from '@imp/kit/base/events.ts'
import { withLock } from '@imp/kit/host/lock.ts'
import type { VmmContext } from '../context.ts'
import { findCredentials, type Credentials } from './oci/credentials.ts'
import { defaultLimits, type Limits } from './oci/layer.ts'
import { platformArchitecture } from './oci/manifest.ts'
import { mergedArchive, mergeLayers, type Merged } from './oci/merge.ts'
import { openSource, type OpenOptions, type Origin } from './oci/open.ts'
import type { Mirror } from './oci/pull.ts'
import { nameOf, type Reference } from './oci/reference.ts'
import type { Source } from './oci/source.ts'
import { checkMachine, shells } from './architecture.ts'
import { verifyFile } from './build.ts'
import { imagesDirectory, type Image } from './model.ts'
import { packageLists, packagesAmong } from './packages.ts'
import { sqfstarArguments } from './recipe.ts'
import { chooseStart, commandPath, decisive, renderStart, type Start, type Wish } from './start.ts'
import { images, publishImage } from './store.ts'

/** Milliseconds for one image; also how long a command waits for another that works on the same. */
const patience = 7_200_000

export interface ImportOrder {
  readonly name: string
  readonly origin: Origin
  /** How guests shall start. */
  readonly start: Wish
  /** Bytes that the layers may have when they are unpacked. */
  readonly size?: number
  readonly insecure: boolean
  readonly credentials?: Credentials
  readonly force: boolean
}

/** Keys that everybody who has the image knows; each guest gets its own. Names of machines are the guest's identity. */
const personal = /^etc\/(ssh\/ssh_host_\w+_key(\.pub)?|dropbear\/dropbear_\w+_host_key|machine-id)$/

/** Lists and configuration that are looked at in the image. */
const wanted = [...decisive, ...Object.values(packageLists), ...shells]

/** What the origin is for messages and in documents. */
export function originName(origin: Origin): string {
  if (origin.kind === 'registry') return nameOf(origin.reference)
  return `${origin.kind}:${origin.path}${origin.tag === undefined ? '' : `:${origin.tag}`}`
}

/** Refuses what is no root file system, and says what it may be instead. */
function checkRoot(merged: Merged, name: string): void {
  const { winners } = merged
  if (winners.has('manifest.json') && !winners.has('etc')) {
    throw new Fault('input', `${name} is an archive of docker save, not a root file system`, { hint: 'write docker-archive:FILE' })
  }
  if (winners.has('oci-layout') && !winners.has('etc')) {
    throw new Fault('input', `${name} is an OCI archive, not a root file system`, { hint: 'write oci-archive:FILE' })
  }
  if (winners.size === 0) throw new Fault('input', `${name} holds no files`)
  for (const path of ['etc', 'etc/vmm']) {
    const kind = winners.get(path)?.kind ?? 'directory'
    if (kind !== 'directory') throw new Fault('input', `in ${name} /${path} is no directory`, { hint: 'guests are configured there' })
  }
}

/** How it starts; an archive of one of our own images says so itself. */
function startOf(merged: Merged, source: Source, wish: Wish): { start: Start; file?: string } {
  const start = chooseStart(merged, source.config, wish)
  const file = renderStart(start)
  return { start, ...(file === undefined ? {} : { file }) }
}

async function squash(context: VmmContext, source: Source, merged: Merged, limits: Limits, file: string | undefined, output: string) {
  const { host, report, signal } = context
  const added = file === undefined ? [] : [{ path: commandPath, content: file, mode: 0o644 }]
  const input = mergedArchive(source.layers, merged, {
    limits,
    added,
    omits: (path) => personal.test(path) || (path === commandPath && file === undefined),
  })
  let done = 0
  input.on('data', (chunk: Buffer) => {
    done += chunk.length
    report({ event: 'progress', title: 'write the image', done, total: merged.bytes, unit: 'bytes' })
  })
  input.pause()
  await host.pipe([['sqfstar', ...sqfstarArguments(output)]], { input, timeout: patience, signal })
}

function limitsOf({ size }: ImportOrder): Limits {
  return { ...defaultLimits, ...(size === undefined ? {} : { bytes: size }) }
}

/** Turns an opened source into an image in the store. */
async function make(context: VmmContext, order: ImportOrder, source: Source, inputs: string): Promise<Image> {
  const { host, report } = context
  const work = join(imagesDirectory(context.paths.data), `.${order.name}.building`)
  const limits = limitsOf(order)
  await host.files.remove(work)
  await host.files.makeDirectory(work)
  try {
    const merged = await reported(report, 'check the layers', () => mergeLayers(source.layers, wanted, limits))
    checkRoot(merged, source.name)
    checkMachine(merged.contents, platformArchitecture(process.arch), source.name)
    const { start, file } = startOf(merged, source, order.start)
    const output = join(work, 'root.squashfs')
    await reported(report, 'write the image', () => squash(context, source, merged, limits, file, output))
    const built = await verifyFile(host, output)
    const image: Image = {
      name: order.name,
      source: originName(order.origin),
      ...(source.digest === undefined ? {} : { sourceDigest: source.digest }),
      start,
      architecture: source.config?.architecture ?? platformArchitecture(process.arch),
      packages: packagesAmong(merged.contents),
      ...built,
      inputs,
      created: host.clock.now().toISOString(),
    }
    await publishImage(context, output, image)
    return image
  } finally {
    await host.files.remove(work)
  }
}

const format = 1

/** What tells one import from another. Archives without a digest are told apart by size and time. */
async function inputsOf({ host }: VmmContext, order: ImportOrder, source: Source): Promise<string> {
  const path = order.origin.kind === 'registry' ? undefined : order.origin.path
  const stat = source.digest === undefined && path !== undefined ? await host.files.stat(path) : undefined
  const content = source.digest ?? [path, stat?.size, stat?.modified.toISOString()]
  return createHash('sha256')
    .update(JSON.stringify([format, content, order.start]))
    .digest('hex')
}

/** The mirrors that the settings name for a registry, each with the login that is known for it. */
async function mirrorsOf({ host, config }: VmmContext, { registry, repository }: Reference): Promise<Mirror[]> {
  const addresses = config.file.registry_mirrors?.[registry] ?? []
  return Promise.all(
    addresses.map(async (told) => {
      const address = told.replace(/\/+$/, '')
      const credentials = await findCredentials(host, config.user, new URL(address).host, repository, process.env)
      return { address, ...(credentials === undefined ? {} : { credentials }) }
    }),
  )
}

async function optionsOf(context: VmmContext, order: ImportOrder, blobs: string): Promise<OpenOptions> {
  const { host, config } = context
  const { origin, insecure } = order
  const common = { architecture: platformArchitecture(process.arch), blobs, limits: limitsOf(order), insecure }
  if (origin.kind !== 'registry') return common
  const { registry, repository } = origin.reference
  const credentials = order.credentials ?? (await findCredentials(host, config.user, registry, repository, process.env))
  return { ...common, mirrors: await mirrorsOf(context, origin.reference), ...(credentials === undefined ? {} : { credentials }) }
}

/** Only what a broken connection or an end of ours has left is of use for the next attempt. */
function isWorthKeeping(error: unknown): boolean {
  return ['exec', 'timeout', 'busy', 'failed'].includes(asFault(error).code)
}

/** A directory for downloads while `work` goes on; it stays only when the next attempt can use what is in it. */
export async function withDownloads<T>({ host, signal }: VmmContext, directory: string, work: () => Promise<T>): Promise<T> {
  let finished = true
  try {
    await host.files.makeDirectory(directory)
    return await work()
  } catch (error) {
    finished = !signal.aborted && !isWorthKeeping(error)
    throw error
  } finally {
    if (finished) await host.files.remove(directory)
  }
}

async function importLocked(context: VmmContext, order: ImportOrder, blobs: string): Promise<Image> {
  const { host, paths } = context
  const source = await openSource(context, order.origin, await optionsOf(context, order, blobs))
  const inputs = await inputsOf(context, order, source)
  const former = await images(host, paths).find(order.name)
  return former?.inputs === inputs && !order.force ? former : make(context, order, source, inputs)
}

/**
 * Imports an image; the one that is there already is returned when it came from the same. Throws `input` for layers that are broken or
 * dangerous, `unsupported` for another architecture, `not-found`, `denied` and `exec` for what the registry does.
 */
export async function importImage(context: VmmContext, order: ImportOrder): Promise<Image> {
  const { host, paths } = context
  const name = createHash('sha256').update(originName(order.origin)).digest('hex').slice(0, 16)
  const blobs = join(paths.cache, 'oci', name)
  const options = (what: string) => ({ what, timeout: patience })
  return withLock(host.clock, join(imagesDirectory(paths.data), `.${order.name}.lock`), options(`the image ${order.name}`), () =>
    withLock(host.clock, `${blobs}.lock`, options(originName(order.origin)), () =>
      withDownloads(context, blobs, () => importLocked(context, order, blobs)),
    ),
  )
}
