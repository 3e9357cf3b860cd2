/** Recording packets on the interfaces of a router, always with limits. */
import { randomBytes } from 'node:crypto'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import { Fault } from '@imp/kit/base/fault.ts'
import { reported } from '@imp/kit/base/events.ts'
import { FilePath, Name } from '@imp/kit/base/schema.ts'
import { count, table } from '@imp/kit/base/text.ts'
import { formatBytes, formatDuration, parseDuration } from '@imp/kit/base/units.ts'
import { withLock } from '@imp/kit/host/lock.ts'
import { operation, planned, type AnyOperation } from '@imp/kit/op/operation.ts'
import type { Step } from '@imp/kit/plan/step.ts'
import type { ImpContext } from '../context.ts'
import { InstanceName } from '../appliance/model.ts'
import type { DataplanePlace } from '../dataplane/dataplane.ts'
import type { VppClient } from '../dataplane/vpp/api/client.ts'
import { fits, freeHeapOf, mebibytes } from '../dataplane/vpp/heap.ts'
import { connectIfThere, notRunning } from '../dataplane/vpp/place.ts'
import { layer3Interfaces } from '../interfaces/model.ts'
import { findRunning } from '../pipeline/running.ts'
import { dataplanePlace, type Target } from '../pipeline/target.ts'
import { absolute, requireNamespace, where, withTarget, wordsOf, type Where } from '../pipeline/where.ts'
import { Capture, type VppRecording } from './model.ts'
import { fileHeader, packetHeader, wholePackets } from './pcap.ts'
import { captureFiles, capturePlace, capturesOf, type CapturePlace } from './place.ts'
import { deleteCapture, isRunning, startCapture, stopCapture } from './record.ts'
import { captures } from './store.ts'
import { checkRecording, printPackets } from './tcpdump.ts'
import { parseVppFilter } from './vpp-filter.ts'
import { findPort, type Port } from './vpp-pcap.ts'
import { awaitEnd, inspectInVpp, startInVpp, stopInVpp } from './vpp-record.ts'
import { waiterOf } from './waiter.ts'

const name = Name.describe('name of the capture').meta({ examples: ['loss'] })

const Link = z
  .string()
  .regex(/^[A-Za-z0-9][\w./-]{0,62}$/, 'must be the name of an interface, or any')
  .describe('interface to record on; any for all of them')
  .meta({ examples: ['wan', 'lan.40'] })

const Filter = z
  .string()
  .min(1)
  .max(4096)
  .regex(/^[\x20-\x7E]*$/, 'must be one line of ASCII')
  .describe('which packets, in the language of pcap-filter(7); all of them unless told')
  .meta({ examples: ['host 192.0.2.2 and tcp port 179'] })

const longest = 86_400

const MaxTime = z
  .string()
  .refine((text) => /^\d+[smh]$/.test(text) && parseDuration(text) >= 1000 && parseDuration(text) <= longest * 1000, 'must be 1s to 24h')
  .default('10m')
  .describe('ends after so long: 30s, 10m, 2h; at most 24h')

const State = z
  .enum(['running', 'full', 'ended', 'unattended', 'lost'])
  .describe('full: ended by its size; unattended: what would end it at its time has died; lost: VPP was started anew before it wrote them')
const Shown = z.strictObject({
  name: z.string(),
  state: State,
  size: z.int().describe('bytes'),
  held: z.int().describe('packets that VPP keeps in memory until the capture ends').exactOptional(),
  ...Capture.shape,
})
type Shown = z.output<typeof Shown>

/** Uses the captures of a router, wherever it is. */
function withCaptures<T>(context: ImpContext, input: Where, use: (place: CapturePlace, target: Target) => Promise<T>): Promise<T> {
  const environment = { IMP_STATE_DIR: context.stateDirectory, IMP_RUN_DIR: context.runDirectory }
  return withTarget(context, input, (target) => {
    const dataplane = dataplanePlace(target)
    const connect: CapturePlace['connect'] = (instance) => connectTo(dataplane, instance)
    const waiter = waiterOf({
      host: context.host,
      captures: capturesOf(target.stateDirectory),
      words: wordsOf(absolute(input)),
      environment,
    })
    return use(capturePlace(target, { connect, waiter }), target)
  })
}

/** A process of VPP as captures ask it; undefined when it does not run. */
async function connectTo(place: DataplanePlace, instance: string): ReturnType<CapturePlace['connect']> {
  return connectIfThere(place, instance)
}

