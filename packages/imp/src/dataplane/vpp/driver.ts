/** VPP as dataplane: one process routes, others beside it translate or do what modules make of them; FRR sees the interfaces as their twins in Linux. */
import { isDeepStrictEqual } from 'node:util'
import { Fault, refuse } from '@imp/kit/base/fault.ts'
import type { Disruption, Step } from '@imp/kit/plan/step.ts'
import type { VppInstance } from '../../appliance/model.ts'
import type { Dataplane, DataplanePlace, DataplaneSteps } from '../dataplane.ts'
import { observeLinks, type ObservedLink } from '../linux/observe.ts'
import { isThere, linuxKinds, listed } from '../linux/steps.ts'
import { keysOf, madeOf, nothing, type DesiredInstance, type DesiredVpp, type MadeVpp, type Things } from './desired.ts'
import { differenceOf, patched, type Difference } from './live/difference.ts'
import { fits, heapFor, mebibytes } from './heap.ts'
import type { Phase } from './live/message.ts'
import { nat64Name } from './model.ts'
import { observeInstance, type ObservedInstance, type Scope } from './live/observe.ts'
import { toldBy } from './lines.ts'
import { connectIfThere, directoryOf, notRunning } from './place.ts'
import { planMessages } from './live/plan.ts'
import { pluginOf } from './live/plugins.ts'
import { renderVpp } from './render.ts'
import { checkThings } from './rules.ts'
import { settle, type Settled } from './live/settle.ts'
import { vppKinds, vppStepKinds } from './live/steps.ts'

export interface ObservedVpp {
  /** Undefined when the process does not run. */
  readonly core: ObservedInstance | undefined
  /** Those beside it that run, by name. */
  readonly beside: Readonly<Record<string, ObservedInstance>>
  readonly links: readonly ObservedLink[]
  readonly outside: readonly ObservedLink[]
}

/** Nothing at all, as when another dataplane takes over. */
export const noVpp: DesiredVpp = { core: { things: nothing, paths: {} }, beside: {}, cards: {}, optional: [] }

async function look(place: DataplanePlace, instance: VppInstance, scope?: Scope): Promise<ObservedInstance | undefined> {
  const client = await connectIfThere(place, instance)
  try {
    return client === undefined ? undefined : await observeInstance(client, instance, scope)
  } finally {
    client?.close()
  }
}

async function findLinksWithoutCarrier(place: DataplanePlace, { core }: DesiredVpp): Promise<readonly string[]> {
  const there = await look(place, 'core', { addressesOf: new Set() })
  return Object.entries(core.things.interfaces).flatMap(([name, { up }]) =>
    up && there?.things.interfaces[name] !== undefined && !there.carriers.has(name) ? [name] : [],
  )
}

/** Processes that keep what they have when nothing is wanted of them any more. */
const keeping = ['nat', nat64Name] as const

/** Those of the processes that run. */
async function lookAtAll(place: DataplanePlace, names: readonly VppInstance[]): Promise<Record<string, ObservedInstance>> {
  const found = await Promise.all(names.map(async (name) => [name, await look(place, name)] as const))
  return Object.fromEntries(found.flatMap(([name, each]) => (each === undefined ? [] : [[name, each]])))
}

async function observe(place: DataplanePlace, desired: DesiredVpp): Promise<ObservedVpp> {
  const [core, beside, links, outside] = await Promise.all([
    look(place, 'core'),
    lookAtAll(place, [...new Set([...keeping, ...Object.keys(desired.beside)])]),
    isThere(place).then((there) => (there ? observeLinks(place.host) : [])),
    place.bringsPorts ? observeLinks(place.machine) : [],
  ])
  return { core, beside, links, outside }
}

/** What is planned for one process. */
interface InstancePlan {
  readonly instance: VppInstance
  readonly difference: Difference
  readonly phases: readonly Phase[]
  readonly paths: Readonly<Record<string, string>>
  /** Why the process must be started anew first; undefined when it need not. */
  readonly restart?: string
}

/** Says what this VPP does not serve before anything is changed. */
function refuseUnserved(
  instance: VppInstance,
  unserved: ReadonlySet<string>,
  phases: readonly Phase[],
  paths: Readonly<Record<string, string>>,
): void {
  const missing = new Map(phases.flat().flatMap((each) => (unserved.has(each.message) ? [[each.message, each] as const] : [])))
  if (missing.size === 0) return
  const findings = [...missing.values()].map(({ message, about, summary }) => {
    const plugin = pluginOf(message)
    const why = plugin === undefined ? 'this VPP has no such message' : `the plugin ${plugin} is not loaded`
    return { path: paths[about] ?? about, severity: 'error' as const, message: `${summary}: ${message} is not served, ${why}` }
  })
  const plugins = [...new Set([...missing.keys()].map((message) => pluginOf(message) ?? 'another version of VPP'))]
  throw new Fault('unsupported', `VPP (${instance}) cannot be configured: it lacks ${plugins.join(', ')}`, {
    hint: `enable it in startup-${instance}.conf and start vpp-${instance} anew`,
    findings,
  })
}

