/** Finds what nobody uses in the directories of machines. */
import { join, relative } from 'node:path'
import type { Host } from '@imp/kit/host/host.ts'
import { findUnit } from '@imp/kit/host/supervise.ts'
import { isAbandoned } from '@imp/kit/host/temporary.ts'
import type { VmmPaths } from '../context.ts'
import { idOf, isFormerLog, type Unused } from './model.ts'

/** Something to be removed. */
export interface Found extends Unused {
  readonly paths: readonly string[]
}

async function list(host: Host, directory: string): Promise<string[]> {
  return (await host.files.stat(directory)) === undefined ? [] : host.files.list(directory)
}

async function sizeOf(host: Host, paths: readonly string[]): Promise<number> {
  const { stdout } = await host.query(['du', '--summarize', '--total', '--block-size=1', '--', ...paths], { timeout: 60_000 })
  return Number(stdout.slice(stdout.lastIndexOf('\n') + 1).split('\t')[0])
}

/** Directories in which each machine has a part of its own, named by its id. */
function places({ data, run }: VmmPaths): string[] {
  return [...['machines', 'mounts', 'runs'].map((each) => join(data, each)), run]
}

/** Parts of machines whose documents are gone, as long as no engine of theirs runs. `known` are the ids of all machines. */
export async function findRemains(host: Host, paths: VmmPaths, known: ReadonlySet<string>): Promise<Found[]> {
  const parts = new Map<string, string[]>()
  for (const directory of places(paths)) {
    for (const file of await list(host, directory)) {
      const id = idOf(file)
      if (id !== undefined && !known.has(id)) parts.set(id, [...(parts.get(id) ?? []), join(directory, file)])
    }
  }
  const found: Found[] = []
  for (const [id, files] of parts) {
    if ((await findUnit(host, join(paths.data, 'machines', id), 'engine')) !== undefined) continue
    found.push({ kind: 'remains', name: id, size: await sizeOf(host, files), paths: files })
  }
  return found
}

/** Links by names of machines that there are no more. */
export async function findLooseNames(host: Host, paths: VmmPaths, names: ReadonlySet<string>): Promise<Found[]> {
  const directory = join(paths.data, 'logs')
  const files = (await list(host, directory)).filter((file) => file.endsWith('.log') && !names.has(file.slice(0, -'.log'.length)))
  const kinds = await Promise.all(files.map(async (file) => (await host.files.stat(join(directory, file)))?.kind))
  // Files are of another program: they may be all that is left of its machines.
  return files
    .filter((_, index) => kinds[index] === 'link')
    .map((file) => ({ kind: 'remains', name: file, size: 0, paths: [join(directory, file)] }))
}

/** Former logs of the machines with these ids and names. */
export async function findFormerLogs(host: Host, { data }: VmmPaths, names: ReadonlyMap<string, string>): Promise<Found[]> {
  const found: Found[] = []
  for (const [id, name] of names) {
    const directory = join(data, 'machines', id)
    const paths = (await list(host, directory)).filter(isFormerLog).map((file) => join(directory, file))
    if (paths.length > 0) found.push({ kind: 'log', name, size: await sizeOf(host, paths), paths })
  }
  return found
}

/** Files that killed commands were writing, in the data directory and in all directories of it and of its machines. */
export async function findHalfWritten(host: Host, { data }: VmmPaths): Promise<Found[]> {
  const below = async (directory: string): Promise<string[]> => (await list(host, directory)).map((name) => join(directory, name))
  const tops = await below(data)
  const directories = [data, ...tops, ...(await below(join(data, 'machines')))]
  const kinds = await Promise.all(directories.map(async (path) => (await host.files.stat(path))?.kind))
  const files = (await Promise.all(directories.filter((_, index) => kinds[index] === 'directory').map(below))).flat()
  const found: Found[] = []
  for (const path of files) {
    if (await isAbandoned(path))
      found.push({ kind: 'leftover', name: relative(data, path), size: await sizeOf(host, [path]), paths: [path] })
  }
  return found
}