function lockOf({ directory }: CapturePlace): string {
  return join(directory, '.lock')
}

function locked<T>(context: ImpContext, place: CapturePlace, work: () => Promise<T>): Promise<T> {
  return withLock(context.host.clock, lockOf(place), { what: `the captures of ${place.name}` }, work)
}

async function inspectCapture(place: CapturePlace, each: string): Promise<Shown> {
  const capture = await captures(place.local, place.directory).get(each)
  const size = (await place.machine.files.stat(captureFiles(place, each).packets))?.size ?? 0
  if (capture.vpp !== undefined) return { name: each, size, ...capture, ...(await inspectInVpp(place, each, capture.vpp)) }
  const running = await isRunning(place, each)
  const state = running ? 'running' : size >= capture.maxSizeMib * 2 ** 20 ? 'full' : 'ended'
  return { name: each, state, size, ...capture }
}

function step(summary: string): Step {
  return { kind: 'capture', summary, disruption: 'none', data: {} }
}

/** Interfaces of the router of this machine, for shells. */
function interfaceNames(context: ImpContext): Promise<string[]> {
  return withTarget(context, { namespace: 'dataplane' }, async (target) => {
    const running = await findRunning(target)
    return running === undefined ? [] : [...new Set(layer3Interfaces(running.config).map((each) => each.link)), 'any']
  })
}

async function refusePresent({ local, directory }: CapturePlace, each: string): Promise<void> {
  if ((await captures(local, directory).find(each)) === undefined) return
  throw new Fault('conflict', `there is a capture ${each} already`, { hint: `imp capture delete ${each}, or take another name` })
}

/** A new name for a file of VPP, which nobody can have put a link under. */
function newFile(): string {
  return `imp-${randomBytes(8).toString('hex')}.pcap`
}

/** How VPP shall record within the limits: it keeps packets of the longest frames in memory that it takes at once. */
async function planInVpp(vpp: VppClient, { bytes }: Port, instance: string, maxSizeMib: number): Promise<VppRecording> {
  const packets = Math.max(1, Math.floor((maxSizeMib * 2 ** 20 - fileHeader) / (packetHeader + bytes)))
  // VPP dies when it has no memory left; a vector takes half as much again as it holds.
  const free = freeHeapOf(await vpp.cli('show memory main-heap'))
  const needed = 1.5 * packets * (packetHeader + bytes)
  if (fits(needed, free)) return { instance, file: newFile(), packets, bytes }
  throw new Fault('state', `${vpp.name} has not the memory to record ${maxSizeMib} MiB: ${mebibytes(free)} MiB are free`, {
    hint: 'a smaller --max-size',
  })
}

type Wanted = Omit<Capture, 'startedAt' | 'vpp'>

/** Begins in VPP. Everything that can be wrong is found out before anything is changed. */
async function startByVpp(
  context: ImpContext,
  place: CapturePlace,
  target: Target,
  own: string,
  wanted: Wanted,
  instance: string,
): Promise<void> {
  const matches = wanted.filter === undefined ? [{}] : parseVppFilter(wanted.filter)
  const dataplane = dataplanePlace(target)
  const vpp = await connectIfThere(dataplane, instance)
  if (vpp === undefined) throw notRunning(dataplane, instance)
  try {
    const port = await findPort(vpp, wanted.interface)
    const recording = await planInVpp(vpp, port, instance, wanted.maxSizeMib)
    planned(context, [step(`record packets of ${wanted.interface} as ${own}`)])
    await locked(context, place, async () => {
      await refusePresent(place, own)
      const capture = { ...wanted, startedAt: context.host.clock.now().toISOString(), vpp: recording }
      await reported(context.report, `record on ${wanted.interface}`, () => startInVpp(place, vpp, own, capture, port, matches))
    })
  } finally {
    vpp.close()
  }
}

async function startByTcpdump(context: ImpContext, place: CapturePlace, own: string, wanted: Wanted): Promise<void> {
  await checkRecording(place.host, wanted)
  planned(context, [step(`record packets of ${wanted.interface} as ${own}`)])
  await locked(context, place, async () => {
    await refusePresent(place, own)
    const capture = { ...wanted, startedAt: context.host.clock.now().toISOString() }
    await reported(context.report, `record on ${wanted.interface}`, () => startCapture(place, own, capture))
  })
}