/** Twins in a namespace that VPP does not follow would show what VPP has, and change nothing there. */
function refuseOtherNamespace(place: DataplanePlace, core: ObservedInstance): void {
  if (core.netns === '' || place.namespace === undefined || core.netns === place.namespace) return
  throw new Fault('state', `VPP (core) shows its interfaces in the namespace ${core.netns}, not in ${place.namespace}`, {
    hint: 'set "default netns" of linux-cp in startup-core.conf, or name the other namespace',
  })
}

/** What an instance that starts with nothing has to be told, and what it takes to come back to what it is now. */
function fromNothing(have: Things, want: Things): Difference | undefined {
  const forward = differenceOf(nothing, want, keysOf(nothing))
  const back = differenceOf(nothing, have, keysOf(nothing))
  if (forward === undefined) return undefined
  const before: Record<string, Record<string, unknown>> = {}
  for (const [section, things] of [...Object.entries(forward.after), ...Object.entries(back?.after ?? {})]) {
    const known = (have as unknown as Record<string, Record<string, unknown>>)[section]
    before[section] = { ...before[section], ...Object.fromEntries(Object.keys(things ?? {}).map((key) => [key, known?.[key] ?? null])) }
  }
  return { before, after: forward.after }
}

/**
 * The links of the NAT process and its sides, once made, stay when a change is undone: a side cannot be taken away, and the next
 * interface with the same number would have it. Without maps they do nothing.
 */
function keepingLinks({ before, after }: Difference): Difference {
  const kept = (['services', 'sockets', 'interfaces'] as const).map((section) => {
    const things = Object.entries(before[section] ?? {}).map(([key, thing]) => [key, thing ?? after[section]?.[key] ?? null])
    return [section, Object.fromEntries(things) as Record<string, unknown>] as const
  })
  return { before: { ...before, ...Object.fromEntries(kept.filter(([, things]) => Object.keys(things).length > 0)) }, after }
}

function whyRestart(instance: VppInstance, observed: ObservedInstance | undefined, settled: Settled): string | undefined {
  if (observed === undefined) return `start VPP (${instance})`
  if (settled.restart.length > 0) return `start VPP (${instance}) anew, which brings ${listed(settled.restart)}`
  const needed = heapFor(settled.have, settled.want)
  if (!fits(needed, observed.freeHeap))
    return `start VPP (${instance}) anew with the memory for its mappings: ${mebibytes(needed)} MiB more`
  // A side cannot be taken away, not even with its interface.
  const sides = Object.entries(settled.have.interfaces).filter(([name, { side, making }]) => {
    const want = settled.want.interfaces[name]
    return side !== null && (want?.side !== side || !isDeepStrictEqual(want.making, making))
  })
  return sides.length > 0 && Object.keys(settled.want.maps).length > 0
    ? `start VPP (${instance}) anew, since its NAT has other sides`
    : undefined
}

function planInstance(
  place: DataplanePlace,
  instance: VppInstance,
  desired: DesiredInstance,
  around: Pick<DesiredVpp, 'cards' | 'optional'>,
  observed: ObservedVpp,
  made: MadeVpp,
): InstancePlan | undefined {
  const there = instance === 'core' ? observed.core : observed.beside[instance]
  const { links, outside } = observed
  const settled = settle(desired, around, { have: there?.things ?? nothing, links, outside, directory: directoryOf(place) })
  const { want, have, unnamed } = settled
  refuse(`VPP (${instance})`, checkThings({ things: want, paths: desired.paths }))
  const restart = whyRestart(instance, there, settled)
  const difference = restart === undefined ? differenceOf(have, want, made[instance] ?? keysOf(nothing), unnamed) : fromNothing(have, want)
  const after = restart === undefined ? have : nothing
  // A card that VPP gets by starting has no message; what it carries is told when it is there.
  const phases = planMessages(after, restart === undefined ? patchedWant(have, want, difference) : want, unnamed)
  if (there !== undefined) refuseUnserved(instance, there.unserved, phases, desired.paths)
  if (phases.length === 0 && restart === undefined) return undefined
  if (difference === undefined) return undefined
  const way = instance === 'core' ? difference : keepingLinks(difference)
  return { instance, difference: way, phases, paths: desired.paths, ...(restart === undefined ? {} : { restart }) }
}

