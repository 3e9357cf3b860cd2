/** Operations on the mounts of machines. */
import { join } from 'node:path'
import { z } from 'zod'
import { Fault } from '@imp/kit/base/fault.ts'
import { FilePath, Name, parse, parseJson } from '@imp/kit/base/schema.ts'
import { count, table } from '@imp/kit/base/text.ts'
import type { Host } from '@imp/kit/host/host.ts'
import { operation, planned, type AnyOperation } from '@imp/kit/op/operation.ts'
import type { Step } from '@imp/kit/plan/step.ts'
import type { VmmContext } from '../context.ts'
import { MachineWord, type Vm } from '../vm/model.ts'
import { partsOf } from '../vm/ops.ts'
import { observe } from '../vm/observe.ts'
import { machinePaths } from '../vm/paths.ts'
import { isActive } from '../vm/states.ts'
import { getMachine, machines, withMachine } from '../vm/store.ts'
import { applyChanges, copied } from './apply.ts'
import { mountDiskStep, readDisk, writeDisk } from './disk.ts'
import { Mount, mountLabel, mountPoint, MountTag } from './model.ts'
import { compareTrees, type Changes } from './sync.ts'
import { Entry, readTree, type Tree } from './tree.ts'

const Listed = z.strictObject({ mounts: z.array(Mount.extend({ mountPoint: FilePath, disk: FilePath, filled: z.boolean() })) })

const completeName = (context: VmmContext): Promise<string[]> => machines(context).names()

const list = operation<VmmContext>()({
  path: ['mount', 'list'],
  summary: 'List the directories of this computer that a machine has',
  effect: 'read',
  args: ['name'],
  input: z.strictObject({ name: MachineWord.describe('name, id or address of the machine') }),
  output: Listed,
  examples: ['vmm mount list web1', 'vmm mount list web1 --json'],
  complete: { name: completeName },
  async run(context, { name }) {
    const vm = await getMachine(context, name)
    const paths = machinePaths(context.paths, vm.id)
    const mounts = vm.mounts.map(async (mount) => {
      const { disk } = paths.mount(mount.tag)
      return { ...mount, mountPoint: mountPoint(mount.tag), disk, filled: (await context.host.files.stat(disk)) !== undefined }
    })
    return { mounts: await Promise.all(mounts) }
  },
  view: ({ mounts }) => {
    if (mounts.length === 0) return 'No mounts. vmm create --mount PATH:TAG gives a machine one.'
    const rows = mounts.map(({ tag, path, mountPoint: at, readOnly, filled }) => [
      tag,
      path,
      at,
      readOnly ? 'ro' : 'rw',
      filled ? 'yes' : 'at the next start',
    ])
    return table([['TAG', 'PATH', 'IN THE GUEST', 'ACCESS', 'FILLED'], ...rows]).join('\n')
  },
})

const Synced = z.strictObject({
  name: Name,
  tag: MountTag,
  direction: z.enum(['in', 'back']),
  copied: z.array(z.string()),
  removed: z.array(z.string()),
})

interface Place {
  readonly vm: Vm
  readonly mount: Mount
  readonly index: number
  readonly disk: string
  readonly manifest: string
}

/** The mount of a machine that stands still; `state` when it runs, since both sides would write to the same disk. */
async function standingStill(context: VmmContext, vm: Vm, tag: string): Promise<Place> {
  const index = vm.mounts.findIndex((each) => each.tag === tag)
  const mount = vm.mounts[index]
  if (mount === undefined) {
    const tags = vm.mounts.map((each) => each.tag)
    throw new Fault('not-found', `${vm.name} has no mount ${tag}`, {
      hint: tags.length === 0 ? 'it has none' : `it has ${tags.join(', ')}`,
    })
  }
  const { state } = await observe(context, partsOf(context), vm)
  if (isActive(state)) throw new Fault('state', `${vm.name} is ${state}: its mounts are in use`, { hint: `vmm stop ${vm.name}` })
  return { vm, mount, index, ...machinePaths(context.paths, vm.id).mount(tag) }
}

async function readManifest(host: Host, path: string): Promise<Tree> {
  return new Map(Object.entries(parse(z.record(z.string(), Entry), parseJson(await host.files.read(path), path), path)))
}

/** What the machine has changed since the disk was filled, laid out in `work`. */
async function changesOf(
  host: Host,
  { disk, manifest, mount }: Place,
  work: string,
): Promise<{ tree: string; theirs: Tree; changes: Changes }> {
  if ((await host.files.stat(disk)) === undefined)
    throw new Fault('state', `the mount ${mount.tag} was not filled yet`, { hint: 'the first start fills it' })
  const tree = await readDisk(host, disk, work)
  const theirs = await readTree(host, tree)
  return { tree, theirs, changes: compareTrees(await readManifest(host, manifest), theirs, await readTree(host, mount.path)) }
}

