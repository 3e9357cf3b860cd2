/** An archive that `docker save` or `podman save` wrote: a tar of layers, read in place (moby's image specification 1.2). */
import { z } from 'zod'
import { Fault } from '@imp/kit/base/fault.ts'
import { parse, parseJson } from '@imp/kit/base/schema.ts'
import type { Layer } from './layer.ts'
import { checkConfig, ImageConfig } from './manifest.ts'
import type { Source } from './source.ts'
import { archiveTree } from './tar-place.ts'
import { cleanPath } from './tar-read.ts'

const Saved = z
  .array(z.looseObject({ Config: z.string(), RepoTags: z.array(z.string()).nullish(), Layers: z.array(z.string()).max(500) }))
  .min(1)

function choose(saved: z.output<typeof Saved>, tag: string | undefined, name: string): z.output<typeof Saved>[number] {
  const [only] = saved
  if (tag === undefined && saved.length === 1 && only !== undefined) return only
  const found = saved.find(({ RepoTags }) => tag !== undefined && RepoTags?.includes(tag) === true)
  if (found !== undefined) return found
  const there = saved.flatMap(({ RepoTags }) => RepoTags ?? [])
  const [first] = there
  const hint = first === undefined ? undefined : `it has ${there.join(', ')}: ${name}:${first}`
  throw new Fault(
    tag === undefined ? 'input' : 'not-found',
    tag === undefined ? `${name} has several images` : `${name} has no image ${tag}`,
    { hint },
  )
}

/** Opens the image with a name in the archive, or the only one there is. Throws `not-found`, `input` or `unsupported`. */
export async function openDockerArchive(path: string, tag: string | undefined, architecture: string): Promise<Source> {
  const name = `docker-archive:${path}`
  const tree = await archiveTree(path)
  const manifest = await tree.text('manifest.json')
  const image = choose(parse(Saved, parseJson(manifest, `manifest.json in ${path}`), `manifest.json in ${path}`), tag, name)
  const described = cleanPath(image.Config)
  const config = parse(ImageConfig, parseJson(await tree.text(described), described), described)
  checkConfig(config, image.Layers.length, architecture, name)
  const layers = image.Layers.map((each, index): Layer => ({
    name: each,
    diffId: config.rootfs.diff_ids[index] ?? '',
    open: () => tree.open(cleanPath(each)),
  }))
  return { name: image.RepoTags?.[0] ?? name, config, layers }
}
