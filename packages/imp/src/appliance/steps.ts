/** Steps that write the files of an appliance and have their readers read them. */
import { dirname } from 'node:path'
import { z } from 'zod'
import { Fault } from '@imp/kit/base/fault.ts'
import type { Argv, Host } from '@imp/kit/host/host.ts'
import { stepKind, type Disruption, type Step, type StepKind } from '@imp/kit/plan/step.ts'
import { InstanceName, instanceUnit, type ApplianceFile, type Reader } from './model.ts'

const Content = z.strictObject({ text: z.string(), mode: z.int(), owner: z.string().exactOptional() })
type Content = z.output<typeof Content>
const FileData = z.strictObject({ path: z.string(), before: Content.nullable(), after: Content.nullable() })

/** In the order in which they may be told: systemd knows its units before it starts any, the core is there before those beside it. */
const readers = [
  'systemd',
  'networkd',
  'resolved',
  'timesyncd',
  'sysctl',
  'cards',
  'vpp-core',
  'vpp-*',
  'frr',
  'incus',
  'incus-dataplane',
] as const
const ReaderName = z.custom<Reader>((value) => typeof value === 'string' && placeOf(value) >= 0, 'is nobody who reads files')

/** Place of a reader in the order; -1 for none. */
function placeOf(reader: string): number {
  if (reader === 'none') return readers.length
  const named = readers.findIndex((each) => each === reader)
  return named < 0 && reader.startsWith('vpp-') && InstanceName.safeParse(reader.slice('vpp-'.length)).success
    ? readers.indexOf('vpp-*')
    : named
}

/** `apply` reads after the files were written, `undo` after they were put back: one of each stands around the files. */
const ReadersData = z.strictObject({ when: z.enum(['apply', 'undo']), readers: z.array(ReaderName) })

const defaultMode = 0o644

async function put(host: Host, path: string, content: Content | null): Promise<void> {
  if (content === null) return host.files.remove(path)
  await host.files.makeDirectory(dirname(path))
  const { text, ...options } = content
  await host.files.write(path, text, options)
}

/** systemd runs as the init system exactly when this directory is there (sd_booted(3)). */
export async function isBooted(host: Host): Promise<boolean> {
  return (await host.files.stat('/run/systemd/system')) !== undefined
}

/**
 * Until the last unit of the chain has had its turn, the chain itself starts everything that reads files: a command that is a part of it
 * would wait here for what waits for the command.
 */
async function isBooting(host: Host): Promise<boolean> {
  const { stdout: machine } = await host.query(['systemctl', 'is-system-running'], { statuses: [0, 1, 3, 4] })
  if (!['initializing', 'starting'].includes(machine.trim())) return false
  const { stdout: last } = await host.query(['systemctl', 'show', '--property=ActiveState', '--value', 'imp-apply.service'])
  return ['inactive', 'activating'].includes(last.trim())
}

/** Starts what has a file to run with, stops what lost it, restarts what runs: conditions of the units decide. */
function restart(...units: readonly string[]): Argv[] {
  return units.map((unit): Argv => ['systemctl', 'restart', unit])
}

const actions: Readonly<Record<string, readonly Argv[]>> = {
  systemd: [['systemctl', 'daemon-reload']],
  networkd: [
    ['networkctl', 'reload'],
    ['systemctl', 'try-reload-or-restart', 'systemd-networkd.service'],
  ],
  resolved: restart('systemd-resolved.service'),
  timesyncd: restart('systemd-timesyncd.service'),
  sysctl: [['/lib/systemd/systemd-sysctl']],
  cards: restart('netns-move-interfaces.service'),
  'vpp-core': restart('vpp-core.service', 'vpp-core-config.service'),
  frr: restart('frr.service'),
  incus: restart('incus-init.service'),
  'incus-dataplane': restart('incus-dataplane.service'),
  none: [],
}

/** How much each reader disturbs when it reads again; a process of VPP by a restart. */
const disruptions: Readonly<Record<string, Disruption>> = {
  systemd: 'none',
  networkd: 'reload',
  resolved: 'reload',
  timesyncd: 'reload',
  sysctl: 'none',
  cards: 'none',
  frr: 'restart',
  incus: 'reload',
  'incus-dataplane': 'reload',
  none: 'none',
}

function disruptionOf(reader: Reader): Disruption {
  return disruptions[reader] ?? 'restart'
}