async function syncIn(context: VmmContext, place: Place, force: boolean): Promise<z.input<typeof Synced>> {
  const { host, paths } = context
  const { vm, mount, index, disk, manifest } = place
  const work = join(paths.cache, `mount-${vm.id}-${mount.tag}`)
  const filled = (await host.files.stat(disk)) !== undefined
  if (filled && !mount.readOnly && !force && !context.dryRun) {
    try {
      const { copy, remove, conflicts } = (await changesOf(host, place, work)).changes
      const lost = [...copy, ...remove, ...conflicts].toSorted()
      if (lost.length > 0) {
        throw new Fault(
          'conflict',
          `${vm.name} has changed ${count(lost.length, 'file')} in ${mount.tag}, which would be lost: ${lost.slice(0, 5).join(', ')}`,
          {
            hint: `bring them here first (vmm mount sync ${vm.name} ${mount.tag} --back), or --force`,
          },
        )
      }
    } finally {
      await host.files.remove(work)
    }
  }
  planned(context, [
    mountDiskStep.step(`fill ${mount.tag} of ${vm.name} from ${mount.path}`, {
      source: mount.path,
      path: disk,
      label: mountLabel(index),
      readOnly: mount.readOnly,
      manifest,
    }),
  ])
  await host.files.makeDirectory(machinePaths(paths, vm.id).mounts, { mode: 0o700 })
  const tree = await writeDisk(host, mount.path, disk, mountLabel(index), mount.readOnly)
  await host.files.write(manifest, `${JSON.stringify(Object.fromEntries(tree))}\n`, { mode: 0o600 })
  return { name: vm.name, tag: mount.tag, direction: 'in', copied: [...tree.keys()], removed: [] }
}

async function syncBack(context: VmmContext, place: Place, force: boolean): Promise<z.input<typeof Synced>> {
  const { host, paths } = context
  const { vm, mount, manifest } = place
  if (mount.readOnly) throw new Fault('state', `the mount ${mount.tag} of ${vm.name} is read-only: nothing comes back`)
  const work = join(paths.cache, `mount-${vm.id}-${mount.tag}`)
  const summary = `bring the changes of ${mount.tag} of ${vm.name} into ${mount.path}`
  // What would come back is known only when the disk was read, which writes to the cache.
  const step: Step = { kind: 'vmm.mount.back', summary, disruption: 'none', data: { path: mount.path } }
  planned(context, [step])
  try {
    const { tree, theirs, changes } = await changesOf(host, place, work)
    const { conflicts } = changes
    if (conflicts.length > 0 && !force) {
      throw new Fault('conflict', `${count(conflicts.length, 'file')} changed on both sides: ${conflicts.slice(0, 5).join(', ')}`, {
        hint: `--force takes those of ${vm.name}; nothing was changed so far`,
        detail: conflicts.join('\n'),
      })
    }
    const whole: Changes = {
      copy: [...changes.copy, ...conflicts.filter((path) => theirs.has(path))].toSorted(),
      remove: [...changes.remove, ...conflicts.filter((path) => !theirs.has(path))].toSorted(),
      conflicts: [],
    }
    await applyChanges(host, tree, theirs, mount.path, whole)
    // From now on both sides have this: what changes next is a change to it.
    await host.files.write(manifest, `${JSON.stringify(Object.fromEntries(theirs))}\n`, { mode: 0o600 })
    return { name: vm.name, tag: mount.tag, direction: 'back', copied: copied(whole.copy, theirs), removed: [...whole.remove] }
  } finally {
    await host.files.remove(work)
  }
}

const sync = operation<VmmContext>()({
  path: ['mount', 'sync'],
  summary: 'Fill a mount anew, or bring back what the machine changed in it',
  description:
    'The machine must not run. What comes back belongs to the owner of the directory, without set-user-ID. A file that changed on both sides is never written over, unless --force.',
  effect: 'write',
  args: ['name', 'tag'],
  input: z.strictObject({
    name: MachineWord.describe('name, id or address of the machine'),
    tag: MountTag.describe('tag of the mount'),
    back: z.boolean().default(false).describe('bring changes of the machine into the directory'),
    force: z.boolean().default(false).describe('let changes of the other side be lost'),
  }),
  output: Synced,
  examples: ['vmm mount sync web1 site', 'vmm mount sync web1 data --back'],
  complete: {
    name: completeName,
    async tag(context, { name }) {
      return typeof name === 'string' ? (await getMachine(context, name)).mounts.map(({ tag }) => tag) : []
    },
  },
  run: (context, { name, tag, back, force }) =>
    withMachine(context, name, async (vm) => {
      const place = await standingStill(context, vm, tag)
      return back ? syncBack(context, place, force) : syncIn(context, place, force)
    }),
  view: ({ name, tag, direction, copied: files, removed }) =>
    direction === 'in'
      ? `${tag} of ${name} has ${count(files.length, 'entry', 'entries')} of this computer`
      : [
          `brought back ${count(files.length, 'entry', 'entries')}, took away ${removed.length}`,
          ...files.map((path) => `  + ${path}`),
          ...removed.map((path) => `  - ${path}`),
        ].join('\n'),
})

export const operations: readonly AnyOperation<VmmContext>[] = [list, sync]
