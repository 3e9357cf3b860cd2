/** Members of an archive that lies in a file, read where they stand. */
import type { Readable } from 'node:stream'
import { Fault } from '@imp/kit/base/fault.ts'
import { readStream } from '@imp/kit/host/streams.ts'
import { maximumDocument } from './manifest.ts'
import { cleanPath, readTar } from './tar-read.ts'

interface Place {
  readonly offset: number
  readonly size: number
  /** What a link in the archive points at: older versions of Docker write a layer that two images share once. */
  readonly to?: string
}

/** Documents and layers by name, in an archive or a directory. */
export interface FileTree {
  has(name: string): Promise<boolean>
  /** A small document. Throws `input` for one that is missing or too long. */
  text(name: string): Promise<string>
  open(name: string): Promise<Readable>
}

/** More members than any archive of images has. */
const maximumMembers = 100_000

async function placesOf(path: string): Promise<Map<string, Place>> {
  const places = new Map<string, Place>()
  for await (const { path: name, kind, offset, size, linkPath } of readTar(await readStream(path))) {
    if (places.size >= maximumMembers) throw new Fault('input', `it has more than ${maximumMembers} members`)
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

/** Opens an archive that is not compressed. Reads all of its headers once. */
export async function archiveTree(path: string): Promise<FileTree> {
  const places = await placesOf(path).catch((error: unknown) => {
    if (error instanceof Fault) throw new Fault(error.code, `${path} cannot be read: ${error.message}`, { cause: error })
    throw error
  })
  const open = ({ offset, size }: Place): Promise<Readable> => readStream(path, { offset, length: size })
  return {
    has: (name) => Promise.resolve(places.has(name)),
    async text(name) {
      const place = follow(places, name, path)
      if (place.size > maximumDocument) throw new Fault('input', `${name} in ${path} is ${place.size} bytes long`)
      const pieces: Buffer[] = []
      for await (const piece of await open(place)) pieces.push(piece as Buffer)
      return Buffer.concat(pieces).toString('utf8')
    },
    async open(name) {
      return open(follow(places, name, path))
    },
  }
}
