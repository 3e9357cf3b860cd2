/** Operations on machines that start with this computer, and the service that starts them. */
import { join, resolve } from 'node:path'
import { z } from 'zod'
import { asFault, Fault } from '@imp/kit/base/fault.ts'
import { FilePath, Name } from '@imp/kit/base/schema.ts'
import type { Host } from '@imp/kit/host/host.ts'
import { operation, planned, type AnyOperation } from '@imp/kit/op/operation.ts'
import type { Step } from '@imp/kit/plan/step.ts'
import type { VmmContext } from '../context.ts'
import { start, stop } from '../life/ops.ts'
import { MachineWord, type Vm } from '../vm/model.ts'
import { namesOf, partsOf } from '../vm/ops.ts'
import { namesInState, selected, selection } from '../vm/select.ts'
import { requireOrder, startable, startOrder } from '../vm/start-order.ts'
import { isActive } from '../vm/states.ts'
import { getMachine, machines, withAllMachines, withMachine } from '../vm/store.ts'
import { renderUnits, startedNames, unitName, unitNames } from './render.ts'

const Enabled = z.strictObject({ machines: z.array(z.strictObject({ name: Name, autostart: z.boolean(), after: z.array(Name) })) })

/** Changes what is written down of the machines; refuses what could never start. */
async function setAutostart(context: VmmContext, names: readonly string[], autostart: boolean, after: readonly string[]) {
  const known = await Promise.all(names.map((name) => getMachine(context, name)))
  const before = await Promise.all(after.map(async (name) => (await getMachine(context, name)).name))
  const changed = known.map((vm): Vm => ({ ...vm, autostart, after: autostart ? before : [] }))
  const others = (await machines(context).all()).filter(({ id }) => !changed.some((each) => each.id === id))
  requireOrder([...others, ...changed])
  planned(
    context,
    changed.map(({ name }) => ({
      kind: 'vmm.autostart',
      summary: `note that ${name} starts${autostart ? '' : ' not'} by itself`,
      disruption: 'none',
      data: { name },
    })),
  )
  for (const { name } of changed)
    await withMachine(context, name, async (vm) => machines(context).put(name, { ...vm, autostart, after: autostart ? [...before] : [] }))
  return { machines: changed.map(({ name, after: waits }) => ({ name, autostart, after: waits })) }
}

function drawEnabled({ machines: all }: z.output<typeof Enabled>): string {
  return all
    .map(({ name, autostart, after }) => {
      const behind = after.length === 0 ? '' : `, after ${after.join(', ')}`
      return autostart ? `${name} starts with this computer${behind}` : `${name} does not start by itself`
    })
    .join('\n')
}

const enable = operation<VmmContext>()({
  path: ['autostart', 'enable'],
  summary: 'Let machines start with this computer',
  effect: 'write',
  args: ['names'],
  flags: { names: 'name' },
  input: z.strictObject({
    ...selection,
    after: z.array(MachineWord).max(64).default([]).describe('machine that must run before; instead of those that were said before'),
  }),
  output: Enabled,
  examples: ['vmm autostart enable db1', 'vmm autostart enable web1 web2 --after db1'],
  complete: { names: namesOf, after: namesOf },
  run: (context, { after, ...input }) =>
    withAllMachines(context, async () => setAutostart(context, await selected(input, () => namesOf(context)), true, after)),
  view: drawEnabled,
})

const disable = operation<VmmContext>()({
  path: ['autostart', 'disable'],
  summary: 'Let machines no longer start with this computer',
  effect: 'write',
  args: ['names'],
  flags: { names: 'name' },
  input: z.strictObject(selection),
  output: Enabled,
  examples: ['vmm autostart disable web1', 'vmm autostart disable --all'],
  complete: { names: namesOf },
  run: (context, input) =>
    withAllMachines(context, async () => setAutostart(context, await selected(input, () => namesOf(context)), false, [])),
  view: drawEnabled,
})

const Outcome = z.strictObject({ done: z.array(Name), failed: z.array(z.strictObject({ name: Name, reason: z.string() })) })

function drawOutcome({ done, failed }: z.output<typeof Outcome>): string {
  return [...done, ...failed.map(({ name, reason }) => `${name}: ${reason}`)].join('\n')
}

