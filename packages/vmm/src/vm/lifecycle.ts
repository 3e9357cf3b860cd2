/** What is done to start, stop and delete a machine, and the care that it is done whole or not at all. */
import { basename } from 'node:path'
import { z } from 'zod'
import { reported } from '@imp/kit/base/events.ts'
import { asFault, errnoOf, Fault, refuse } from '@imp/kit/base/fault.ts'
import { bootId } from '@imp/kit/host/process.ts'
import { inNamespace, namespacePath } from '@imp/kit/host/namespace.ts'
import { applyPlan, interrupted, recoverPlan, type Executor, type Interrupted, type Plan } from '@imp/kit/plan/apply.ts'
import { doStep, type Step } from '@imp/kit/plan/step.ts'
import { journalAt } from '@imp/kit/store/journal.ts'
import { EngineName, type Choice, type PreparedMachine } from '../engine/model.ts'
import { imageFile } from '../image/model.ts'
import { mountLabel } from '../mount/model.ts'
import { sshAddress } from './keys.ts'
import { noteEvent } from './history.ts'
import { requireOurs } from './legacy.ts'
import { logLinkOf } from './log-link.ts'
import type { Run } from './model.ts'
import { memberOf, placesOf } from './networks.ts'
import { filesOf, observe } from './observe.ts'
import { machinePaths } from './paths.ts'
import { interfacesOf, nameserversOf, nicsOf, prepare } from './prepare.ts'
import { isActive } from './states.ts'
import { machineSteps, type MachineSteps } from './steps.ts'
import { findRun, machines, putRun } from './store.ts'
import type { Work } from './work.ts'

function executor({ context, vm }: Work, steps: MachineSteps): Executor {
  const { host, report, paths } = context
  return { host, kinds: steps.all, journal: journalAt(machinePaths(paths, vm.id).journal), report }
}

/** Context of the plan of a stop, in its journal: which engine it ends. */
const StopContext = z.strictObject({ stops: EngineName })

function isStop({ context }: Plan): boolean {
  return StopContext.safeParse(context).success
}

/** Whether something failed over a disk that is full. */
function isOfFullDisk(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  return ['ENOSPC', 'EDQUOT'].includes(errnoOf(error) ?? '') || isOfFullDisk(error.cause)
}

/** Whether what was interrupted is a stop whose engine has ended: nothing brings that back. */
async function isBeyondUndo({ context, parts, vm }: Work, plan: Plan): Promise<boolean> {
  const stop = StopContext.safeParse(plan.context)
  return stop.success && (await parts.engine(stop.data.stops).inspect(context.host, filesOf(context, vm))) === undefined
}

/** Does the rest of a plan whose last begun step may be half done. */
async function complete({ host, kinds, journal, report }: Executor, { plan, begun }: Interrupted): Promise<void> {
  for (const step of plan.steps.slice(Math.max(0, begun - 1))) await reported(report, step.summary, () => doStep(kinds, host, step))
  await journal.append({ entry: 'finished', outcome: 'applied' })
}

/** A stop that a full disk kept from its beginning has nothing to be undone, and must not be in the way of the next one. */
async function undo(running: Executor, plan: Plan): Promise<void> {
  try {
    await recoverPlan(running)
  } catch (error) {
    if (!isStop(plan) || !isOfFullDisk(error)) throw error
    await running.journal.clear()
  }
}

/**
 * Ends what a killed command left in its middle: a stop whose engine has ended is completed, everything else undone. To be called under the
 * machine's lock before anything else.
 */
export async function recover(work: Work): Promise<void> {
  const { context, parts, vm } = work
  if (context.dryRun) return
  // Before the journal is: nobody else may look at what a guest writes, or at its keys.
  await context.host.files.makeDirectory(machinePaths(context.paths, vm.id).directory, { mode: 0o700 })
  const running = executor(work, machineSteps(context, parts))
  const found = await interrupted(running.journal)
  if (found === undefined) return
  const completed = await isBeyondUndo(work, found.plan)
  await (completed ? complete(running, found) : undo(running, found.plan))
  const how = completed ? 'completed' : 'undone'
  context.report({ event: 'log', level: 'warning', text: `${vm.name}: an interrupted command (${found.plan.title}) was ${how} first` })
}

