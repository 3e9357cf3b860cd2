/** `vmm prune`: takes away what nobody uses, of all rooms. */
import { z } from 'zod'
import { count } from '@imp/kit/base/text.ts'
import { formatBytes } from '@imp/kit/base/units.ts'
import { operation, planned, type AnyOperation } from '@imp/kit/op/operation.ts'
import type { VmmContext } from '../context.ts'
import { findRemovable, removeAll } from '../image/prune.ts'
import { remove } from '../life/ops.ts'
import { partsOf } from '../vm/ops.ts'
import { machinePaths } from '../vm/paths.ts'
import { namesInState } from '../vm/select.ts'
import { getMachine, machines, withAllMachines } from '../vm/store.ts'
import { findFormerLogs, findHalfWritten, findLooseNames, findRemains, type Found } from './find.ts'
import { Unused } from './model.ts'

/** Machines that are stopped, but for those that start with this computer: they are in use. */
async function findStopped(context: VmmContext): Promise<Found[]> {
  const names = await namesInState(context, partsOf(context), (state) => state === 'stopped')
  const all = await Promise.all(names.map((name) => getMachine(context, name)))
  return Promise.all(
    all
      .filter(({ autostart }) => !autostart)
      .map(async ({ id, name }) => {
        const { directory } = machinePaths(context.paths, id)
        const { stdout } = await context.host.query(['du', '--summarize', '--block-size=1', '--', directory], { timeout: 60_000 })
        return { kind: 'machine' as const, name, size: Number(stdout.split('\t')[0]), paths: [] }
      }),
  )
}

/** What is left of machines; nobody makes or deletes one meanwhile. */
async function findLeft(context: VmmContext): Promise<Found[]> {
  const { host, paths } = context
  // Every document counts, also those that cannot be read: what belongs to them is in use.
  const names = new Set(await machines(context).names())
  const all = await machines(context).all()
  if (all.length < names.size) return []
  const known = new Map(all.map(({ id, name }) => [id, name]))
  const remains = await findRemains(host, paths, new Set(known.keys()))
  const going = remains.flatMap((each) => each.paths.map((path) => `${path}/`))
  const halves = (await findHalfWritten(host, paths)).filter(
    (each) => !each.paths.some((path) => going.some((one) => path.startsWith(one))),
  )
  return [...remains, ...(await findLooseNames(host, paths, names)), ...(await findFormerLogs(host, paths, known)), ...halves]
}

function draw({ kind, name, size }: Unused): string {
  const what = { remains: 'what is left of', log: 'the former log of', machine: 'the machine' } as const
  return `remove ${kind === 'remains' || kind === 'log' || kind === 'machine' ? what[kind] : `the ${kind}`} ${name}, ${formatBytes(size)}`
}

const prune = operation<VmmContext>()({
  path: ['prune'],
  summary: 'Take away what nobody uses',
  description:
    'What killed commands and broken downloads left, and logs that later ones replaced. With --machines also machines that are stopped and do not start with this computer, with their disks; with --images also images that no machine was made from. --dry-run lists all of it.',
  effect: 'destroy',
  input: z.strictObject({
    machines: z.boolean().default(false).describe('also machines that are stopped'),
    images: z.boolean().default(false).describe('also images that no machine was made from'),
  }),
  output: z.strictObject({ removed: z.array(Unused), bytes: z.int() }),
  examples: ['vmm prune --dry-run', 'vmm prune', 'vmm prune --machines --images'],
  async run(context, input) {
    const stopped = input.machines ? await findStopped(context) : []
    const left = await withAllMachines(context, () => findLeft(context))
    const ofImages = await findRemovable(context, input.images)
    const all: Unused[] = [...stopped, ...left, ...ofImages].map(({ kind, name, size }) => ({ kind, name, size }))
    planned(
      context,
      all.map((each) => ({ kind: 'vmm.prune', summary: draw(each), disruption: 'none', data: each })),
    )
    if (stopped.length > 0) await remove.run(context, { names: stopped.map(({ name }) => name), all: false, force: false })
    await withAllMachines(context, async () => {
      // Looked for again: what a command made meanwhile stays.
      for (const { paths } of await findLeft(context)) for (const path of paths) await context.host.files.remove(path)
    })
    // Machines that are gone now may have been the last of their images.
    const images = await removeAll(context, await findRemovable(context, input.images))
    const removed = [...stopped, ...left, ...images].map(({ kind, name, size }) => ({ kind, name, size }))
    return { removed, bytes: removed.reduce((sum, { size }) => sum + size, 0) }
  },
  view: ({ removed, bytes }) =>
    removed.length === 0
      ? 'nothing to take away'
      : [
          ...removed.map((each) => draw(each).replace(/^remove/, 'removed')),
          `${count(removed.length, 'thing')}, ${formatBytes(bytes)}`,
        ].join('\n'),
})

export const operations: readonly AnyOperation<VmmContext>[] = [prune]