/** Does something to machines of one group at the same time; adds those that it was done to, and why the others were not. */
async function withGroup(
  names: readonly string[],
  { done, reasons }: { done: string[]; reasons: Map<string, string> },
  action: (name: string) => Promise<unknown>,
): Promise<void> {
  const settled = await Promise.allSettled(names.map(action))
  for (const [index, name] of names.entries()) {
    const outcome = settled[index]
    if (outcome?.status === 'rejected') reasons.set(name, asFault(outcome.reason).message)
    else done.push(name)
  }
}

/** Stops machines, those first that others were started before. One that cannot be stopped does not keep the others from it. */
async function stopAll(context: VmmContext, names: ReadonlySet<string>): Promise<z.output<typeof Outcome>> {
  const all = (await machines(context).all()).filter(({ name }) => names.has(name))
  const outcome = { done: [] as string[], reasons: new Map<string, string>() }
  // A dry run ends here, with the plans of all of them.
  if (context.dryRun && all.length > 0) await stop.run(context, { names: startOrder(all).toReversed().flat(), all: false, kill: false })
  for (const group of startOrder(all).toReversed())
    await withGroup(group, outcome, (name) => stop.run(context, { names: [name], all: false, kill: false }))
  return outcomeOf(outcome)
}

function outcomeOf({ done, reasons }: { done: string[]; reasons: ReadonlyMap<string, string> }): z.output<typeof Outcome> {
  return { done, failed: [...reasons].map(([name, reason]) => ({ name, reason })) }
}

/** One machine that cannot start does not keep the others from it, but those that wait for it. */
const autostart = operation<VmmContext>()({
  path: ['autostart'],
  summary: 'Start the machines that start with this computer',
  description:
    'For the service (vmm install-service). Exit status 1 when one of them could not be started. When it is interrupted, as by a shutdown of the computer, it shuts down again what it has started.',
  effect: 'write',
  hidden: true,
  input: z.strictObject({}),
  output: Outcome,
  examples: ['vmm autostart'],
  async run(context) {
    const all = (await machines(context).all()).filter((vm) => vm.autostart)
    // A dry run ends here, with the plans of all of them.
    if (context.dryRun && all.length > 0) await start.run(context, { names: startOrder(all).flat(), all: false })
    const before = new Set(await namesInState(context, partsOf(context), isActive))
    const outcome = { done: [] as string[], reasons: new Map<string, string>() }
    for (const group of startOrder(all)) {
      if (context.signal.aborted) break
      const names = startable(group, all, new Set(outcome.reasons.keys()))
      for (const name of group) if (!names.includes(name)) outcome.reasons.set(name, 'a machine that it waits for does not run')
      await withGroup(names, outcome, (name) => start.run(context, { names: [name], all: false }))
    }
    if (context.signal.aborted) {
      const whole = { ...context, signal: new AbortController().signal }
      await stopAll(whole, new Set(outcome.done.filter((name) => !before.has(name))))
      throw new Fault('failed', 'the start of machines was interrupted')
    }
    return outcomeOf(outcome)
  },
  view: drawOutcome,
  exitStatus: ({ failed }) => (failed.length === 0 ? 0 : 1),
})

const autostop = operation<VmmContext>()({
  path: ['autostop'],
  summary: 'Stop all machines, those first that others were started before',
  description: 'For the service (vmm install-service). Exit status 1 when one of them could not be stopped.',
  effect: 'write',
  hidden: true,
  input: z.strictObject({}),
  output: Outcome,
  examples: ['vmm autostop'],
  run: async (context) => stopAll(context, new Set(await namesInState(context, partsOf(context), isActive))),
  view: drawOutcome,
  exitStatus: ({ failed }) => (failed.length === 0 ? 0 : 1),
})

/** Where administrators put units of their own (systemd.unit(5), UNIT FILE LOAD PATH). */
function unitPath(root: string, name: string = unitName): string {
  return join(root, '/etc/systemd/system', name)
}

/** Whether systemd runs this computer (sd_booted(3)), and it is this computer that is meant. */
async function isBooted(host: Host, root: string): Promise<boolean> {
  return root === '/' && (await host.files.stat('/run/systemd/system')) !== undefined
}

const Root = FilePath.default('/').describe('directory that is the root of the system, such as one of an image')
const Installed = z.strictObject({ path: FilePath, changed: z.boolean(), enabled: z.boolean() })

