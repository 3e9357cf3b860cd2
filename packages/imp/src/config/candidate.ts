/** Staged edits: the configuration as its editor wants it, until it is committed or discarded. Each editor has one of its own. */
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { Fault, refuse, type Finding } from '@imp/kit/base/fault.ts'
import { HostName, inspect, parse } from '@imp/kit/base/schema.ts'
import { withLock } from '@imp/kit/host/lock.ts'
import { planned } from '@imp/kit/op/operation.ts'
import { encode, findDocument, type DocumentKind } from '@imp/kit/store/document.ts'
import { headOf } from '../commit/model.ts'
import type { ImpContext } from '../context.ts'
import { currentEditor, EditorName } from './candidate-editor.ts'
import { checkConfig } from './check.ts'
import { readOwn } from './damage.ts'
import { differences, type Change } from './difference.ts'
import { findingsByName } from './findings-by-name.ts'
import { documentOf, listCommits, type ConfigStore } from './history.ts'
import { RouterConfig, routerSchema, routerVersion, type RouterConfigInput } from './model.ts'
import { withRemedy } from './remedy.ts'

export interface Candidate {
  /** Commit that it was made from, 0 for none. */
  readonly base: number
  readonly document: RouterConfigInput
}

export interface CandidateOptions {
  /** Name of the candidate; that of the editor unless told. */
  readonly candidate?: string
  /** Directory of candidates and commits, `context.stateDirectory` unless told. */
  readonly directory?: string
}

export interface Edited {
  /** What the check has against the candidate; a commit needs it without errors. */
  readonly findings: readonly Finding[]
  /** Differences from the commit that the candidate was made from. */
  readonly changes: readonly Change[]
}

const CandidateFields = z.strictObject({
  base: z.int().min(0),
  document: z.record(z.string(), z.unknown()),
  edits: z.array(z.strictObject({ at: z.iso.datetime(), summary: z.string() })).describe('the latest edits, oldest first'),
})
type CandidateFields = z.output<typeof CandidateFields>

const candidateKind: DocumentKind<typeof CandidateFields> = { schema: 'imp.candidate', version: 1, fields: CandidateFields }

/** What a person does about a candidate that cannot be read. */
const thrownAway = 'imp discard throws the candidate away'

/** So many edits are remembered in the candidate. */
const rememberedEdits = 100

export function storeAt(context: Pick<ImpContext, 'host' | 'stateDirectory'>, options: CandidateOptions = {}): ConfigStore {
  return { host: context.host, directory: options.directory ?? context.stateDirectory }
}

function editorOf(options: CandidateOptions): string {
  return parse(EditorName, options.candidate ?? currentEditor(), 'name of the candidate')
}

function candidatesOf(store: ConfigStore): string {
  return join(store.directory, 'candidates')
}

function candidatePath(store: ConfigStore, options: CandidateOptions): string {
  return join(candidatesOf(store), `${editorOf(options)}.json`)
}

async function machineName(store: ConfigStore): Promise<string> {
  const path = '/proc/sys/kernel/hostname'
  if ((await store.host.files.stat(path)) === undefined) return 'router'
  const name = (await store.host.files.read(path)).trim()
  return HostName.safeParse(name).success ? name : 'router'
}

/** What a commit holds; for 0 a router that does nothing, with the name of this machine. */
export async function documentAt(store: ConfigStore, base: number): Promise<RouterConfigInput> {
  if (base > 0) return documentOf(store, base)
  return { schema: routerSchema, version: routerVersion, hostname: await machineName(store) }
}

async function headDocument(store: ConfigStore): Promise<Candidate> {
  const base = headOf(await listCommits(store))?.number ?? 0
  return { base, document: await documentAt(store, base) }
}

/** The schema's own findings as a fault; what it takes is the input that it describes. */
function checkedDocument(document: unknown, what: string, hint?: string): { document: RouterConfigInput; config: RouterConfig } {
  const { value, findings } = inspect(RouterConfig, document)
  if (value !== undefined) return { document: document as RouterConfigInput, config: value }
  const named = findingsByName(document, findings.map(withRemedy))
  if (hint !== undefined) throw new Fault('input', `${what} does not fit the schema`, { findings: named, hint })
  refuse(what, named)
  throw new Fault('bug', `${what}: refused without a finding`)
}

async function findStored(
  store: ConfigStore,
  options: CandidateOptions,
): Promise<(Candidate & Pick<CandidateFields, 'edits'>) | undefined> {
  const path = candidatePath(store, options)
  const found = await readOwn(thrownAway, () => findDocument(store.host, candidateKind, path))
  if (found === undefined) return undefined
  const { document } = checkedDocument(found.document, path, thrownAway)
  return { base: found.base, edits: found.edits, document }
}

