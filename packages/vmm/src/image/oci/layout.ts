/** An image in a directory, or in an archive of one (OCI image specification 1.1, image-layout.md), as skopeo, buildah and umoci write it. */
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { Fault } from '@imp/kit/base/fault.ts'
import { parse, parseJson } from '@imp/kit/base/schema.ts'
import type { Host } from '@imp/kit/host/host.ts'
import { readStream } from '@imp/kit/host/streams.ts'
import { checkConfig, choosePlatform, ImageConfig, Index, Manifest, maximumDocument, type Descriptor } from './manifest.ts'
import type { Source } from './source.ts'
import { archiveTree, type FileTree } from './tar-place.ts'

// Annotation of the tag (image specification, annotations.md).
const tagOf = (descriptor: Descriptor): string | undefined => descriptor.annotations?.['org.opencontainers.image.ref.name']

function choose(index: Index, tag: string | undefined, name: string): Descriptor {
  const { manifests } = index
  const found = tag === undefined && manifests.length === 1 ? manifests[0] : manifests.find((each) => tagOf(each) === (tag ?? 'latest'))
  if (found !== undefined) return found
  const there = manifests.map(tagOf).filter((each) => each !== undefined)
  const hint = there.length === 0 ? undefined : `it has ${there.join(', ')}: ${name}:${there[0]}`
  throw new Fault('not-found', `${name} has no image ${tag ?? 'latest'}`, { hint })
}

/** The documents and layers of a directory. Somebody else made it: what looks like one may be a device that never ends. */
function directoryTree(host: Host, directory: string): FileTree {
  const fileAt = async (name: string): Promise<{ path: string; size: number }> => {
    const path = join(directory, name)
    const found = await host.files.stat(path)
    if (found?.kind !== 'file') throw new Fault('input', `${directory} has no file ${name}, which it names`)
    return { path, size: found.size }
  }
  return {
    has: async (name) => (await host.files.stat(join(directory, name))) !== undefined,
    async text(name) {
      const { path, size } = await fileAt(name)
      if (size > maximumDocument) throw new Fault('input', `${name} in ${directory} is ${size} bytes long`)
      return host.files.read(path)
    },
    open: async (name) => readStream((await fileAt(name)).path),
  }
}

const blobOf = ({ digest }: Descriptor): string => ['blobs', ...digest.split(':')].join('/')

async function openTree(tree: FileTree, name: string, tag: string | undefined, architecture: string): Promise<Source> {
  const document = async (descriptor: Descriptor): Promise<unknown> => {
    const text = await tree.text(blobOf(descriptor))
    const digest = `sha256:${createHash('sha256').update(text).digest('hex')}`
    if (digest !== descriptor.digest) throw new Fault('input', `what ${name} has for ${descriptor.digest} has the digest ${digest}`)
    return parseJson(text, `${descriptor.digest} in ${name}`)
  }
  const path = `index.json of ${name}`
  let chosen = choose(parse(Index, parseJson(await tree.text('index.json'), path), path), tag, name)
  let manifest = await document(chosen)
  const inner = Index.safeParse(manifest)
  if (inner.success) {
    chosen = choosePlatform(inner.data, architecture, name)
    manifest = await document(chosen)
  }
  const { config: described, layers } = parse(Manifest, manifest, name)
  const config = parse(ImageConfig, await document(described), `the configuration of ${name}`)
  checkConfig(config, layers.length, architecture, name)
  return {
    name: tag === undefined ? name : `${name}:${tag}`,
    digest: chosen.digest,
    config,
    layers: layers.map((layer, index) => ({
      name: layer.digest,
      digest: layer.digest,
      diffId: config.rootfs.diff_ids[index] ?? '',
      open: () => tree.open(blobOf(layer)),
    })),
  }
}

/** Opens the image with a tag, or the only one there is. Throws `not-found`, `input` or `unsupported`. */
export async function openLayout(host: Host, directory: string, tag: string | undefined, architecture: string): Promise<Source> {
  if ((await host.files.stat(join(directory, 'index.json')))?.kind !== 'file')
    throw new Fault('input', `${directory} is no OCI directory: it has no index.json`)
  return openTree(directoryTree(host, directory), `oci:${directory}`, tag, architecture)
}

/** The same from an archive, which is not compressed. `name` is how people wrote it. */
export async function openLayoutArchive(path: string, name: string, tag: string | undefined, architecture: string): Promise<Source> {
  const tree = await archiveTree(path)
  if (await tree.has('index.json')) return openTree(tree, name, tag, architecture)
  const hint = (await tree.has('manifest.json')) ? 'write docker-archive:FILE' : 'write tar:FILE for a root file system'
  throw new Fault('input', `${name} is no OCI archive: it has no index.json`, { hint })
}
