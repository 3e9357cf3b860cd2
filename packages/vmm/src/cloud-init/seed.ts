/** The disk by which cloud-init is told, and the documents for it. */
import { Fault, refuse } from '@imp/kit/base/fault.ts'
import { parse } from '@imp/kit/base/schema.ts'
import type { Host } from '@imp/kit/host/host.ts'
import { fatVolume } from './fat.ts'
import { checkCloudInit, CloudInit, metadataDocument, seedFiles, seedLabel, type Instance } from './model.ts'

/** Files of this computer that the documents are read from. */
export type CloudInitFiles = { readonly [Key in keyof CloudInit]?: string | undefined }

/** What cloud-init itself thinks of the user data, where it is installed. */
async function checkSchema(host: Host, path: string): Promise<void> {
  try {
    const { status, stdout, stderr } = await host.query(['cloud-init', 'schema', '--config-file', path], {
      statuses: [0, 1],
      timeout: 60_000,
    })
    if (status === 0) return
    throw new Fault('input', `${path} does not fit the schema of cloud-init`, { detail: `${stdout}\n${stderr}`.trim() })
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== 'missing-program') throw error
  }
}

/** Reads and checks the documents; undefined when none is named. */
export async function readCloudInit(host: Host, files: CloudInitFiles): Promise<CloudInit | undefined> {
  const named = Object.entries(files).filter((entry): entry is [string, string] => entry[1] !== undefined)
  if (named.length === 0) return undefined
  const texts = await Promise.all(named.map(async ([key, path]) => [key, await host.files.read(path)]))
  const documents = parse(CloudInit, Object.fromEntries(texts), 'the documents of cloud-init')
  refuse('the documents of cloud-init', checkCloudInit(documents))
  if (files.userData !== undefined && documents.userData?.startsWith('#cloud-config') === true) await checkSchema(host, files.userData)
  return documents
}

/** Writes the disk, mode 0600: user data often holds passwords. */
export async function writeSeed(host: Host, path: string, documents: CloudInit, instance: Instance): Promise<void> {
  const files = seedFiles(documents, instance).map(({ name, content }) => ({ name, content: Buffer.from(content) }))
  await host.files.write(path, fatVolume(seedLabel, files), { mode: 0o600 })
}

/** Writes what the metadata service shall answer, mode 0600 as well. */
export async function writeMetadata(host: Host, path: string, documents: CloudInit, instance: Instance): Promise<void> {
  await host.files.write(path, `${JSON.stringify(metadataDocument(documents, instance))}\n`, { mode: 0o600 })
}