async function requireNamespace({ context, vm }: Work): Promise<void> {
  if (vm.namespace === undefined || (await context.host.files.stat(namespacePath(vm.namespace))) !== undefined) return
  throw new Fault('not-found', `${vm.name}: there is no network namespace ${vm.namespace}`, { hint: `ip netns add ${vm.namespace}` })
}

/** A machine that does not run has its TAPs to itself, those of the caller too. */
async function requireFreeTaps({ context, parts, vm }: Work): Promise<void> {
  const host = vm.namespace === undefined ? context.host : inNamespace(context.host, vm.namespace)
  for (const nic of nicsOf(vm)) if (nic.attachment === 'tap') await parts.requireFreeTap(host, nic.tap)
}

interface Prepared {
  readonly choice: Choice
  readonly machine: PreparedMachine
  readonly initrd: string
  readonly run: Run
  readonly image: { readonly path: string; readonly digest: string }
}

/** The image that the disk was made for, else the one that has the name now. */
async function imageOf({ context, parts, vm }: Work): Promise<Prepared['image']> {
  if (vm.imageDigest === undefined) return parts.image(vm.image)
  const path = imageFile(context.paths.data, vm.imageDigest)
  if ((await context.host.files.stat(path)) !== undefined) return { path, digest: vm.imageDigest }
  throw new Fault('not-found', `${vm.name}: the file of its image ${vm.image} is gone: ${path}`, {
    hint: 'its writable layer fits no other image: bring the file back, or delete the machine',
  })
}

async function gather({ context, parts, vm }: Work): Promise<Prepared> {
  const userNetwork = vm.network.kind === 'user'
  const choice = await parts.chooseEngine({ name: vm.engine, userNetwork })
  const kernel = await parts.kernel(vm.kernel)
  const image = await imageOf({ context, parts, vm })
  const vsock = vm.vsock === undefined ? {} : { vsockTransport: await choice.engine.vsockTransport(context.host) }
  const machine = prepare(vm, machinePaths(context.paths, vm.id), {
    accelerator: choice.accelerator,
    kernel,
    image: image.path,
    bootArguments: parts.bootArguments(vm.diskMode === 'overlay' ? 'overlay' : 'disk', vm.datasource === 'mmds'),
    ...vsock,
    ...(choice.accelerator === 'tcg' ? { tscKhz: await parts.tscKhz() } : {}),
  })
  refuse(`start ${vm.name}`, choice.engine.check(machine))
  const run: Run = {
    phase: 'starting',
    engine: choice.engine.name,
    accelerator: choice.accelerator,
    kernel: kernel.name,
    started: context.host.clock.now().toISOString(),
    bootId: await bootId(),
    ...vsock,
  }
  return { choice, machine, initrd: kernel.initrd, run, image }
}

async function networkSteps({ parts, vm }: Work, steps: MachineSteps): Promise<Step[]> {
  if (vm.network.kind === 'bridge') {
    return Promise.all(placesOf(vm).map(async (place) => (await parts.network(place.network.network)).attachStep(memberOf(vm, place))))
  }
  if (vm.network.kind === 'user' && vm.namespace !== undefined) {
    return [steps.loopback.step(`bring up the loopback interface of ${vm.namespace}`, { namespace: vm.namespace })]
  }
  return []
}

async function diskSteps({ context, parts, vm }: Work, steps: MachineSteps, image: Prepared['image']): Promise<Step[]> {
  const { disk } = machinePaths(context.paths, vm.id)
  if ((await context.host.files.stat(disk)) !== undefined) return []
  const common = { path: disk, size: vm.disk }
  const pin = steps.pin.step(`note the image of ${vm.name}`, { name: vm.name, digest: image.digest })
  return vm.diskMode === 'overlay'
    ? [pin, steps.disk.step(`make the writable layer of ${vm.name}`, { ...common, label: parts.labels.writable })]
    : [pin, steps.disk.step(`copy image ${vm.image} for ${vm.name}`, { ...common, label: parts.labels.root, image: image.path })]
}

/** Filled at the first start; afterwards what the machine wrote is kept until `vmm mount sync`. */
async function mountSteps({ context, parts, vm }: Work): Promise<Step[]> {
  const all = await Promise.all(
    vm.mounts.map(async ({ path, tag, readOnly }, index) => {
      const { disk, manifest } = machinePaths(context.paths, vm.id).mount(tag)
      if ((await context.host.files.stat(disk)) !== undefined) return []
      return [parts.mountStep({ source: path, path: disk, label: mountLabel(index), readOnly, manifest })]
    }),
  )
  return all.flat()
}

