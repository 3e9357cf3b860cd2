/** FRR's part of a plan: daemons that start and stop, and configurations that change by difference. */
import { z } from 'zod'
import { count } from '@imp/kit/base/text.ts'
import { stepKind, type Step, type StepKind } from '@imp/kit/plan/step.ts'
import { startDaemons, stopDaemons, type FrrPlace } from './daemons.ts'
import { difference, type Change } from './difference.ts'
import { configureDaemon, wantedParts, type ObservedFrr } from './driver.ts'
import { daemonOrder } from './grammar.ts'
import { partOf, type Origins } from './origin.ts'
import { formatConfiguration, parseConfiguration, type Line } from './parse.ts'
import type { FrrDaemon } from './daemon.ts'
import type { FrrConfig } from './render.ts'
import { deferredText, resetsOf, resetText, type Resets } from './reset.ts'

const Daemon = z.enum(['zebra', 'staticd', 'bgpd', 'ospfd', 'ospf6d', 'bfdd'])
const DaemonsData = z.strictObject({ daemons: z.array(Daemon) })
const ConfigureData = z.strictObject({
  parts: z.array(
    z.strictObject({
      daemon: Daemon,
      /** Null when the daemon starts with this plan and therefore has nothing to go back to. */
      before: z.string().nullable(),
      after: z.string(),
    }),
  ),
  /** Lines that come and go, for people. */
  lines: z.array(z.string()),
  /** Places of the configuration that the changed parts come from. */
  origins: z.record(z.string(), z.string()).default({}),
})

async function start(place: FrrPlace, daemons: readonly FrrDaemon[]): Promise<void> {
  await startDaemons(place, daemons)
}

/** The kinds of steps, bound to a place; `isThere` tells whether its namespace still exists when steps are undone. */
export function frrKinds(place: FrrPlace, isThere: () => Promise<boolean>) {
  return {
    start: stepKind({
      kind: 'start-daemons',
      schema: DaemonsData,
      do: (_host, { daemons }) => start(place, daemons),
      undo: (_host, { daemons }) => stopDaemons(place, daemons),
    }),
    configure: stepKind({
      kind: 'frr',
      schema: ConfigureData,
      async do(_host, { parts, origins }) {
        for (const { daemon, after } of parts) await configureDaemon(place, daemon, parseConfiguration(after), origins)
      },
      async undo(_host, { parts }) {
        if (!(await isThere())) return
        const changed = parts.flatMap(({ daemon, before }) => (before === null ? [] : [{ daemon, before }]))
        // One of them may have died of the change.
        await startDaemons(
          place,
          changed.map(({ daemon }) => daemon),
        )
        for (const { daemon, before } of changed.toReversed()) await configureDaemon(place, daemon, parseConfiguration(before))
      },
    }),
    stop: stepKind({
      kind: 'stop-daemons',
      schema: DaemonsData,
      do: (_host, { daemons }) => stopDaemons(place, daemons),
      async undo(_host, { daemons }) {
        if (await isThere()) await start(place, daemons)
      },
    }),
  }
}

export function frrStepKinds(place: FrrPlace, isThere: () => Promise<boolean>): StepKind[] {
  return Object.values(frrKinds(place, isThere))
}

/** What a daemon's configuration has to go through. */
interface Part {
  readonly daemon: FrrDaemon
  readonly have: readonly Line[] | undefined
  readonly want: readonly Line[]
  readonly changes: readonly Change[]
}

function changedParts(wanted: FrrConfig, observed: ObservedFrr): Part[] {
  return [...wantedParts(wanted)].flatMap(([daemon, want]) => {
    const have = observed.get(daemon)?.configuration
    const changes = difference(want, have ?? [])
    return changes.length === 0 ? [] : [{ daemon, have, want, changes }]
  })
}

function changedOrigins({ origins }: FrrConfig, parts: readonly Part[]): Origins {
  const changed = parts.flatMap(({ changes }) => changes.map(({ path, line }) => partOf(path, line)))
  return Object.fromEntries(
    [...new Set(changed)].flatMap((part) => {
      const origin = origins?.get(part)
      return origin === undefined ? [] : [[part, origin]]
    }),
  )
}

function lineOf(change: Change): string {
  return [...change.path, change.line].join(': ')
}

function linesOf(change: Change): string[] {
  const gone = change.replaces === undefined ? [] : [`- ${[...change.path, change.replaces].join(': ')}`]
  return [...gone, `${change.action === 'add' ? '+' : '-'} ${lineOf(change)}`]
}

function summaryOf(parts: readonly Part[]): string {
  const changes = parts.flatMap((part) => part.changes)
  const [only] = changes
  if (changes.length === 1 && only !== undefined) {
    const verb = only.action === 'remove' ? 'remove' : only.replaces === undefined ? 'add' : 'set'
    return `${verb} ${lineOf(only)}`
  }
  const added = changes.filter((change) => change.action === 'add').length
  const removed = changes.length - added
  const words = [added === 0 ? [] : [`add ${count(added, 'line')}`], removed === 0 ? [] : [`remove ${count(removed, 'line')}`]].flat()
  return `${words.join(', ')} in ${parts.map((part) => part.daemon).join(', ')}`
}

function joined(all: readonly Resets[]): Resets {
  const join = (values: readonly ('all' | readonly string[])[]): 'all' | string[] =>
    values.includes('all') ? 'all' : values.flatMap((each) => (each === 'all' ? [] : each))
  return { bgpPeers: join(all.map((each) => each.bgpPeers)), ospfInterfaces: join(all.map((each) => each.ospfInterfaces)) }
}

export interface FrrSteps {
  /** Daemons that are needed start, then the configuration changes. */
  readonly before: readonly Step[]
  /** Daemons that are no longer needed stop. */
  readonly after: readonly Step[]
  readonly resets: Resets
}

/** The steps from what FRR has to what it shall have; undefined wants no FRR at all. Pure. */
export function planFrr(place: FrrPlace, wanted: FrrConfig, observed: ObservedFrr): FrrSteps {
  const kinds = frrKinds(place, () => Promise.resolve(true))
  const starting = daemonOrder.filter((daemon) => wanted.daemons.includes(daemon) && !observed.has(daemon))
  const stopping = daemonOrder.filter((daemon) => observed.has(daemon) && !wanted.daemons.includes(daemon))
  const parts = changedParts(wanted, observed)
  const resets = joined(parts.map(({ changes, have }) => resetsOf(changes, have ?? [])))
  const consequence = resetText(resets)
  const waiting = parts.map(({ changes, have }) => deferredText(changes, have ?? [])).find((text) => text !== '') ?? ''
  const notes = [consequence, waiting].filter((text) => text !== '').join('; ')
  const data = {
    parts: parts.map(({ daemon, have, want }) => ({
      daemon,
      before: have === undefined ? null : formatConfiguration(have),
      after: formatConfiguration(want),
    })),
    lines: parts.flatMap(({ changes }) => changes.flatMap(linesOf)),
    origins: changedOrigins(wanted, parts),
  }
  const summary = `${summaryOf(parts)}${notes === '' ? '' : ` (${notes})`}`
  return {
    before: [
      ...(starting.length === 0 ? [] : [kinds.start.step(`start ${starting.join(', ')}`, { daemons: starting })]),
      ...(parts.length === 0 ? [] : [kinds.configure.step(summary, data, consequence === '' ? 'none' : 'restart')]),
    ],
    after: stopping.length === 0 ? [] : [kinds.stop.step(`stop ${stopping.join(', ')}`, { daemons: stopping }, 'restart')],
    resets,
  }
}