const start = operation<ImpContext>()({
  path: ['capture', 'start'],
  summary: 'Record packets on an interface until a limit is reached',
  description:
    'tcpdump runs where the router is, goes on when this command has ended, and ends by itself at the size or the time. Where VPP forwards it records itself: one capture at a time, on a port, a VLAN or all of them, with filters of host, net, port and protocols joined by "and"; it writes packets when the capture ends. Routers of labs are named by --target lab:<lab>/<node>, also those that are guests.',
  effect: 'write',
  args: ['name'],
  flags: { maxSizeMib: 'max-size' },
  input: z.strictObject({
    name,
    interface: Link,
    filter: Filter.exactOptional(),
    maxSizeMib: z.int().min(1).max(256).default(16).describe('ends when the file is so large, in MiB'),
    maxTime: MaxTime,
    instance: InstanceName.describe('process of VPP that records, where VPP forwards: core unless told').exactOptional(),
    ...where,
  }),
  output: Shown,
  examples: [
    'imp capture start loss --interface wan',
    "imp capture start bgp --interface wan --filter 'tcp port 179' --max-time 1h --max-size 64",
    'imp capture start loss --interface wan --target lab:demo/edge',
  ],
  complete: { interface: interfaceNames },
  run: (context, { name: own, interface: link, filter, maxSizeMib, maxTime, instance, ...rest }) =>
    withCaptures(context, rest, async (place, target) => {
      await requireNamespace(target)
      await refusePresent(place, own)
      const maxSeconds = parseDuration(maxTime) / 1000
      const wanted = { interface: link, ...(filter === undefined ? {} : { filter }), maxSizeMib, maxSeconds }
      const byVpp = (await findRunning(target))?.config.dataplane === 'vpp'
      if (!byVpp && instance !== undefined)
        throw new Fault('unsupported', `${target.name} forwards by the Linux kernel, which has no processes of VPP`, {
          hint: 'leave --instance out',
        })
      if (byVpp) await startByVpp(context, place, target, own, wanted, instance ?? 'core')
      else await startByTcpdump(context, place, own, wanted)
      return inspectCapture(place, own)
    }),
  view: ({ name: own, interface: link, maxSizeMib, maxSeconds }) =>
    `${own} records on ${link}, until ${maxSizeMib} MiB or ${formatDuration(maxSeconds * 1000)}`,
})

/** Names of the captures of the default router, for shells. */
const complete = {
  name: (context: ImpContext): Promise<string[]> => captures(context.host, capturesOf(join(context.stateDirectory, 'dataplane'))).names(),
}

const stop = operation<ImpContext>()({
  path: ['capture', 'stop'],
  summary: 'End a recording and keep its packets',
  effect: 'write',
  args: ['name'],
  input: z.strictObject({ name, ...where }),
  output: Shown,
  examples: ['imp capture stop loss'],
  complete,
  run: (context, { name: own, ...rest }) =>
    withCaptures(context, rest, async (place) => {
      const { state } = await inspectCapture(place, own)
      planned(context, state === 'running' ? [step(`end the recording of ${own}`)] : [])
      await locked(context, place, async () => stopCapture(place, own, await captures(place.local, place.directory).get(own)))
      return inspectCapture(place, own)
    }),
  view: ({ name: own, size, state }) => (state === 'lost' ? lost(own) : `${own} has ended with ${formatBytes(size)}`),
})

/** What VPP has not written yet is counted in packets. */
function sizeText({ size, held }: Shown): string {
  return held === undefined ? formatBytes(size) : count(held, 'packet')
}

function drawCaptures(all: readonly Shown[]): string {
  if (all.length === 0) return 'no captures'
  const rows = all.map((each) => [each.name, each.state, each.interface, sizeText(each), each.startedAt, each.filter ?? ''])
  const unattended = all.filter(({ state }) => state === 'unattended')
  return [
    ...table([['NAME', 'STATE', 'INTERFACE', 'SIZE', 'STARTED', 'FILTER'], ...rows]),
    ...unattended.map(({ name: own }) => `nobody ends ${own} at its time any more: imp capture stop ${own}`),
  ].join('\n')
}

function lost(own: string): string {
  return `${own} is lost: VPP was started anew, or somebody else ended its recording`
}

const wait = operation<ImpContext>()({
  path: ['capture', 'wait'],
  summary: 'Wait for the end of a capture of VPP, and end it',
  effect: 'write',
  args: ['name'],
  input: z.strictObject({ name, ...where }),
  output: z.strictObject({ name: z.string() }),
  examples: ['imp capture wait loss'],
  hidden: true,
  run: (context, { name: own, ...rest }) =>
    withCaptures(context, rest, async (place) => {
      planned(context, [])
      await awaitEnd(place, own, context.signal)
      await locked(context, place, async () => {
        const capture = await captures(place.local, place.directory).find(own)
        if (capture?.vpp !== undefined) await stopInVpp(place, own, capture)
        await place.waiter.forget(own)
      })
      return { name: own }
    }),
  view: ({ name: own }) => `${own} has ended`,
})

