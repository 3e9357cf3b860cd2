/**
 * Steps that change VPP. Each looks first and sends what is left to do, so that it may be done and undone again after a crash in its
 * middle, of ours or of VPP's.
 */
import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { Fault } from '@imp/kit/base/fault.ts'
import type { Clock } from '@imp/kit/host/host.ts'
import { until } from '@imp/kit/host/until.ts'
import { stepKind, type StepKind } from '@imp/kit/plan/step.ts'
import { InstanceName, type VppInstance } from '../../../appliance/model.ts'
import type { DataplanePlace } from '../../dataplane.ts'
import type { VppClient } from '../api/client.ts'
import { Patch, type Things } from '../desired.ts'
import { patched, standing } from './difference.ts'
import { refuseFatal } from './guard.ts'
import { fits, heapFor, mebibytes } from '../heap.ts'
import { observeInstance, type ObservedInstance } from './observe.ts'
import { linesKind } from '../lines.ts'
import { connectIfThere, connectSoon, restartCommand } from '../place.ts'
import { planMessages } from './plan.ts'
import { sendMessages } from './send.ts'
import { namesIn, recognise } from './settle.ts'

const ChangeData = z.strictObject({
  instance: InstanceName,
  before: Patch,
  after: Patch,
  /** Places in the configuration by `section key`, for what is said when VPP refuses. */
  paths: z.record(z.string(), z.string()),
  /** Whether the process is no longer wanted, so that it may be gone by then with all that it had. */
  leaving: z.boolean().default(false),
})
type ChangeData = z.output<typeof ChangeData>

/** Milliseconds until VPP is what it was told: Linux answers a new twin by messages that VPP follows in turn. */
const settleTimeout = 10_000

/** What a patch makes of what is there. `whole` refuses when that lacks what the patch stands on. */
function target(client: VppClient, have: Things, patch: Patch, whole: boolean): Things {
  const wanted = patched(have, patch)
  const possible = standing(wanted)
  if (whole && !isDeepStrictEqual(possible, wanted)) {
    throw new Fault('state', `${client.name} lacks what the change stands on: it was started anew in the meantime`)
  }
  return possible
}

/** VPP dies of a map that its memory does not hold. */
function refuseTooMuch(client: VppClient, { freeHeap, things }: ObservedInstance, wanted: Things): void {
  const needed = heapFor(things, wanted)
  if (fits(needed, freeHeap)) return
  throw new Fault(
    'state',
    `${client.name} has not the memory for its mappings: ${mebibytes(needed)} MiB are needed, ${mebibytes(freeHeap)} are free`,
    {
      hint: 'write its start-up file anew (imp apply on an appliance does), or map smaller networks',
    },
  )
}

/** One look at what the patch changes, and the messages that are left; true when there were none. */
async function advance(
  client: VppClient,
  { instance, paths }: Pick<ChangeData, 'instance' | 'paths'>,
  patch: Patch,
  whole: boolean,
): Promise<boolean> {
  const observed = await observeInstance(client, instance, { addressesOf: namesIn(patch) })
  const first = patched(observed.things, patch)
  const { have, names } = recognise(first, observed.things)
  const wanted = target(client, have, patch, whole)
  const phases = planMessages(have, wanted, new Set(names.values()))
  if (phases.length === 0) return true
  refuseFatal(have, phases)
  refuseTooMuch(client, observed, wanted)
  const known = [...observed.indexes.interfaces].map(([name, index]) => [names.get(name) ?? name, index] as const)
  await sendMessages(client, phases, { interfaces: new Map(known), lists: new Map(observed.indexes.lists) }, paths)
  return false
}

/** Sends what a patch lacks until VPP has all of it. A `timeout` fault when it does not follow. */
export async function bringAbout(
  clock: Clock,
  client: VppClient,
  data: Pick<ChangeData, 'instance' | 'paths'>,
  patch: Patch,
  whole = false,
): Promise<void> {
  const look = (): Promise<boolean> => advance(client, data, patch, whole)
  await until(clock, { timeout: settleTimeout, interval: 100, what: `${client.name} as configured` }, async () => {
    // Most often all is there as soon as it is told.
    return (await look()) || look()
  })
}

async function converge(place: DataplanePlace, data: Pick<ChangeData, 'instance' | 'paths'>, patch: Patch, whole: boolean): Promise<void> {
  const client = await connectSoon(place, data.instance)
  try {
    await bringAbout(place.machine.clock, client, data, patch, whole)
  } finally {
    client.close()
  }
}

async function change(place: DataplanePlace, data: ChangeData, patch: Patch, whole: boolean): Promise<void> {
  if (data.leaving) {
    const there = await connectIfThere(place, data.instance)
    if (there === undefined) return
    there.close()
  }
  await converge(place, data, patch, whole)
}

async function restart(place: DataplanePlace, instance: VppInstance): Promise<void> {
  await place.machine.run(restartCommand(place, instance))
  const client = await connectSoon(place, instance)
  client.close()
}

/** The kinds of steps of the VPP dataplane, bound to a place. */
export function vppKinds(place: DataplanePlace) {
  return {
    change: stepKind({
      kind: 'vpp',
      schema: ChangeData,
      do: (_host, data) => change(place, data, data.after, true),
      undo: (_host, data) => change(place, data, data.before, false),
    }),
    restart: stepKind({
      kind: 'vpp-restart',
      schema: z.strictObject({ instance: InstanceName }),
      do: (_host, { instance }) => restart(place, instance),
      // What it lost comes back when the steps after it are undone, and with the next look.
      undo: () => Promise.resolve(),
    }),
    lines: linesKind(place),
  }
}

export function vppStepKinds(place: DataplanePlace): StepKind[] {
  return Object.values(vppKinds(place))
}
