/** An archive that `docker save` or `podman save` wrote: a tar of layers, read in place (moby's image specification 1.2). */
import { z } from 'zod'
import { Fault } from '@imp/kit/base/fault.ts'
import { parse, parseJson } from '@imp/kit/base/schema.ts'
import { readStream } from '@imp/kit/host/streams.ts'
import type { Layer } from './layer.ts'
import { checkConfig, ImageConfig, maximumDocument } from './manifest.ts'
import type { Source } from './source.ts'
import { cleanPath, readTar } from './tar-read.ts'

const Saved = z
  .array(z.looseObject({ Config: z.string(), RepoTags: z.array(z.string()).nullish(), Layers: z.array(z.string()).max(500) }))
  .min(1)

interface Place {
  readonly offset: number
  readonly size: number
  /** What a link in the archive points at: older versions write a layer that two images share once. */
  readonly to?: string
}

async function placesOf(path: string): Promise<Map<string, Place>> {
  const places = new Map<string, Place>()
  for await (const { path: name, kind, offset, size, linkPath } of readTar(await readStream(path))) {
    if (kind === 'file') places.set(name, { offset, size })
    if (kind === 'link') places.set(name, { offset, size, to: linkPath })
    if (kind === 'symlink') places.set(name, { offset, size, to: cleanPath(linkPath.replace(/^(\.\.\/)+/, '')) })
  }
  return places
}

function follow(places: ReadonlyMap<string, Place>, name: string, archive: string): Place {
  const place = places.get(name)
  const found = place?.to === undefined ? place : places.get(place.to)
  if (found === undefined || found.to !== undefined) throw new Fault('input', `${archive} has no ${name}, which it names`)
  return found
}

async function textOf(path: string, place: Place, name: string): Promise<string> {
  if (place.size > maximumDocument) throw new Fault('input', `${name} in ${path} is ${place.size} bytes long`)
  const pieces: Buffer[] = []
  for await (const piece of await readStream(path, { offset: place.offset, length: place.size })) pieces.push(piece as Buffer)
  return Buffer.concat(pieces).toString('utf8')
}

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
  const places = await placesOf(path)
  const manifest = await textOf(path, follow(places, 'manifest.json', path), 'manifest.json')
  const image = choose(parse(Saved, parseJson(manifest, `manifest.json in ${path}`), `manifest.json in ${path}`), tag, name)
  const described = cleanPath(image.Config)
  const config = parse(ImageConfig, parseJson(await textOf(path, follow(places, described, path), described), described), described)
  checkConfig(config, image.Layers.length, architecture, name)
  const layers = image.Layers.map((each, index): Layer => {
    const { offset, size } = follow(places, cleanPath(each), path)
    return { name: each, diffId: config.rootfs.diff_ids[index] ?? '', open: () => readStream(path, { offset, length: size }) }
  })
  return { name: image.RepoTags?.[0] ?? name, config, layers }
}
