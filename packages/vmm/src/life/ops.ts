/** Operations on the life of machines: start, stop, restart, delete, and all of it in one word. */
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { asFault, Fault } from '@imp/kit/base/fault.ts'
import { Name } from '@imp/kit/base/schema.ts'
import { operation, type AnyOperation } from '@imp/kit/op/operation.ts'
import type { Plan } from '@imp/kit/plan/apply.ts'
import { ensureKeeper } from '../console/keep.ts'
import { exec } from '../console/ops.ts'
import type { VmmContext } from '../context.ts'
import { changeMachines, forAll } from '../vm/change.ts'
import { countedNames, settleSshPort } from '../vm/create.ts'
import { carryOutDelete, carryOutStart, carryOutStop, planDelete, planStart, planStop } from '../vm/lifecycle.ts'
import type { Work } from '../vm/work.ts'
import { requireOurs } from '../vm/legacy.ts'
import { MachineWord, VmView } from '../vm/model.ts'
import { observe } from '../vm/observe.ts'
import { create, namesOf, partsOf, viewAll } from '../vm/ops.ts'
import { planRename, requireFreeMachineName } from '../vm/rename.ts'
import { namesInState, selected, selection } from '../vm/select.ts'
import { isActive } from '../vm/states.ts'
import { machines as allMachines, withAllMachines } from '../vm/store.ts'
import { drawStates } from '../vm/views.ts'
import { withBootSlot } from '../vm/boot-slots.ts'

/** Names of machines that run, or of those that do not. */
function namesWhere(active: boolean) {
  return (context: VmmContext): Promise<string[]> => namesInState(context, partsOf(context), (state) => isActive(state) === active)
}

const Machines = z.strictObject({ machines: z.array(VmView) })

/** Starts in turn when other machines boot already; what runs is left alone. */
const starting = {
  done: 'started',
  async plan(work: Work): Promise<Plan | undefined> {
    const { context, parts, vm } = work
    const { state } = await observe(context, parts, vm)
    if (isActive(state)) return undefined
    return planStart({ ...work, vm: await settleSshPort(context, parts, vm) })
  },
  async carryOut(work: Work, plan: Plan): Promise<void> {
    const slots = { directory: join(work.context.paths.data, 'locks'), count: availableParallelism() }
    await withBootSlot(work.context, slots, () => carryOutStart(work, plan))
    await keepLogsShort(work)
  },
}

/** A machine that runs is worth more than its log: what goes wrong here is told and no more. */
async function keepLogsShort({ context, vm }: Work): Promise<void> {
  try {
    await ensureKeeper(context)
  } catch (error) {
    const text = `the log of ${vm.name} may become long: ${asFault(error).message}`
    context.report({ event: 'log', level: 'warning', text })
  }
}

export const start = operation<VmmContext>()({
  path: ['start'],
  summary: 'Start machines and wait until they answer',
  effect: 'write',
  args: ['names'],
  flags: { names: 'name' },
  input: z.strictObject(selection),
  output: Machines,
  examples: ['vmm start web1', 'vmm start web1 web2 web3', 'vmm start --all'],
  complete: { names: namesWhere(false) },
  async run(context, input) {
    const parts = partsOf(context)
    const names = await selected(input, () => namesWhere(false)(context))
    return { machines: await viewAll(context, parts, await changeMachines(context, parts, names, starting)) }
  },
  view: ({ machines }) => drawStates(machines, 'every machine runs already'),
})

function stopping(kill: boolean) {
  return { done: 'stopped', plan: (work: Work) => planStop(work, kill ? 'kill' : 'shutdown'), carryOut: carryOutStop }
}

export const stop = operation<VmmContext>()({
  path: ['stop'],
  summary: 'Stop machines',
  description: 'The guest is asked to shut down (ctrl-alt-delete); when it does not within a minute, or with --kill, it is killed.',
  effect: 'write',
  args: ['names'],
  flags: { names: 'name' },
  input: z.strictObject({ ...selection, kill: z.boolean().default(false).describe('do not ask the guest first') }),
  output: Machines,
  examples: ['vmm stop web1', 'vmm stop --kill web1 web2', 'vmm stop --all'],
  complete: { names: namesWhere(true) },
  async run(context, { kill, ...input }) {
    const parts = partsOf(context)
    const names = await selected(input, () => namesWhere(true)(context))
    return { machines: await viewAll(context, parts, await changeMachines(context, parts, names, stopping(kill))) }
  },
  view: ({ machines }) => drawStates(machines, 'no machine runs'),
})

async function planUnlessRunning(work: Work, force: boolean): Promise<Plan> {
  const { state } = await observe(work.context, work.parts, work.vm)
  if (isActive(state) && !force) {
    const { name } = work.vm
    throw new Fault('state', `${name} is ${state}`, { hint: `vmm stop ${name}, or vmm delete --force ${name}` })
  }
  return planDelete(work)
}

export const remove = operation<VmmContext>()({
  path: ['delete'],
  aliases: [['rm']],
  summary: 'Delete machines with their disks',
  effect: 'destroy',
  args: ['names'],
  flags: { names: 'name' },
  short: { force: 'f' },
  agreement: 'force',
  input: z.strictObject({ ...selection, force: z.boolean().default(false).describe('kill those that run, and do not ask') }),
  output: z.strictObject({ deleted: z.array(Name) }),
  examples: ['vmm delete web1', 'vmm delete --force web1 web2'],
  complete: { names: namesOf },
  async run(context, { force, ...input }) {
    const names = await selected(input, () => namesOf(context))
    const plan = (work: Work): Promise<Plan> => planUnlessRunning(work, force)
    return { deleted: await changeMachines(context, partsOf(context), names, { done: 'deleted', plan, carryOut: carryOutDelete }) }
  },
  view: ({ deleted }) => (deleted.length === 0 ? 'there are no machines' : `deleted ${deleted.join(', ')}`),
})

