/** Operations that watch machines: what they use, and what happens to them. */
import { z } from 'zod'
import { Fault } from '@imp/kit/base/fault.ts'
import { table } from '@imp/kit/base/text.ts'
import { formatBytes } from '@imp/kit/base/units.ts'
import { operation, type AnyOperation } from '@imp/kit/op/operation.ts'
import type { VmmContext } from '../context.ts'
import { MachineEvent, readEvents } from '../vm/history.ts'
import { MachineWord, type Vm } from '../vm/model.ts'
import { observe } from '../vm/observe.ts'
import { placesOf } from '../vm/networks.ts'
import { namesOf, partsOf } from '../vm/ops.ts'
import { machinePaths } from '../vm/paths.ts'
import { getMachine, machines } from '../vm/store.ts'
import { lookAtUsage, type Subject } from './look.ts'
import { Usage } from './model.ts'

/** Milliseconds between two looks. */
const interval = 1000

async function subjectOf(context: VmmContext, vm: Vm): Promise<Subject[]> {
  const { observed } = await observe(context, partsOf(context), vm)
  if (observed === undefined) return []
  const { name, cpus, memory, disk, id } = vm
  return [
    {
      name,
      cpus,
      memory,
      disk,
      pid: observed.pid,
      diskPath: machinePaths(context.paths, id).disk,
      taps: placesOf(vm).map(({ tap }) => tap),
    },
  ]
}

async function subjectsOf(context: VmmContext, names: readonly string[]): Promise<Subject[]> {
  const chosen = names.length === 0 ? await machines(context).all() : await Promise.all(names.map((name) => getMachine(context, name)))
  return (await Promise.all(chosen.map((vm) => subjectOf(context, vm)))).flat()
}

function bytes(value: number | null): string {
  return value === null ? '-' : formatBytes(value)
}

function drawUsage(all: readonly Usage[]): string {
  if (all.length === 0) return 'no machine runs'
  const rows = all.map((each) => [
    each.name,
    `${each.cpuPercent.toFixed(1)} %`,
    `${formatBytes(each.memory)} of ${formatBytes(each.memoryLimit)}`,
    `${formatBytes(each.disk)} of ${formatBytes(each.diskLimit)}`,
    `${bytes(each.diskRead)} / ${bytes(each.diskWritten)}`,
    `${bytes(each.received)} / ${bytes(each.sent)}`,
  ])
  return table([['NAME', 'CPU', 'MEMORY', 'DISK', 'READ / WRITTEN', 'RECEIVED / SENT'], ...rows]).join('\n')
}

/** Tells a table after each look, until the signal. */
async function watchUsage({ host, signal, report }: VmmContext, look: () => Promise<Usage[]>): Promise<void> {
  try {
    while (!signal.aborted) {
      const seen = await look()
      report({ event: 'seen', text: `${drawUsage(seen)}\n`, value: { machines: seen } })
      if (seen.length === 0) await host.clock.sleep(interval, signal)
    }
  } catch (error) {
    if (!signal.aborted) throw error
  }
}

const stats = operation<VmmContext>()({
  path: ['stats'],
  summary: 'Show what running machines use: processor, memory, disk, network',
  description: 'Of one processor of this computer a busy machine uses 100 %. With --watch a new table comes each second, until ctrl-c.',
  effect: 'read',
  args: ['names'],
  flags: { names: 'name' },
  input: z.strictObject({
    names: z.array(MachineWord).default([]).describe('names, ids or addresses of machines; all that run unless told'),
    watch: z.boolean().default(false).describe('go on until ctrl-c'),
  }),
  output: z.strictObject({ machines: z.array(Usage) }),
  examples: ['vmm stats', 'vmm stats web1 --watch', 'vmm stats --json'],
  complete: { names: namesOf },
  async run(context, { names, watch }) {
    const { host, signal } = context
    const look = async (): Promise<Usage[]> => lookAtUsage(host, await subjectsOf(context, names), interval, signal)
    if (watch) await watchUsage(context, look)
    return { machines: watch ? [] : await look() }
  },
  view: ({ machines: all }) => drawUsage(all),
})

