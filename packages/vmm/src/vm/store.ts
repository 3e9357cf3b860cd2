/** The documents of all machines, and the lock under which one machine is changed. */
import { dirname, join } from 'node:path'
import { Fault } from '@imp/kit/base/fault.ts'
import { parseAddress, sameAddress } from '@imp/kit/base/ip.ts'
import { parse, parseJson } from '@imp/kit/base/schema.ts'
import { withLock } from '@imp/kit/host/lock.ts'
import { collection, type Collection } from '@imp/kit/store/collection.ts'
import { decode, findDocument, writeDocument } from '@imp/kit/store/document.ts'
import type { VmmContext } from '../context.ts'
import { isLegacy, readLegacy, requireOurs } from './legacy.ts'
import { MachineWord, runDocument, Vm, vmDocument, type Run } from './model.ts'
import { placesOf } from './networks.ts'
import { machinePaths } from './paths.ts'

type Where = Pick<VmmContext, 'host' | 'paths'>

/** The document of a machine, whichever program wrote it. */
function decodeMachine(text: string, path: string): Vm {
  const value = parseJson(text, path)
  return isLegacy(value) ? readLegacy(value, path) : decode(vmDocument, text, path)
}

/** What is for cloud-init may hold passwords: the documents of such machines are for their owner, who alone sees them. */
function modeOf(vm: Vm): number {
  return vm.cloudInit !== undefined ? 0o600 : 0o644
}

async function unlessDenied<T>(found: Promise<T>): Promise<T | undefined> {
  try {
    return await found
  } catch (error) {
    if (error instanceof Fault && error.code === 'denied') return undefined
    throw error
  }
}

/** All machines. Everybody may read the documents that hold no secrets. */
export function machines({ host, paths }: Where): Collection<typeof Vm> {
  const ours = collection(host, vmDocument, { directory: join(paths.data, 'vms'), noun: 'machine', listCommand: 'vmm list --all' })
  const find = async (name: string): Promise<Vm | undefined> => {
    const path = ours.pathOf(name)
    return (await host.files.stat(path)) === undefined ? undefined : decodeMachine(await host.files.read(path), path)
  }
  return {
    ...ours,
    find,
    get: async (name) => (await find(name)) ?? ours.get(name),
    all: async () => (await Promise.all((await ours.names()).map((name) => unlessDenied(find(name))))).filter((vm) => vm !== undefined),
    async put(name, vm) {
      requireOurs(vm, 'changed')
      const path = ours.pathOf(name)
      await host.files.makeDirectory(dirname(path))
      await writeDocument(host, vmDocument, path, vm, { mode: modeOf(vm) })
    },
  }
}

/** Digits of an id that may stand for all eight of them. */
const idPrefix = /^[0-9a-f]{4,8}$/

/** The machine on a bridge that has this address. */
async function machineAt(where: Where, word: string): Promise<Vm> {
  const address = parseAddress(word)
  const isIt = (own: string | undefined): boolean => own !== undefined && sameAddress(parseAddress(own), address)
  const all = await machines(where).all()
  const found = all.find((vm) => placesOf(vm).some(({ network }) => isIt(network.address) || isIt(network.address6)))
  if (found === undefined)
    throw new Fault('not-found', `no machine has the address ${word}`, { hint: 'vmm list --all shows those that exist' })
  return found
}

/**
 * The machine with this name, id, first digits of its id (four at least), or address on a bridge; a `not-found` fault with the nearest
 * name.
 */
export async function getMachine(where: Where, nameOrId: string): Promise<Vm> {
  parse(MachineWord, nameOrId, 'name of a machine')
  if (!Vm.shape.name.safeParse(nameOrId).success) return machineAt(where, nameOrId)
  const all = machines(where)
  const named = await all.find(nameOrId)
  if (named !== undefined) return named
  const byId = idPrefix.test(nameOrId) ? (await all.all()).filter(({ id }) => id.startsWith(nameOrId)) : []
  if (byId.length > 1) {
    throw new Fault('input', `${nameOrId} begins the ids of ${byId.map(({ name }) => name).join(', ')}`, { hint: 'write more of it' })
  }
  return byId[0] ?? all.get(nameOrId)
}

/** Runs `action` while no other command creates, deletes or moves what machines share: names, addresses, ports. */
export async function withAllMachines<T>({ host, paths }: Where, action: () => Promise<T>): Promise<T> {
  const lock = join(paths.data, 'locks', 'machines.lock')
  return withLock(host.clock, lock, { what: 'the list of machines', timeout: 60_000 }, action)
}

/**
 * Takes the locks away that deletions left which were killed at their very end. To be called under the lock of all machines, with the ids
 * of all: whoever waits for one of the others finds that its machine is gone.
 */
export async function removeStrayLocks({ host, paths }: Where, ids: ReadonlySet<string>): Promise<void> {
  const directory = join(paths.data, 'locks')
  for (const name of await host.files.list(directory)) {
    const id = /^([0-9a-f]{8})\.lock(-journal)?$/.exec(name)?.[1]
    if (id !== undefined && !ids.has(id)) await host.files.remove(join(directory, name))
  }
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

/** The record of the last run, also where an earlier version wrote it that started a machine which may still run. */
export async function findRun({ host, paths }: Where, id: string): Promise<Run | undefined> {
  const { run, formerRun } = machinePaths(paths, id)
  return (await findDocument(host, runDocument, run)) ?? unlessDenied(findDocument(host, runDocument, formerRun))
}

export async function putRun({ host, paths }: Where, id: string, run: Run): Promise<void> {
  const { directory, run: path } = machinePaths(paths, id)
  await host.files.makeDirectory(directory, { mode: 0o700 })
  await host.files.makeDirectory(dirname(path))
  await writeDocument(host, runDocument, path, run)
}
