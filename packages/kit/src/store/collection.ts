/** A folder of documents of one kind, `<name>.json` each. Changes happen under the caller's lock. */
import { join } from 'node:path'
import type { z } from 'zod'
import { Fault } from '../base/fault.ts'
import { nearest } from '../base/text.ts'
import type { Host } from '../host/host.ts'
import { findDocument, readDocument, writeDocument, type DocumentKind } from './document.ts'

export interface Collection<T extends z.ZodObject> {
  names(): Promise<string[]>
  /** A `not-found` fault with the nearest name when it is not there. */
  get(name: string): Promise<z.output<T>>
  find(name: string): Promise<z.output<T> | undefined>
  all(): Promise<z.output<T>[]>
  put(name: string, value: z.output<T>): Promise<void>
  remove(name: string): Promise<void>
  pathOf(name: string): string
}

export interface CollectionOptions {
  readonly directory: string
  /** What one member is called in messages: `virtual machine`. */
  readonly noun: string
  /** Command that lists the members, for the hint. */
  readonly listCommand: string
  readonly mode?: number
}

/** Names must have been validated (`Name` in base/schema.ts) before they come here: they become file names. */
export function collection<T extends z.ZodObject>(host: Host, kind: DocumentKind<T>, options: CollectionOptions): Collection<T> {
  const pathOf = (name: string): string => join(options.directory, `${name}.json`)
  const names = async (): Promise<string[]> => {
    if ((await host.files.stat(options.directory)) === undefined) return []
    const files = await host.files.list(options.directory)
    return files.filter((file) => /^[^.].*\.json$/.test(file)).map((file) => file.slice(0, -'.json'.length))
  }
  const find = (name: string): Promise<z.output<T> | undefined> => findDocument(host, kind, pathOf(name))
  return {
    names,
    find,
    pathOf,
    async get(name) {
      const found = await find(name)
      if (found !== undefined) return found
      const close = nearest(name, await names())
      throw new Fault('not-found', `there is no ${options.noun} ${JSON.stringify(name)}`, {
        hint: close === undefined ? `${options.listCommand} shows those that exist` : `did you mean ${close}?`,
      })
    },
    async all() {
      return Promise.all((await names()).map((name) => readDocument(host, kind, pathOf(name))))
    },
    async put(name, value) {
      await host.files.makeDirectory(options.directory)
      await writeDocument(host, kind, pathOf(name), value, { mode: options.mode ?? 0o644 })
    },
    remove: (name) => host.files.remove(pathOf(name)),
  }
}