function drawEvent({ time, name, event, reason }: MachineEvent): string {
  return `${time}  ${name}  ${event}${reason === undefined ? '' : `: ${reason}`}`
}

/** Ends that no command caused, which only looking shows: guests that powered off, engines that died. Told once each. */
async function unaskedEnds(context: VmmContext, told: Map<string, string>): Promise<MachineEvent[]> {
  const parts = partsOf(context)
  const time = context.host.clock.now().toISOString()
  const all = await Promise.all(
    (await machines(context).all()).map(async (vm): Promise<MachineEvent[]> => {
      const { state, run, observed, reason } = await observe(context, parts, vm)
      const ended = run?.phase === 'running' && observed === undefined && (state === 'stopped' || state === 'error')
      if (!ended || told.get(vm.id) === run.started) return []
      told.set(vm.id, run.started)
      return [{ time, name: vm.name, id: vm.id, event: state, ...(reason === undefined ? {} : { reason }) }]
    }),
  )
  return all.flat()
}

/** Tells events until the signal: those that commands write down, and unasked ends. */
async function followEvents(context: VmmContext, known: number, wanted: (event: MachineEvent) => boolean): Promise<void> {
  const { host, signal, report } = context
  const ends = new Map<string, string>()
  let last = known
  while (!signal.aborted) {
    const written = await readEvents(context)
    // Fewer than before: the oldest were put aside.
    const fresh = written.length >= last ? written.slice(last) : written.slice(-1)
    last = written.length
    const all = [...fresh, ...(await unaskedEnds(context, ends))].filter(wanted)
    for (const event of all) report({ event: 'seen', text: drawEvent(event), value: event })
    try {
      await host.clock.sleep(interval, signal)
    } catch (error) {
      if (!signal.aborted) throw error
    }
  }
}

/** Whether an event is of one of the machines; those that were deleted are known by what is written down of them only. */
async function meantBy(context: VmmContext, words: readonly string[]): Promise<((event: MachineEvent) => boolean) | undefined> {
  if (words.length === 0) return undefined
  const found = await Promise.all(words.map((word) => findMachine(context, word)))
  const ids = new Set(found.flatMap((vm) => (vm === undefined ? [] : [vm.id])))
  return ({ id, name }) => ids.has(id) || words.some((word) => word === name || (/^[0-9a-f]{4,8}$/.test(word) && id.startsWith(word)))
}

async function findMachine(context: VmmContext, word: string): Promise<Vm | undefined> {
  try {
    return await getMachine(context, word)
  } catch (error) {
    if (error instanceof Fault && error.code === 'not-found') return undefined
    throw error
  }
}

const events = operation<VmmContext>()({
  path: ['events'],
  summary: 'Tell what happened to machines, and with --follow what happens',
  description:
    'The newest thousands are kept. With --follow also ends that nobody asked for are told: guests that power off, engines that die.',
  effect: 'read',
  args: ['names'],
  flags: { names: 'name' },
  short: { follow: 'f' },
  input: z.strictObject({
    names: z.array(MachineWord).default([]).describe('names, ids or addresses of machines, also of deleted ones; all unless told'),
    follow: z.boolean().default(false).describe('go on until ctrl-c'),
    since: z.iso.datetime().optional().describe('only later ones, such as 2026-01-31T12:00:00Z'),
  }),
  output: z.strictObject({ events: z.array(MachineEvent) }),
  examples: ['vmm events', 'vmm events web1 --follow'],
  complete: { names: namesOf },
  async run(context, { names, follow, since }) {
    const meant = await meantBy(context, names)
    const wanted = (event: MachineEvent): boolean =>
      (meant === undefined || meant(event)) && (since === undefined || Date.parse(event.time) >= Date.parse(since))
    const written = await readEvents(context)
    if (!follow) return { events: written.filter(wanted) }
    await followEvents(context, since === undefined ? written.length : 0, wanted)
    return { events: [] }
  },
  view: ({ events: all }) => all.map(drawEvent).join('\n'),
})

export const operations: readonly AnyOperation<VmmContext>[] = [stats, events]
