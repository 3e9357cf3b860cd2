/** The documents of all machines, and the lock under which one machine is changed. */
import { join } from 'node:path'
import { Fault } from '@imp/kit/base/fault.ts'
import { parse } from '@imp/kit/base/schema.ts'
import { withLock } from '@imp/kit/host/lock.ts'
import { collection, type Collection } from '@imp/kit/store/collection.ts'
import { findDocument, writeDocument } from '@imp/kit/store/document.ts'
import type { VmmContext } from '../context.ts'
import { runDocument, Vm, vmDocument, type Run } from './model.ts'
import { machinePaths } from './paths.ts'

type Where = Pick<VmmContext, 'host' | 'paths'>

export function machines({ host, paths }: Where): Collection<typeof Vm> {
  return collection(host, vmDocument, { directory: join(paths.data, 'vms'), noun: 'machine', listCommand: 'vmm list --all', mode: 0o600 })
}

/** The machine with this name or id; a `not-found` fault with the nearest name. */
export async function getMachine(where: Where, nameOrId: string): Promise<Vm> {
  parse(Vm.shape.name, nameOrId, 'name of a machine')
  const all = machines(where)
  const named = await all.find(nameOrId)
  if (named !== undefined) return named
  const byId = /^[0-9a-f]{8}$/.test(nameOrId) ? (await all.all()).find(({ id }) => id === nameOrId) : undefined
  return byId ?? all.get(nameOrId)
}

/** Runs `action` while no other command creates, deletes or moves what machines share: names, addresses, ports. */
export async function withAllMachines<T>({ host, paths }: Where, action: () => Promise<T>): Promise<T> {
  const lock = join(paths.data, 'locks', 'machines.lock')
  return withLock(host.clock, lock, { what: 'the list of machines', timeout: 60_000 }, action)
}

/** Runs `action` with the machine while no other command changes it. */
export async function withMachine<T>(where: Where, nameOrId: string, action: (vm: Vm) => Promise<T>): Promise<T> {
  const { id, name } = await getMachine(where, nameOrId)
  const { lock } = machinePaths(where.paths, id)
  return withLock(where.host.clock, lock, { what: `the machine ${name}` }, async () => {
    const now = await machines(where).find(name)
    if (now?.id === id) return action(now)
    // Deleted while we waited; the file of its lock is nobody's any more.
    await where.host.files.remove(lock)
    throw new Fault('not-found', `the machine ${name} was deleted meanwhile`)
  })
}

export async function findRun({ host, paths }: Where, id: string): Promise<Run | undefined> {
  return findDocument(host, runDocument, machinePaths(paths, id).run)
}

export async function putRun({ host, paths }: Where, id: string, run: Run): Promise<void> {
  const { directory, run: path } = machinePaths(paths, id)
  await host.files.makeDirectory(directory, { mode: 0o700 })
  await writeDocument(host, runDocument, path, run)
}
