/** Archives and layers for tests. */
import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import type { Layer } from './layer.ts'
import { endOfArchive, makeHeader, padding, type NewHeader } from './tar-header.ts'

export type Entry = Omit<NewHeader, 'size'> & { readonly content?: string | Buffer }

/** A tar archive of these members. */
export function tarOf(entries: readonly Entry[]): Buffer {
  const blocks = entries.flatMap(({ content, ...header }) => {
    const body = typeof content === 'object' ? content : Buffer.from(content ?? '')
    return [makeHeader({ ...header, size: body.length }), body, padding(body.length)]
  })
  return Buffer.concat([...blocks, endOfArchive])
}

export const file = (path: string, content: string | Buffer = path, more: Partial<Entry> = {}): Entry => ({
  path,
  kind: 'file',
  content,
  ...more,
})
export const directory = (path: string, more: Partial<Entry> = {}): Entry => ({ path, kind: 'directory', mode: 0o755, ...more })
export const link = (path: string, linkPath: string): Entry => ({ path, kind: 'link', linkPath })
export const symlink = (path: string, linkPath: string): Entry => ({ path, kind: 'symlink', linkPath })

export function sha256(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}

/** A layer that lies in memory; `stored` when it is compressed. */
export function layerOf(archive: Buffer, stored: Buffer = archive): Layer {
  const pieces = (): Buffer[] =>
    Array.from({ length: Math.ceil(stored.length / 700) }, (_, index) => stored.subarray(index * 700, (index + 1) * 700))
  return {
    name: 'layer',
    digest: sha256(stored),
    diffId: sha256(archive),
    open: () => Promise.resolve(Readable.from(pieces(), { objectMode: false })),
  }
}