async function initrdStep({ context, parts, vm }: Work, steps: MachineSteps, base: string): Promise<Step> {
  const resolvConf =
    (await context.host.files.stat('/etc/resolv.conf')) === undefined ? '' : await context.host.files.read('/etc/resolv.conf')
  const identity = {
    hostname: vm.name,
    machineId: vm.machineId,
    authorizedKeys: vm.keys,
    nameservers: nameserversOf(vm, resolvConf),
    interfaces: interfacesOf(
      vm,
      await Promise.all(placesOf(vm).map(async ({ network }) => (await parts.network(network.network)).settings)),
    ),
    mounts: vm.mounts.map(({ tag, readOnly }, index) => ({ label: mountLabel(index), tag, readOnly })),
  }
  const { initrd: output } = machinePaths(context.paths, vm.id)
  return steps.initrd.step(`write the identity of ${vm.name}`, { id: vm.id, base, output, identity })
}

function seedSteps({ context, vm }: Work, steps: MachineSteps): Step[] {
  if (vm.cloudInit === undefined) return []
  const { seed, metadata } = machinePaths(context.paths, vm.id)
  const output = vm.datasource === 'mmds' ? metadata : seed
  return [steps.seed.step(`write what cloud-init of ${vm.name} is told`, { name: vm.name, output })]
}

/** Everything that a start does, in order. Makes kernel and image when they are missing, and nothing else. */
export async function planStart(work: Work): Promise<Plan> {
  const { context, parts, vm } = work
  requireOurs(vm)
  await requireNamespace(work)
  await requireFreeTaps(work)
  const { choice, machine, initrd, run, image } = await gather(work)
  if (choice.reason !== '')
    context.report({ event: 'log', level: 'info', text: `${choice.engine.title} (${choice.accelerator}): ${choice.reason}` })
  const steps = machineSteps(context, parts)
  const engine = choice.engine.name
  const files = filesOf(context, vm)
  const server = sshAddress(vm)
  const namespace = vm.namespace === undefined ? {} : { namespace: vm.namespace }
  return {
    title: `start ${vm.name}`,
    steps: [
      steps.record.step(`note the start of ${vm.name}`, { id: vm.id, name: vm.name, run }),
      steps.keys.step(`make the keys of ${vm.name}`, { id: vm.id }),
      ...(await diskSteps(work, steps, image)),
      ...(await mountSteps(work)),
      await initrdStep(work, steps, initrd),
      ...seedSteps(work, steps),
      ...(await networkSteps(work, steps)),
      steps.log.step(`name the log of ${vm.name}`, logLinkOf(context.paths, vm, basename(choice.engine.console(files).log))),
      steps.start.step(`run ${vm.name} on ${choice.engine.title}`, { engine, machine }),
      steps.ready.step(`wait for the guest ${vm.name}`, { engine, machine: files }),
      ...(server === undefined
        ? []
        : [steps.reach.step(`wait for ssh of ${vm.name}`, { engine, machine: files, ...server, ...namespace })]),
      steps.record.step(`note that ${vm.name} runs`, { id: vm.id, name: vm.name, run: { ...run, phase: 'running' } }),
    ],
  }
}

/** Carries out a start. What fails is undone, and the reason is kept for `list` and `show`. */
export async function carryOutStart(work: Work, plan: Plan): Promise<void> {
  const { context, parts } = work
  try {
    await applyPlan({ ...executor(work, machineSteps(context, parts)), signal: context.signal }, plan)
  } catch (error) {
    await noteFailure(work, context.signal.aborted ? 'its start was interrupted' : asFault(error).message)
    throw error
  }
}

async function noteFailure({ context, vm }: Work, reason: string): Promise<void> {
  try {
    const run = await findRun(context, vm.id)
    if (run !== undefined) await putRun(context, vm.id, { ...run, phase: 'error', reason })
    await noteEvent(context, { name: vm.name, id: vm.id, event: 'error', reason })
  } catch (error) {
    // A full disk, for example, which is what the start failed over in the first place.
    context.report({ event: 'log', level: 'warning', text: `${vm.name}: ${asFault(error).message}` })
  }
}