/** Stops, then starts; what stands still is started. */
const restart = operation<VmmContext>()({
  path: ['restart'],
  summary: 'Stop machines and start them again',
  effect: 'write',
  args: ['names'],
  flags: { names: 'name' },
  input: z.strictObject({ ...selection, kill: z.boolean().default(false).describe('do not ask the guest first') }),
  output: Machines,
  examples: ['vmm restart web1', 'vmm restart --all'],
  complete: { names: namesWhere(true) },
  async run(context, { kill, ...input }) {
    const parts = partsOf(context)
    const names = await selected(input, () => namesWhere(true)(context))
    await changeMachines(context, parts, names, stopping(kill))
    return { machines: await viewAll(context, parts, await changeMachines(context, parts, names, starting)) }
  },
  view: ({ machines }) => drawStates(machines, 'no machine runs'),
})

const rename = operation<VmmContext>()({
  path: ['rename'],
  summary: 'Give a machine another name',
  description: 'Also while it runs: its guest learns of its new name when it is started again. Machines that start after it go on to.',
  effect: 'write',
  args: ['name', 'to'],
  input: z.strictObject({
    name: MachineWord.describe('name, id or address of the machine'),
    to: Name.describe('its new name'),
  }),
  output: z.strictObject({ name: Name, former: Name }),
  examples: ['vmm rename web1 shop1'],
  complete: { name: namesOf },
  async run(context, { name, to }) {
    const change = {
      done: 'renamed',
      async plan(work: Work): Promise<Plan | undefined> {
        requireOurs(work.vm, 'changed')
        if (work.vm.name === to) return undefined
        await requireFreeMachineName(work, to)
        return planRename(work, to)
      },
      // Looked at again where nobody else can take the name meanwhile.
      carryOut: (work: Work, plan: Plan) =>
        withAllMachines(context, async () => {
          await requireFreeMachineName(work, to)
          await carryOutStop(work, plan)
        }),
    }
    const [former = name] = await changeMachines(context, partsOf(context), [name], change)
    return { name: to, former }
  },
  view: ({ name, former }) => (name === former ? `${name} has that name already` : `${former} is called ${name} now`),
})

/** What was made for one command goes with it, however that ended. */
async function removing<T>(context: VmmContext, names: readonly string[], work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } finally {
    // An interrupted command still takes away what it made.
    const whole = { ...context, signal: new AbortController().signal }
    const known = new Set(await allMachines(whole).names())
    const left = names.filter((name) => known.has(name))
    if (left.length > 0) await remove.run(whole, { names: left, all: false, force: true })
  }
}

const silent = { status: 0, stdout: '', stderr: '' }

/** Runs the words in each of the machines, several at the same time; in one alone they have our terminal. */
async function runWords(context: VmmContext, names: readonly string[], words: string[]): Promise<(typeof silent)[]> {
  if (words.length === 0) return names.map(() => silent)
  const inside = { ...context, passthrough: context.passthrough && names.length === 1 }
  return forAll(names, 'asked', (name) => exec.run(inside, { name, words, user: 'root', timeout: 86_400 }))
}

const Ended = z.strictObject({ name: Name, machine: VmView.nullable(), status: z.int(), stdout: z.string(), stderr: z.string() })
type Ended = z.output<typeof Ended>

function linesOf({ stdout, stderr }: Ended): string[] {
  return [stdout, stderr].filter((text) => text !== '').flatMap((text) => text.split('\n'))
}

const run = operation<VmmContext>()({
  path: ['run'],
  summary: 'Create a machine, start it, and run a command in it where one is given',
  description: 'With --count several machines at the same time; what the command prints in each is then told behind its name, at its end.',
  effect: 'write',
  args: ['name', 'words'],
  ...(create.flags === undefined ? {} : { flags: create.flags }),
  input: z.strictObject({
    ...create.input.shape,
    words: z.array(z.string()).default([]).describe('command and its arguments; no shell reads them'),
    rm: z.boolean().default(false).describe('delete the machine when the command has ended'),
  }),
  output: z.union([Ended, z.strictObject({ machines: z.array(Ended) })]),
  examples: ['vmm run web1', 'vmm run web --count 3', 'vmm run try --rm -- uname -r'],
  async run(context, { words, rm, ...wishes }) {
    if (rm && words.length === 0) throw new Fault('input', '--rm needs a command, after which the machine is deleted')
    await create.run(context, wishes)
    const names = countedNames(wishes.name, wishes.count)
    const work = async (): Promise<(typeof silent)[]> => {
      await start.run(context, { names, all: false })
      return runWords(context, names, words)
    }
    const ended = rm ? await removing(context, names, work) : await work()
    const views = rm ? [] : await viewAll(context, partsOf(context), names)
    const machines = names.map((name, index) => ({ name, machine: views[index] ?? null, ...(ended[index] ?? silent) }))
    const [only] = machines
    return wishes.count === undefined && only !== undefined ? only : { machines }
  },
  view(output) {
    const all = 'machines' in output ? output.machines : [output]
    const lines = all.flatMap((each) => linesOf(each).map((line) => ('machines' in output ? `${each.name}: ${line}` : line)))
    return lines.length > 0 ? lines.join('\n') : drawStates(all.flatMap(({ machine }) => machine ?? []))
  },
  exitStatus: (output) => ('machines' in output ? Math.max(...output.machines.map(({ status }) => status)) : output.status),
})

export const operations: readonly AnyOperation<VmmContext>[] = [run, start, stop, restart, rename, remove]
