/** Gets an image from a registry: manifest, configuration and layers, each checked by its digest, what is here already not fetched again. */
import type { Report } from '@imp/kit/base/events.ts'
import { asFault, Fault } from '@imp/kit/base/fault.ts'
import { parse, parseJson } from '@imp/kit/base/schema.ts'
import type { Host } from '@imp/kit/host/host.ts'
import { readStream } from '@imp/kit/host/streams.ts'
import { blobPath, keepBlob } from './blobs.ts'
import { checkConfig, choosePlatform, ImageConfig, Index, Manifest, maximumDocument, type Descriptor } from './manifest.ts'
import { nameOf, type Reference } from './reference.ts'
import type { Credentials } from './credentials.ts'
import { firstOf, registryOf, type Registry, type RegistryOptions } from './registry.ts'
import type { Source } from './source.ts'

/** Layers that are fetched at the same time, as other programs do. */
const atOnce = 3

export interface PullContext {
  readonly host: Host
  readonly report: Report
  readonly signal: AbortSignal
}

/** The manifest for this machine, by way of an index where there is one. */
async function manifestOf(registry: Registry, reference: Reference, architecture: string): Promise<{ manifest: Manifest; digest: string }> {
  const name = nameOf(reference)
  const first = await registry.manifest(reference.version)
  const document = parseJson(first.text, name)
  if (!Index.safeParse(document).success) return { manifest: parse(Manifest, document, name), digest: first.digest }
  const chosen = choosePlatform(parse(Index, document, name), architecture, name)
  const { text, digest } = await registry.manifest(chosen.digest)
  return { manifest: parse(Manifest, parseJson(text, name), name), digest }
}

/** A small blob as text. */
async function documentOf(registry: Registry, blob: Descriptor, host: Host, directory: string, signal: AbortSignal): Promise<string> {
  if (blob.size > maximumDocument) throw new Fault('input', `the configuration of the image is ${blob.size} bytes long`)
  return host.files.read(await keepBlob(host, directory, blob, registry.blob(blob.digest), { advance: () => undefined, signal }))
}

/** Runs the work of all, so many at the same time; the first failure stops the others from beginning. */
async function several<T>(all: readonly T[], work: (each: T) => Promise<unknown>): Promise<void> {
  const waiting = [...all]
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      try {
        await work(next)
      } catch (error) {
        waiting.length = 0
        throw error
      }
    }
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
}

/** A place that has the images of a registry as well, and is asked first. */
export interface Mirror {
  /** `https://mirror.example.org/docker`. */
  readonly address: string
  readonly credentials?: Credentials
}

export interface PullOptions extends Omit<RegistryOptions, 'signal' | 'clock' | 'address'> {
  readonly architecture: string
  readonly mirrors?: readonly Mirror[]
  /** Bytes that all layers may have as they are fetched. */
  readonly most: number
}

/** The registry of an image behind its mirrors. What a mirror gives is held to the same digests. */
function registryFor({ host, report, signal }: PullContext, reference: Reference, { mirrors = [], ...options }: PullOptions): Registry {
  const common = { signal, clock: host.clock }
  const asked = mirrors.map((mirror) => registryOf(reference, { ...common, ...mirror }))
  return firstOf([...asked, registryOf(reference, { ...common, ...options })], (error) => {
    signal.throwIfAborted()
    report({ event: 'log', level: 'warning', text: `a mirror of ${reference.registry} is left out: ${asFault(error).message}` })
  })
}

/** Fetches the image into `directory`. Throws `not-found`, `denied`, `busy`, `input` (a wrong digest) or `unsupported` (another architecture). */
export async function pullImage(context: PullContext, reference: Reference, directory: string, options: PullOptions): Promise<Source> {
  const { host, report, signal } = context
  const name = nameOf(reference)
  const registry = registryFor(context, reference, options)
  const { manifest, digest } = await manifestOf(registry, reference, options.architecture)
  const text = await documentOf(registry, manifest.config, host, directory, signal)
  const config = parse(ImageConfig, parseJson(text, `the configuration of ${name}`), `the configuration of ${name}`)
  checkConfig(config, manifest.layers.length, options.architecture, name)
  const unique = [...new Map(manifest.layers.map((layer) => [layer.digest, layer])).values()]
  const total = unique.reduce((sum, { size }) => sum + size, 0)
  if (total > options.most)
    throw new Fault('input', `the layers of ${name} have ${total} bytes, more than the ${options.most} that they may have`)
  let done = 0
  const title = `fetch ${name}`
  const advance = (bytes: number): void => report({ event: 'progress', title, done: (done += bytes), total, unit: 'bytes' })
  await several(unique, (layer) => keepBlob(host, directory, layer, registry.blob(layer.digest), { advance, signal }))
  const layers = manifest.layers.map((layer, index) => ({
    name: layer.digest,
    digest: layer.digest,
    diffId: config.rootfs.diff_ids[index] ?? '',
    open: () => readStream(blobPath(directory, layer.digest)),
  }))
  return { name, digest, config, layers }
}