/** Everything that a stop does; also for a machine that is dead, of which only remains are left. Empty when it never ran. */
export async function planStop(work: Work, wish: 'shutdown' | 'kill'): Promise<Plan> {
  const { context, parts, vm } = work
  const { run, state, observed } = await observe(context, parts, vm)
  const title = `stop ${vm.name}`
  if (run === undefined) return { title, steps: [] }
  const steps = machineSteps(context, parts)
  // A guest that stands still hears nothing.
  const how = observed?.guest === 'paused' ? 'kill' : wish
  const verb = how === 'kill' ? 'kill' : 'shut down'
  const machine = filesOf(context, vm)
  return {
    title,
    context: { stops: run.engine } satisfies z.input<typeof StopContext>,
    steps: [
      ...(isActive(state)
        ? [steps.record.step(`note the end of ${vm.name}`, { id: vm.id, name: vm.name, run: { ...run, phase: 'stopping' }, before: run })]
        : []),
      steps.stop.step(`${verb} ${vm.name}`, { engine: run.engine, machine, how }, 'restart'),
      // First of all that is written down: on a full disk it makes room.
      steps.remove.step(`remove the identity of ${vm.name}`, { path: machinePaths(context.paths, vm.id).initrd }),
      ...(await Promise.all(placesOf(vm).map(async ({ network, tap }) => (await parts.network(network.network)).detachStep(tap)))),
      steps.record.step(`note that ${vm.name} has stopped`, { id: vm.id, name: vm.name, run: { ...run, phase: 'stopped' } }),
    ],
  }
}

/** What cannot be noted on a full disk of a machine that ends is no reason to let it run. */
async function noteUnlessFull({ report }: Work['context'], note: () => Promise<void>): Promise<void> {
  try {
    await note()
  } catch (error) {
    if (!isOfFullDisk(error)) throw error
    report({ event: 'log', level: 'warning', text: asFault(error).message })
  }
}

/** Does the steps of an end, each of which may simply be done again, without a journal. */
async function endUnjournalled({ context, parts }: Work, plan: Plan): Promise<void> {
  const { all, record } = machineSteps(context, parts)
  for (const step of plan.steps) {
    const change = (): Promise<void> => reported(context.report, step.summary, () => doStep(all, context.host, step))
    await (step.kind === record.kind ? noteUnlessFull(context, change) : change())
  }
}

/** Carries out a stop, or another change that may be undone. A full disk keeps no machine from being stopped: it may be what fills it. */
export async function carryOutStop(work: Work, plan: Plan): Promise<void> {
  if (plan.steps.length === 0) return
  const running = executor(work, machineSteps(work.context, work.parts))
  try {
    await applyPlan(running, plan)
  } catch (error) {
    if (!isStop(plan) || !isOfFullDisk(error)) throw error
    await running.journal.clear()
    await endUnjournalled(work, plan)
  }
}

/** Everything that a deletion does; the document goes last, so that an interrupted one is found and finished by the next. */
export async function planDelete(work: Work): Promise<Plan> {
  const { context, parts, vm } = work
  const steps = machineSteps(context, parts)
  const { directory, mounts, sockets, lock, run } = machinePaths(context.paths, vm.id)
  const stop = await planStop(work, 'kill')
  const remove = (path: string, what: string): Step => steps.remove.step(`remove ${what} of ${vm.name}`, { path }, 'restart')
  return {
    title: `delete ${vm.name}`,
    steps: [
      ...stop.steps,
      remove(logLinkOf(context.paths, vm).path, 'the name of the log'),
      remove(sockets, 'the sockets'),
      remove(directory, 'the disk, keys and logs'),
      ...(vm.mounts.length === 0 ? [] : [remove(mounts, 'the disks of mounts')]),
      remove(run, 'the last run'),
      remove(machines(context).pathOf(vm.name), 'the document'),
      remove(lock, 'the lock'),
    ],
  }
}

/** Not journalled: the journal lies in what is removed. */
export async function carryOutDelete(work: Work, plan: Plan): Promise<void> {
  const { context, vm } = work
  await endUnjournalled(work, plan)
  await noteUnlessFull(context, () => noteEvent(context, { name: vm.name, id: vm.id, event: 'deleted' }))
}
