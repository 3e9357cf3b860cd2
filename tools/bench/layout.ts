/** An image as an OCI directory, made up: thousands of files in two layers, of which the second replaces and deletes some of the first. */
import { createHash } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { platformArchitecture } from '../../packages/vmm/src/image/oci/manifest.ts'
import { endOfArchive, makeHeader, padding } from '../../packages/vmm/src/image/oci/tar-header.ts'

const files = 4000
const directories = 100
/** Bytes of a file: a tenth of it does not compress. */
const length = 16_384

export const layoutText = `${files} files, ${((files * length) / 1024 ** 2).toFixed(0)} MiB, 2 layers`
export const tag = 'bench'

function content(seed: string): Buffer {
  let noise = createHash('sha256').update(seed).digest()
  const pieces: Buffer[] = []
  for (let size = 0; size < length / 10; size += noise.length) {
    pieces.push(noise)
    noise = createHash('sha256').update(noise).digest()
  }
  const text = Buffer.from(`${seed}: one of many lines that compress well\n`)
  const whole = Buffer.concat(pieces)
  return Buffer.concat([whole, Buffer.alloc(length - whole.length, text)])
}

function file(path: string, body: Buffer): Buffer[] {
  return [makeHeader({ path, kind: 'file', size: body.length }), body, padding(body.length)]
}

function pathOf(index: number): string {
  return `srv/${index % directories}/${index}.txt`
}

function indexes(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index)
}

function layers(): Buffer[] {
  const folders = ['srv', ...indexes(directories).map((index) => `srv/${index}`)]
  const lower = [
    ...folders.map((path) => makeHeader({ path: `${path}/`, kind: 'directory', mode: 0o755 })),
    ...indexes(files).flatMap((index) => file(pathOf(index), content(`first ${index}`))),
  ]
  const upper = indexes(files / 10).flatMap((index) =>
    index % 4 === 0 ? file(pathOf(index).replace(/([^/]+)$/, '.wh.$1'), Buffer.alloc(0)) : file(pathOf(index), content(`second ${index}`)),
  )
  return [lower, upper].map((members) => Buffer.concat([...members, endOfArchive]))
}

function digestOf(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}

/** Writes it into a directory that is not there yet (OCI image specification 1.1, image-layout.md). */
export async function writeLayout(directory: string): Promise<void> {
  const blobs = join(directory, 'blobs', 'sha256')
  await mkdir(blobs, { recursive: true })
  const blob = async (bytes: Buffer, mediaType: string) => {
    const digest = digestOf(bytes)
    await writeFile(join(blobs, digest.slice('sha256:'.length)), bytes)
    return { mediaType: `application/vnd.oci.image.${mediaType}`, digest, size: bytes.length }
  }
  const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value))
  const archives = layers()
  const compressed = await Promise.all(archives.map((archive) => blob(gzipSync(archive), 'layer.v1.tar+gzip')))
  const rootfs = { type: 'layers', diff_ids: archives.map(digestOf) }
  const config = await blob(json({ architecture: platformArchitecture(process.arch), os: 'linux', config: {}, rootfs }), 'config.v1+json')
  const manifest = { schemaVersion: 2, mediaType: 'application/vnd.oci.image.manifest.v1+json', config, layers: compressed }
  const described = { ...(await blob(json(manifest), 'manifest.v1+json')), annotations: { 'org.opencontainers.image.ref.name': tag } }
  await writeFile(join(directory, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }))
  await writeFile(join(directory, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [described] }))
}
