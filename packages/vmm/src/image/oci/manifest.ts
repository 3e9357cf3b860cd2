/** Documents of an image in a registry or an OCI directory (OCI image specification 1.1; Docker's manifest v2 has the same fields). */
import { z } from 'zod'
import { Fault } from '@imp/kit/base/fault.ts'

export const Digest = z.string().regex(/^sha256:[0-9a-f]{64}$/, 'must be a SHA-256 digest')

const Descriptor = z.looseObject({
  mediaType: z.string().default(''),
  digest: Digest,
  size: z.int().min(0),
  annotations: z.record(z.string(), z.string()).optional(),
  platform: z.looseObject({ os: z.string(), architecture: z.string(), variant: z.string().optional() }).optional(),
})
export type Descriptor = z.output<typeof Descriptor>

export const Index = z.looseObject({ schemaVersion: z.literal(2), manifests: z.array(Descriptor) })
export type Index = z.output<typeof Index>

export const Manifest = z.looseObject({ schemaVersion: z.literal(2), config: Descriptor, layers: z.array(Descriptor).max(500) })
export type Manifest = z.output<typeof Manifest>

const words = z.array(z.string()).nullish()

/** What an image says of how it is run. */
export const ImageConfig = z.looseObject({
  architecture: z.string(),
  os: z.string(),
  config: z
    .looseObject({
      Entrypoint: words,
      Cmd: words,
      Env: words,
      WorkingDir: z.string().nullish(),
      User: z.string().nullish(),
      StopSignal: z.string().nullish(),
    })
    .nullish(),
  rootfs: z.looseObject({ type: z.literal('layers'), diff_ids: z.array(Digest) }),
})
export type ImageConfig = z.output<typeof ImageConfig>

/** Kinds of documents asked for, those for several platforms first. */
export const manifestTypes = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
] as const

/** Largest manifest or configuration that is read, as registries limit them. */
export const maximumDocument = 4 * 2 ** 20

/** This machine's architecture in the words of container images (GOARCH). */
export function platformArchitecture(node: NodeJS.Architecture): string {
  const known: Partial<Record<NodeJS.Architecture, string>> = { x64: 'amd64', arm64: 'arm64' }
  return known[node] ?? node
}

/** The manifest for an architecture; an `unsupported` fault that lists those there are. */
export function choosePlatform(index: Index, architecture: string, name: string): Descriptor {
  const [only] = index.manifests
  if (index.manifests.length === 1 && only !== undefined && only.platform === undefined) return only
  const linux = index.manifests.filter(({ platform }) => platform?.os === 'linux')
  const found = linux.find(({ platform }) => platform?.architecture === architecture)
  if (found !== undefined) return found
  const there = [...new Set(linux.map(({ platform }) => platform?.architecture))].join(', ')
  throw new Fault('unsupported', `there is no ${name} for linux/${architecture}`, {
    hint: there === '' ? 'choose another image' : `it is there for ${there}`,
  })
}

/** Refuses an image for another machine, and one whose layers are not those of its configuration. */
export function checkConfig(config: ImageConfig, layers: number, architecture: string, name: string): void {
  if (config.os !== 'linux' || config.architecture !== architecture) {
    throw new Fault('unsupported', `${name} is for ${config.os}/${config.architecture}, this machine is linux/${architecture}`)
  }
  if (config.rootfs.diff_ids.length !== layers) {
    throw new Fault('input', `${name} has ${layers} layers and its configuration names ${config.rootfs.diff_ids.length}`)
  }
}