/** How we were called: the bundle or the launcher is a program; sources are given to the runtime. */
function callOfOurselves(): readonly string[] {
  return [process.execPath, ...process.execArgv.filter((word) => word.startsWith('--disable-warning')), resolve(process.argv[1] ?? 'vmm')]
}

function serviceStep(summary: string, path: string): Step {
  return { kind: 'vmm.service', summary, disruption: 'none', data: { path } }
}

/** Words by which systemctl means another system than the one that runs. */
function systemOf(root: string): string[] {
  return root === '/' ? [] : [`--root=${resolve(root)}`]
}

/** Path and text of the units that are not there as they should be. */
async function changedUnits(host: Host, root: string, texts: ReadonlyMap<string, string>): Promise<[string, string][]> {
  const all = [...texts].map(([name, text]): [string, string] => [unitPath(root, name), text])
  const there = await Promise.all(
    all.map(async ([path, text]) => (await host.files.stat(path)) !== undefined && (await host.files.read(path)) === text),
  )
  return all.filter((_, index) => there[index] !== true)
}

const installService = operation<VmmContext>()({
  path: ['install-service'],
  summary: 'Let systemd start and stop machines with this computer',
  description:
    'It also writes the rules of networks anew: at once when a firewall or Docker is started or restarted, else within a minute.',
  effect: 'write',
  input: z.strictObject({ root: Root, program: FilePath.optional().describe('the command vmm, unless the one that runs now') }),
  output: Installed,
  examples: ['vmm install-service', 'vmm install-service --root ./image --program /usr/bin/vmm'],
  async run(context, { root, program }) {
    const { host, paths, config } = context
    const path = unitPath(resolve(root))
    // Settings of this computer's user say nothing of another system's.
    const settings = root === '/' ? { config: join(config.path, '..', '..') } : {}
    const texts = renderUnits({ program: program === undefined ? callOfOurselves() : [program], data: paths.data, ...settings })
    const booted = await isBooted(host, root)
    const changed = await changedUnits(host, resolve(root), texts)
    planned(
      context,
      unitNames.map((name) => unitPath(resolve(root), name)).map((unit) => serviceStep(`install ${unit}`, unit)),
    )
    if (root === '/' && !context.root) throw new Fault('denied', 'only root may install a service', { hint: 'run vmm as root' })
    await host.files.makeDirectory(join(path, '..'))
    for (const [unit, text] of changed) await host.files.write(unit, text)
    if (booted) await host.run(['systemctl', 'daemon-reload'])
    await host.run(['systemctl', ...systemOf(root), 'enable', ...unitNames])
    if (booted) await host.run(['systemctl', 'start', ...startedNames])
    return { path, changed: changed.length > 0, enabled: true }
  },
  view: ({ path, changed }) => `${changed ? 'installed' : 'already there:'} ${path}; machines start by: vmm autostart enable NAME`,
})

const uninstallService = operation<VmmContext>()({
  path: ['uninstall-service'],
  summary: 'Let systemd no longer start machines; those that run go on',
  effect: 'write',
  input: z.strictObject({ root: Root }),
  output: Installed,
  examples: ['vmm uninstall-service'],
  async run(context, { root }) {
    const { host } = context
    const path = unitPath(resolve(root))
    const present: string[] = []
    for (const name of unitNames) if ((await host.files.stat(unitPath(resolve(root), name))) !== undefined) present.push(name)
    planned(
      context,
      present.map((name) => unitPath(resolve(root), name)).map((unit) => serviceStep(`remove ${unit}`, unit)),
    )
    if (present.length === 0) return { path, changed: false, enabled: false }
    const booted = await isBooted(host, root)
    const started = startedNames.filter((name) => present.includes(name))
    if (booted && started.length > 0) await host.run(['systemctl', 'stop', ...started])
    await host.run(['systemctl', ...systemOf(root), 'disable', ...present])
    for (const name of present) await host.files.remove(unitPath(resolve(root), name))
    if (booted) await host.run(['systemctl', 'daemon-reload'])
    return { path, changed: true, enabled: false }
  },
  view: ({ path, changed }) => (changed ? `removed ${path}` : `${path} is not there`),
})

export const operations: readonly AnyOperation<VmmContext>[] = [enable, disable, autostart, autostop, installService, uninstallService]