const list = operation<ImpContext>()({
  path: ['capture', 'list'],
  summary: 'List captures, those that run and those that have ended',
  effect: 'read',
  input: z.strictObject(where),
  output: z.array(Shown),
  examples: ['imp capture list'],
  run: (context, input) =>
    withCaptures(context, input, async (place) => {
      const names = await captures(place.local, place.directory).names()
      return Promise.all(names.map((each) => inspectCapture(place, each)))
    }),
  view: drawCaptures,
})

const show = operation<ImpContext>()({
  path: ['capture', 'show'],
  summary: 'Print the packets of a capture, also while it records',
  effect: 'read',
  args: ['name'],
  short: { count: 'n' },
  input: z.strictObject({ name, count: z.int().min(1).max(10_000).default(100).describe('packets from the beginning'), ...where }),
  output: z.strictObject({ ...Shown.shape, packets: z.array(z.string()).describe('as tcpdump prints them') }),
  examples: ['imp capture show loss', 'imp capture show loss --count 1000'],
  complete,
  run: (context, { name: own, count: most, ...rest }) =>
    withCaptures(context, rest, async (place) => ({
      ...(await inspectCapture(place, own)),
      packets: await printPackets(place.machine, captureFiles(place, own).packets, most),
    })),
  view: ({ packets, held, name: own, state }) => {
    if (state === 'lost') return lost(own)
    if (held !== undefined) return `VPP holds ${count(held, 'packet')} until the capture ends: imp capture stop ${own}`
    return packets.length === 0 ? 'no packets' : packets.join('\n')
  },
})

const exportOperation = operation<ImpContext>()({
  path: ['capture', 'export'],
  summary: 'Write the packets of a capture to a file for Wireshark and others',
  effect: 'write',
  args: ['name', 'file'],
  short: { force: 'f' },
  input: z.strictObject({
    name,
    file: FilePath.describe('file to write, in the format of pcap-savefile(5)'),
    force: z.boolean().default(false).describe('replace the file when it is there'),
    ...where,
  }),
  output: z.strictObject({ file: z.string(), packets: z.int(), size: z.int().describe('bytes') }),
  examples: ['imp capture export loss loss.pcap'],
  complete: { name: complete.name },
  run: (context, { name: own, file, force, ...rest }) =>
    withCaptures(context, rest, async (place) => {
      const to = resolve(file)
      const { files } = context.host
      const { state, held } = await inspectCapture(place, own)
      if (state === 'lost') throw new Fault('state', lost(own))
      if (held !== undefined)
        throw new Fault('state', `VPP holds the packets of ${own} until the capture ends`, { hint: `imp capture stop ${own}` })
      if (!force && (await files.stat(to)) !== undefined)
        throw new Fault('conflict', `${file} is there already`, { hint: '--force replaces it' })
      planned(context, [step(`write the packets of ${own} to ${file}`)])
      const { bytes, packets } = wholePackets(await place.machine.files.readBytes(captureFiles(place, own).packets))
      await files.write(to, bytes, { mode: 0o600 })
      return { file: to, packets, size: bytes.length }
    }),
  view: ({ file, packets, size }) => `${file}: ${count(packets, 'packet')}, ${formatBytes(size)}`,
})

const deleteOperation = operation<ImpContext>()({
  path: ['capture', 'delete'],
  summary: 'Delete a capture with its packets, also while it records',
  effect: 'destroy',
  args: ['name'],
  input: z.strictObject({ name, ...where }),
  output: z.strictObject({ deleted: z.string() }),
  examples: ['imp capture delete loss'],
  complete,
  run: (context, { name: own, ...rest }) =>
    withCaptures(context, rest, async (place) => {
      const capture = await captures(place.local, place.directory).get(own)
      planned(context, [step(`delete capture ${own}`)])
      await locked(context, place, () => deleteCapture(place, own, capture))
      return { deleted: own }
    }),
  view: ({ deleted }) => `${deleted} is deleted`,
})

export const operations: readonly AnyOperation<ImpContext>[] = [start, stop, wait, list, show, exportOperation, deleteOperation]