/** What will be there: all that is, changed by what differs. */
function patchedWant(have: Things, want: Things, difference: Difference | undefined): Things {
  return difference === undefined ? want : patched(have, difference.after)
}

function disruptionOf(phases: readonly Phase[]): Disruption {
  return phases.flat().some(({ disruption }) => disruption === 'brief') ? 'reload' : 'none'
}

function onlyPathsOf(phases: readonly Phase[], paths: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(phases.flat().flatMap(({ about }) => (paths[about] === undefined ? [] : [[about, paths[about]]])))
}

function stepsOf(place: DataplanePlace, plan: InstancePlan, leaving = false): Step[] {
  const kinds = vppKinds(place)
  const { instance, difference, phases, paths, restart } = plan
  const messages = phases.flat()
  const data = { instance, ...difference, paths: onlyPathsOf(phases, paths), leaving }
  return [
    ...(restart === undefined ? [] : [kinds.restart.step(restart, { instance }, 'restart')]),
    ...(messages.length === 0 ? [] : [kinds.change.step(listed(messages.map(({ summary }) => summary)), data, disruptionOf(phases))]),
  ]
}

/** A process that translates keeps its links when nothing is translated any more: taking them away would need it to start anew. */
function idle(observed: ObservedVpp, name: VppInstance): DesiredInstance {
  const things = observed.beside[name]?.things ?? nothing
  return { things: { ...things, maps: {}, routes: {}, prefixes: {}, poolAddresses: {} }, paths: {} }
}

/** The process is told all of its lines, or nothing when it has them. */
function planLines(place: DataplanePlace, instance: VppInstance, desired: DesiredInstance, observed: ObservedVpp): Step[] {
  const { lines: told, paths } = desired
  if (told === undefined) return []
  // Sockets are named where an appliance has them.
  const sockets = /^(create memif socket id \d+ filename )\/run\/vpp\//
  const lines = told.map((line) => line.replace(sockets, (_, before: string) => `${before}${directoryOf(place)}/`))
  const there = observed.beside[instance]
  const state = there === undefined ? 'something else' : toldBy(Object.keys(there.things.interfaces), lines)
  if (state === 'all') return []
  const data = { instance, lines, path: paths['lines'] ?? instance }
  const summary = `tell VPP (${instance}) its ${lines.length} lines`
  const { lines: kind } = vppKinds(place)
  return [state === 'nothing' ? kind.step(summary, data) : kind.step(`start VPP (${instance}) anew and ${summary}`, data, 'restart')]
}

function planBeside(place: DataplanePlace, desired: DesiredVpp, observed: ObservedVpp, made: MadeVpp): Step[] {
  const idling = keeping.flatMap((name) =>
    desired.beside[name] === undefined && observed.beside[name] !== undefined ? [[name, idle(observed, name)] as const] : [],
  )
  const none = { cards: {}, optional: [] }
  const planThings = (name: VppInstance, each: DesiredInstance, leaving: boolean): Step[] => {
    const planned = planInstance(place, name, each, none, observed, made)
    return planned === undefined ? [] : stepsOf(place, planned, leaving)
  }
  return [
    ...idling.flatMap(([name, each]) => planThings(name, each, true)),
    ...Object.entries(desired.beside).flatMap(([name, each]) =>
      each.lines === undefined ? planThings(name, each, false) : planLines(place, name, each, observed),
    ),
  ]
}

function plan(place: DataplanePlace, desired: DesiredVpp, observed: ObservedVpp, made: MadeVpp): DataplaneSteps {
  // A VPP that is to be left and does not run has nothing of ours.
  if (observed.core === undefined && desired === noVpp) return { before: [], after: [] }
  if (observed.core === undefined) throw notRunning(place, 'core')
  refuseOtherNamespace(place, observed.core)
  const { cards, optional, core } = desired
  const { bring } = settle(core, { cards, optional }, { ...observed, have: observed.core.things, directory: directoryOf(place) })
  const { namespace } = place
  const planned = planInstance(place, 'core', core, { cards, optional }, observed, made)
  const brought =
    namespace === undefined || bring.length === 0
      ? []
      : [linuxKinds(place).bring.step(`bring ${listed(bring)} into ${namespace}`, { namespace, links: [...bring] }, 'restart')]
  return {
    before: [...brought, ...planBeside(place, desired, observed, made), ...(planned === undefined ? [] : stepsOf(place, planned))],
    after: [],
  }
}

export const vppDataplane: Dataplane<DesiredVpp, ObservedVpp, MadeVpp> = {
  name: 'vpp',
  render: renderVpp,
  observe,
  plan,
  kinds: vppStepKinds,
  remember: madeOf,
  withoutCarrier: findLinksWithoutCarrier,
}