/** A process beside the core has a unit of its own only as long as it is wanted: what has none any more is stopped. */
async function restartInstance(host: Host, reader: Reader): Promise<void> {
  const unit = instanceUnit(reader.slice('vpp-'.length))
  const wanted = (await host.files.stat(`/etc/systemd/system/${unit}`)) !== undefined
  // 5: the unit is not there, so that nothing runs.
  await host.run(['systemctl', wanted ? 'restart' : 'stop', unit], wanted ? { timeout: 180_000 } : { timeout: 180_000, statuses: [0, 5] })
}

async function readAgain(host: Host, changed: readonly Reader[]): Promise<void> {
  if (!(await isBooted(host)) || (await isBooting(host))) return
  for (const reader of changed) {
    const known = actions[reader]
    if (known === undefined) await restartInstance(host, reader)
    else for (const argv of known) await host.run(argv, { timeout: 180_000 })
  }
}

/** The kinds of steps, bound to the machine of the files. */
export function applianceKinds(host: Host) {
  return {
    file: stepKind({
      kind: 'appliance-file',
      schema: FileData,
      do: (_host, { path, after }) => put(host, path, after),
      undo: (_host, { path, before }) => put(host, path, before),
    }),
    readers: stepKind({
      kind: 'appliance-readers',
      schema: ReadersData,
      do: async (_host, { when, readers: changed }) => (when === 'apply' ? readAgain(host, changed) : undefined),
      undo: async (_host, { when, readers: changed }) => (when === 'undo' ? readAgain(host, changed) : undefined),
    }),
  }
}

export function applianceStepKinds(host: Host): StepKind[] {
  return Object.values(applianceKinds(host))
}

async function contentOf(host: Host, { path, owner }: Pick<ApplianceFile, 'path' | 'owner'>): Promise<Content | null> {
  const found = await host.files.stat(path)
  if (found === undefined) return null
  if (found.kind !== 'file') {
    throw new Fault('conflict', `${path} is a ${found.kind}, where a file of ours belongs`, { hint: 'move it away' })
  }
  const text = await host.files.read(path)
  return { text, mode: found.mode, ...(owner === undefined ? {} : { owner }) }
}

function isSame(before: Content | null, after: Content | null): boolean {
  return before?.text === after?.text && before?.mode === after?.mode
}

/** What each reader has to be told, in the order in which it may be told. */
function orderOf(changed: ReadonlySet<Reader>): Reader[] {
  const told = [...changed].filter((reader) => reader !== 'none')
  return told.toSorted((a, b) => placeOf(a) - placeOf(b) || (a < b ? -1 : 1))
}

function summaryOf(changed: readonly Reader[]): string {
  return `have ${changed.join(', ')} read what changed`
}

/** A file that is no longer wanted, when it is there. */
export type Obsolete = Pick<ApplianceFile, 'path' | 'reader'>

/**
 * The steps from the files that the machine has to those that it shall have; only those that differ are written. Looks at the machine
 * and changes nothing.
 */
export async function planFiles(host: Host, wanted: readonly ApplianceFile[], obsolete: readonly Obsolete[]): Promise<Step[]> {
  const kinds = applianceKinds(host)
  const changed = new Set<Reader>()
  const steps: Step[] = []
  const all = [...wanted, ...obsolete.map(({ path, reader }) => ({ path, reader, text: undefined, mode: undefined, owner: undefined }))]
  for (const { path, text, mode = defaultMode, owner, reader } of all) {
    const file = { path, ...(owner === undefined ? {} : { owner }) }
    const before = await contentOf(host, file)
    const after = text === undefined ? null : { text, mode, ...(owner === undefined ? {} : { owner }) }
    if (isSame(before, after)) continue
    changed.add(reader)
    const verb = after === null ? 'remove' : before === null ? 'write' : 'change'
    steps.push(kinds.file.step(`${verb} ${path}`, { path, before, after }))
  }
  const told = orderOf(changed)
  if (told.length === 0) return steps
  const undo = kinds.readers.step(`should it be taken back: ${summaryOf(told)}`, { when: 'undo', readers: told })
  const last = told.map((reader) => kinds.readers.step(summaryOf([reader]), { when: 'apply', readers: [reader] }, disruptionOf(reader)))
  return [undo, ...steps, ...last]
}
