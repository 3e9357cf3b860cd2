/** Recording packets on the interfaces of a router, always with limits. */
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
import { layer3Interfaces } from '../interfaces/model.ts'
import { findRunning } from '../pipeline/running.ts'
import type { Target } from '../pipeline/target.ts'
import { requireNamespace, where, withTarget, type Where } from '../pipeline/where.ts'
import { Capture } from './model.ts'
import { wholePackets } from './pcap.ts'
import { captureFiles, capturePlace, capturesOf, type CapturePlace } from './place.ts'
import { deleteCapture, isRunning, startCapture, stopCapture } from './record.ts'
import { captures } from './store.ts'
import { checkRecording, printPackets } from './tcpdump.ts'

const name = Name.describe('name of the capture').meta({ examples: ['loss'] })

const Link = z
  .string()
  .regex(/^[A-Za-z0-9][\w.-]{0,14}$/, 'must be the name of an interface, or any')
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

const State = z.enum(['running', 'full', 'ended']).describe('full: ended by its size')
const Shown = z.strictObject({ name: z.string(), state: State, size: z.int().describe('bytes'), ...Capture.shape })
type Shown = z.output<typeof Shown>

/** Uses the captures of a router, wherever it is. */
function withCaptures<T>(context: ImpContext, input: Where, use: (place: CapturePlace, target: Target) => Promise<T>): Promise<T> {
  return withTarget(context, input, (target) => use(capturePlace(target), target))
}

async function inspectCapture(place: CapturePlace, each: string): Promise<Shown> {
  const capture = await captures(place.local, place.directory).get(each)
  const running = await isRunning(place, each)
  const size = (await place.machine.files.stat(captureFiles(place, each).packets))?.size ?? 0
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

const start = operation<ImpContext>()({
  path: ['capture', 'start'],
  summary: 'Record packets on an interface until a limit is reached',
  description:
    'tcpdump runs where the router is, goes on when this command has ended, and ends by itself at the size or the time. Routers of labs are named by --target lab:<lab>/<node>, also those that are guests.',
  effect: 'write',
  args: ['name'],
  flags: { maxSizeMib: 'max-size' },
  input: z.strictObject({
    name,
    interface: Link,
    filter: Filter.exactOptional(),
    maxSizeMib: z.int().min(1).max(256).default(16).describe('ends when the file is so large, in MiB'),
    maxTime: MaxTime,
    ...where,
  }),
  output: Shown,
  examples: [
    'imp capture start loss --interface wan',
    "imp capture start bgp --interface wan --filter 'tcp port 179' --max-time 1h --max-size 64",
    'imp capture start loss --interface wan --target lab:demo/edge',
  ],
  complete: { interface: interfaceNames },
  run: (context, { name: own, interface: link, filter, maxSizeMib, maxTime, ...rest }) =>
    withCaptures(context, rest, async (place, target) => {
      await requireNamespace(target)
      await refusePresent(place, own)
      const wanted = { interface: link, ...(filter === undefined ? {} : { filter }) }
      await checkRecording(place.host, wanted)
      planned(context, [step(`record packets of ${link} as ${own}`)])
      const { clock } = context.host
      return withLock(clock, join(place.directory, '.lock'), { what: `the captures of ${place.name}` }, async () => {
        await refusePresent(place, own)
        const capture = { ...wanted, maxSizeMib, maxSeconds: parseDuration(maxTime) / 1000, startedAt: clock.now().toISOString() }
        await reported(context.report, `record on ${link}`, () => startCapture(place, own, capture))
        return inspectCapture(place, own)
      })
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
      await stopCapture(place, own)
      return inspectCapture(place, own)
    }),
  view: ({ name: own, size }) => `${own} has ended with ${formatBytes(size)}`,
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
  view: (all) =>
    all.length === 0
      ? 'no captures'
      : table([
          ['NAME', 'STATE', 'INTERFACE', 'SIZE', 'STARTED', 'FILTER'],
          ...all.map((each) => [each.name, each.state, each.interface, formatBytes(each.size), each.startedAt, each.filter ?? '']),
        ]).join('\n'),
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
  view: ({ packets }) => (packets.length === 0 ? 'no packets' : packets.join('\n')),
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
      await captures(place.local, place.directory).get(own)
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
      await captures(place.local, place.directory).get(own)
      planned(context, [step(`delete capture ${own}`)])
      await deleteCapture(place, own)
      return { deleted: own }
    }),
  view: ({ deleted }) => `${deleted} is deleted`,
})

export const operations: readonly AnyOperation<ImpContext>[] = [start, stop, list, show, exportOperation, deleteOperation]