/** The candidate of this editor; without edits the commit in force, or a router that does nothing. */
export async function readCandidate(context: ImpContext, options: CandidateOptions = {}): Promise<Candidate> {
  const store = storeAt(context, options)
  const stored = await findStored(store, options)
  return stored === undefined ? headDocument(store) : { base: stored.base, document: stored.document }
}

async function writeCandidate(store: ConfigStore, options: CandidateOptions, fields: CandidateFields): Promise<void> {
  await store.host.files.write(candidatePath(store, options), encode(candidateKind, fields), { mode: 0o600 })
}

/** Runs `action` while nobody else edits this candidate. A dry run changes nothing and makes no lock. */
async function locked<T>(context: ImpContext, options: CandidateOptions, action: () => Promise<T>): Promise<T> {
  if (context.dryRun) return action()
  const editor = editorOf(options)
  const directory = candidatesOf(storeAt(context, options))
  await context.host.files.makeDirectory(directory, { mode: 0o700 })
  return withLock(context.host.clock, join(directory, `${editor}.lock`), { what: `the candidate of ${editor}` }, action)
}

/**
 * Changes the candidate by a function from the old document to the new. An `input` fault with all findings when the new one does not
 * fit the schema; the candidate then stays as it was. What the check across fields says is returned, since an edit may be followed
 * by one that mends it.
 */
export function editCandidate(
  context: ImpContext,
  summary: string,
  edit: (document: RouterConfigInput) => RouterConfigInput,
  options: CandidateOptions = {},
): Promise<Edited> {
  return locked(context, options, async () => {
    const store = storeAt(context, options)
    const stored = await findStored(store, options)
    const { base, document: before } = stored ?? (await headDocument(store))
    const { document, config } = checkedDocument(edit(structuredClone(before)), summary)
    const edited = {
      findings: findingsByName(document, checkConfig(config)),
      changes: differences(await documentAt(store, base), document),
    }
    if (isDeepStrictEqual(document, before)) return edited
    const path = candidatePath(store, options)
    planned(context, [{ kind: 'candidate', summary, disruption: 'none', data: { path } }])
    const edits = [...(stored?.edits ?? []), { at: context.host.clock.now().toISOString(), summary }].slice(-rememberedEdits)
    await writeCandidate(store, options, { base, document: { ...document }, edits })
    return edited
  })
}

/** Throws the edits away. Returns whether there were any. */
export function discardCandidate(context: ImpContext, options: CandidateOptions = {}): Promise<boolean> {
  return locked(context, options, async () => {
    const store = storeAt(context, options)
    const path = candidatePath(store, options)
    if ((await store.host.files.stat(path)) === undefined) return false
    planned(context, [{ kind: 'candidate', summary: 'discard the candidate', disruption: 'none', data: { path } }])
    await store.host.files.remove(path)
    return true
  })
}

/** After a commit of a document: edits that came later stay and stand on it, others are done with. */
export function finishCandidate(
  context: ImpContext,
  committed: RouterConfigInput,
  number: number,
  options: CandidateOptions = {},
): Promise<void> {
  return locked(context, options, async () => {
    const store = storeAt(context, options)
    const stored = await findStored(store, options)
    if (stored === undefined) return
    if (isDeepStrictEqual(stored.document, committed)) await store.host.files.remove(candidatePath(store, options))
    else await writeCandidate(store, options, { ...stored, base: number, document: { ...stored.document } })
  })
}

/** Replaces the candidate by one on another base; a `conflict` fault when it was edited since it was read. */
export function moveCandidate(
  context: ImpContext,
  from: Candidate,
  to: Candidate,
  options: CandidateOptions = {},
): Promise<Pick<Edited, 'changes'>> {
  return locked(context, options, async () => {
    const store = storeAt(context, options)
    const { document } = checkedDocument(to.document, 'the candidate on its new base')
    const stored = await findStored(store, options)
    const changes = differences(await documentAt(store, to.base), document)
    if (stored === undefined) return { changes }
    if (!isDeepStrictEqual(stored.document, from.document)) {
      throw new Fault('conflict', 'the candidate was edited in the meantime', { hint: 'try again' })
    }
    planned(context, [{ kind: 'candidate', summary: `bring the candidate to commit ${to.base}`, disruption: 'none', data: {} }])
    await writeCandidate(store, options, { ...stored, base: to.base, document: { ...document } })
    return { changes }
  })
}
