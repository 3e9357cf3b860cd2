/** Debian's docker-registry on loopback, and images that are pushed to it over its API (OCI distribution specification 1.1, "Push"). */
import assert from 'node:assert/strict'
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readdir, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { localHost } from '@imp/kit/host/local.ts'
import { until } from '@imp/kit/host/until.ts'
import { missing } from '../real/vmm-machine-command.ts'
import { sha256 } from '../../packages/vmm/src/image/oci/sample.ts'

const run = promisify(execFile)

export interface Pushed {
  /** Archives from the bottom to the top. */
  readonly layers: readonly Buffer[]
  readonly config: object
}

export interface Registry {
  /** `127.0.0.1:PORT`. */
  readonly address: string
  /** Returns the digest of the manifest. */
  push(repository: string, tag: string, image: Pushed): Promise<string>
  close(): Promise<void>
}

/** A port that nobody listens on at the moment. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

async function answers(address: string): Promise<boolean> {
  return fetch(`http://${address}/v2/`).then(
    ({ ok }) => ok,
    () => false,
  )
}

async function pushBlob(base: string, blob: Buffer): Promise<void> {
  const begun = await fetch(`${base}/blobs/uploads/`, { method: 'POST' })
  assert.equal(begun.status, 202)
  const place = new URL(begun.headers.get('location') ?? '', base)
  place.searchParams.set('digest', sha256(blob))
  const ended = await fetch(place, { method: 'PUT', body: new Uint8Array(blob), headers: { 'content-type': 'application/octet-stream' } })
  assert.equal(ended.status, 201, await ended.text())
}

async function push(address: string, repository: string, tag: string, { layers, config }: Pushed): Promise<string> {
  const base = `http://${address}/v2/${repository}`
  const architecture = { x64: 'amd64', arm64: 'arm64' }[process.arch as string]
  const rootfs = { type: 'layers', diff_ids: layers.map(sha256) }
  const document = Buffer.from(JSON.stringify({ architecture, os: 'linux', config, rootfs }))
  const stored = layers.map((layer) => gzipSync(layer, { level: 1 }))
  for (const blob of [document, ...stored]) await pushBlob(base, blob)
  const described = (blob: Buffer, mediaType: string): object => ({ mediaType, digest: sha256(blob), size: blob.length })
  const mediaType = 'application/vnd.oci.image.manifest.v1+json'
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType,
    config: described(document, 'application/vnd.oci.image.config.v1+json'),
    layers: stored.map((blob) => described(blob, 'application/vnd.oci.image.layer.v1.tar+gzip')),
  })
  const put = await fetch(`${base}/manifests/${tag}`, { method: 'PUT', body: manifest, headers: { 'content-type': mediaType } })
  assert.equal(put.status, 201, await put.text())
  return sha256(Buffer.from(manifest))
}

/**
 * Debian's docker-registry where it is installed, else unpacked: its package starts a service that the whole network reaches, which nobody
 * who runs tests has asked for.
 */
async function registryProgram(directory: string): Promise<string> {
  if (missing(['docker-registry'], false) === undefined) return 'docker-registry'
  await run('apt-get', ['download', 'docker-registry'], { cwd: directory })
  const archive = (await readdir(directory)).find((name) => /^docker-registry_.*\.deb$/.test(name))
  assert.ok(archive !== undefined)
  await run('dpkg-deb', ['--extract', archive, 'program'], { cwd: directory })
  return join(directory, 'program', 'usr', 'bin', 'docker-registry')
}

/** Starts a registry that keeps its images in the directory. */
export async function startRegistry(directory: string): Promise<Registry> {
  const address = `127.0.0.1:${await freePort()}`
  const config = join(directory, 'registry.json')
  const storage = { filesystem: { rootdirectory: join(directory, 'registry') } }
  // YAML holds JSON.
  await writeFile(config, JSON.stringify({ version: 0.1, log: { level: 'error' }, storage, http: { addr: address } }))
  const child: ChildProcess = spawn(await registryProgram(directory), ['serve', config], { stdio: 'ignore' })
  const ended = once(child, 'close')
  await until(localHost().clock, { what: 'the registry', timeout: 60_000 }, () => answers(address))
  return {
    address,
    push: (repository, tag, image) => push(address, repository, tag, image),
    async close() {
      child.kill()
      await ended
    },
  }
}
