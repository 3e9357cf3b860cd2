/** The numbered commits of a router: what was configured, by whom, when, why, and what came of it. */
import { dirname, join } from 'node:path'
import { Fault } from '@imp/kit/base/fault.ts'
import { parse, parseJson } from '@imp/kit/base/schema.ts'
import type { Host } from '@imp/kit/host/host.ts'
import { findDocument, writeDocument, type DocumentKind } from '@imp/kit/store/document.ts'
import { Commit, type History } from '../commit/model.ts'
import { Overrides } from '../overrides/model.ts'
import { readOwn } from './damage.ts'
import { RouterConfig, type RouterConfigInput } from './model.ts'

/** Where the commits and candidates of one router are. */
export interface ConfigStore {
  readonly host: Host
  readonly directory: string
}

const commitKind: DocumentKind<typeof Commit> = { schema: 'imp.commit', version: 1, fields: Commit }

function directoryOf(store: ConfigStore, number: number): string {
  return join(store.directory, 'commits', String(number).padStart(4, '0'))
}

/** What a person does about a commit whose files are damaged. Without it the history goes on with the commit before. */
function withoutIt(directory: string): string {
  return `move ${directory} away: imp history goes on without it, and what runs stays as it is`
}

function findCommit(store: ConfigStore, directory: string): Promise<Commit | undefined> {
  return readOwn(withoutIt(directory), () => findDocument(store.host, commitKind, join(directory, 'commit.json')))
}

/** All commits, oldest first. One that a crash left without its record does not count. */
export async function listCommits(store: ConfigStore): Promise<Commit[]> {
  const directory = join(store.directory, 'commits')
  if ((await store.host.files.stat(directory)) === undefined) return []
  const names = (await store.host.files.list(directory)).filter((name) => /^\d{4,}$/.test(name))
  const found = await Promise.all(names.map((name) => findCommit(store, join(directory, name))))
  return found.filter((commit) => commit !== undefined).toSorted((a, b) => a.number - b.number)
}

/** A `not-found` fault when there is none of this number. */
export async function getCommit(store: ConfigStore, number: number): Promise<Commit> {
  const found = await findCommit(store, directoryOf(store, number))
  if (found === undefined) throw new Fault('not-found', `there is no commit ${number}`, { hint: 'imp history shows those that exist' })
  return found
}

async function readRouterDocument(store: ConfigStore, path: string): Promise<RouterConfigInput> {
  return readOwn(withoutIt(dirname(path)), async () => {
    const document = parseJson(await store.host.files.read(path), path)
    parse(RouterConfig, document, path)
    // What the schema takes is the input that it describes; parsing would add the defaults that nobody wrote.
    return document as RouterConfigInput
  })
}

/** The configuration of a commit as it was written. */
export async function documentOf(store: ConfigStore, number: number): Promise<RouterConfigInput> {
  await getCommit(store, number)
  return readRouterDocument(store, join(directoryOf(store, number), 'router.json'))
}

/** What ran before a commit, for taking it back. */
export function documentBefore(store: ConfigStore, number: number): Promise<RouterConfigInput> {
  return readRouterDocument(store, join(directoryOf(store, number), 'before.json'))
}

/** Drop-ins that were in force before a commit, for taking it back; undefined for commits of versions that knew none. */
export async function overridesBefore(store: ConfigStore, number: number): Promise<Overrides | undefined> {
  const path = join(directoryOf(store, number), 'before-overrides.json')
  if ((await store.host.files.stat(path)) === undefined) return undefined
  return readOwn(withoutIt(dirname(path)), async () => parse(Overrides, parseJson(await store.host.files.read(path), path), path))
}

/** Records what became of a commit. */
export async function recordCommit(store: ConfigStore, commit: Commit): Promise<void> {
  await writeDocument(store.host, commitKind, join(directoryOf(store, commit.number), 'commit.json'), commit, { mode: 0o600 })
}

/** Writes a new commit: its documents first, so that a record always has them. */
export async function addCommit(
  store: ConfigStore,
  commit: Commit,
  document: RouterConfigInput,
  before: RouterConfigInput,
  overrides: Overrides = [],
): Promise<void> {
  const directory = directoryOf(store, commit.number)
  const { files } = store.host
  await files.makeDirectory(directory, { mode: 0o700 })
  await files.write(join(directory, 'router.json'), `${JSON.stringify(document, null, 2)}\n`, { mode: 0o600 })
  await files.write(join(directory, 'before.json'), `${JSON.stringify(before, null, 2)}\n`, { mode: 0o600 })
  await files.write(join(directory, 'before-overrides.json'), `${JSON.stringify(overrides, null, 2)}\n`, { mode: 0o600 })
  await recordCommit(store, commit)
}

/** The commits of a store, for whoever only knows their model. */
export function historyOf(store: ConfigStore): History {
  return {
    list: () => listCommits(store),
    get: (number) => getCommit(store, number),
    document: (number) => documentOf(store, number),
    before: (number) => documentBefore(store, number),
    overridesBefore: (number) => overridesBefore(store, number),
    add: (commit, document, before, overrides) => addCommit(store, commit, document, before, overrides),
    record: (commit) => recordCommit(store, commit),
  }
}
