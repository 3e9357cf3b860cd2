/** An image in a directory (OCI image specification 1.1, image-layout.md), as skopeo, buildah and umoci write it. */
import { join } from 'node:path'
import { Fault } from '@imp/kit/base/fault.ts'
import { parse, parseJson } from '@imp/kit/base/schema.ts'
import type { Host } from '@imp/kit/host/host.ts'
import { readStream } from '@imp/kit/host/streams.ts'
import { checkConfig, choosePlatform, ImageConfig, Index, Manifest, maximumDocument, type Descriptor } from './manifest.ts'
import type { Source } from './source.ts'

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

/** Opens the image with a tag, or the only one there is. Throws `not-found`, `input` or `unsupported`. */
export async function openLayout(host: Host, directory: string, tag: string | undefined, architecture: string): Promise<Source> {
  const name = `oci:${directory}`
  const blob = ({ digest }: Descriptor): string => join(directory, 'blobs', ...digest.split(':'))
  const document = async (descriptor: Descriptor): Promise<unknown> => {
    if (descriptor.size > maximumDocument) throw new Fault('input', `${descriptor.digest} in ${name} is ${descriptor.size} bytes long`)
    return parseJson(await host.files.read(blob(descriptor)), `${descriptor.digest} in ${name}`)
  }
  const path = join(directory, 'index.json')
  let chosen = choose(parse(Index, parseJson(await host.files.read(path), path), path), tag, name)
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
      open: () => readStream(blob(layer)),
    })),
  }
}
