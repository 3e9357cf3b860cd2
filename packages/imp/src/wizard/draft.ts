/** The answers of a person who has not finished yet, on the disk after each of them: nothing is lost with the terminal. */
import { join } from 'node:path'
import { z } from 'zod'
import type { Host } from '@imp/kit/host/host.ts'
import { withLock } from '@imp/kit/host/lock.ts'
import { encode, findDocument, type DocumentKind } from '@imp/kit/store/document.ts'
import { DraftAnswers, phases } from './model.ts'

const DraftFields = z.strictObject({
  savedAt: z.iso.datetime(),
  /** Phases that were gone through to their end. */
  done: z.array(z.enum(phases)),
  answers: DraftAnswers,
})
export type Draft = z.output<typeof DraftFields>

const draftKind: DocumentKind<typeof DraftFields> = { schema: 'imp.draft', version: 1, fields: DraftFields }

export interface DraftStore {
  find(): Promise<Draft | undefined>
  save(draft: Omit<Draft, 'savedAt'>): Promise<void>
  remove(): Promise<void>
  /** Runs `action` while nobody else gives answers to this draft; a `busy` fault when somebody does. */
  hold<T>(action: () => Promise<T>): Promise<T>
}

/** Drafts of one editor; `directory` is that of the candidates. Names of editors are good as names of files. */
export function draftStore(host: Host, directory: string, editor: string): DraftStore {
  const drafts = join(directory, 'drafts')
  const path = join(drafts, `${editor}.json`)
  return {
    find: () => findDocument(host, draftKind, path),
    async save(draft) {
      await host.files.makeDirectory(drafts, { mode: 0o700 })
      await host.files.write(path, encode(draftKind, { savedAt: host.clock.now().toISOString(), ...draft }), { mode: 0o600 })
    },
    remove: () => host.files.remove(path),
    hold: (action) => withLock(host.clock, join(drafts, `${editor}.lock`), { what: `the draft of ${editor}`, timeout: 0 }, action),
  }
}

/** A draft of which nothing is kept, for dry runs. */
export const unkept: DraftStore = {
  find: () => Promise.resolve(undefined),
  save: () => Promise.resolve(),
  remove: () => Promise.resolve(),
  hold: (action) => action(),
}
