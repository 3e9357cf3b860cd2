/** A capture of VPP comes into being and ends: who waits for its time, and how its packets come to their place. */
import { Fault } from '@imp/kit/base/fault.ts'
import type { Capture, VppRecording } from './model.ts'
import { emptyFile } from './pcap.ts'
import { captureFiles, type CapturePlace } from './place.ts'
import { captures } from './store.ts'
import { beginRecording, endRecording, findRecording, type Port, type Vpp } from './vpp-pcap.ts'
import type { Match } from './vpp-filter.ts'

/** Directory of the files that VPP writes (VPP, vlib/unix/util.c, unformat_vlib_tmpfile). */
const written = '/tmp'

function isThere({ machine }: CapturePlace, path: string): Promise<boolean> {
  return machine.files.stat(path).then((found) => found !== undefined)
}

/** Uses the process of VPP; undefined when it does not run. */
async function using<T>(place: CapturePlace, { instance }: VppRecording, use: (vpp: Vpp) => Promise<T>): Promise<T | undefined> {
  const vpp = await place.connect(instance)
  try {
    return vpp === undefined ? undefined : await use(vpp)
  } finally {
    vpp?.close()
  }
}

/** Writes the capture down and begins it; what was begun is taken away again when that fails. */
export async function startInVpp(
  place: CapturePlace,
  vpp: Vpp,
  name: string,
  capture: Capture,
  port: Port,
  matches: readonly Match[],
): Promise<void> {
  const { vpp: recording } = capture
  if (recording === undefined) throw new TypeError('not a capture of VPP')
  const store = captures(place.local, place.directory)
  await store.put(name, capture)
  try {
    await beginRecording(vpp, port, matches, recording)
    await place.waiter.start(name)
  } catch (error) {
    await using(place, recording, (again) => endRecording(again, recording.file))
    await place.machine.files.remove(`${written}/${recording.file}`)
    await store.remove(name)
    throw error
  }
}

/** Brings the file of VPP to its place; false when there is none. */
async function collect(place: CapturePlace, name: string, { file }: VppRecording): Promise<boolean> {
  const { directory, packets } = captureFiles(place, name)
  const from = `${written}/${file}`
  if (!(await isThere(place, from))) return isThere(place, packets)
  await place.machine.files.makeDirectory(directory, { mode: 0o700 })
  await place.machine.files.write(packets, await place.machine.files.readBytes(from), { mode: 0o600 })
  await place.machine.files.remove(from)
  return true
}

async function writeEmpty(place: CapturePlace, name: string): Promise<void> {
  const { directory, packets } = captureFiles(place, name)
  await place.machine.files.makeDirectory(directory, { mode: 0o700 })
  await place.machine.files.write(packets, emptyFile(), { mode: 0o600 })
}

/** Ends the recording, if it has not ended, and remembers how it went. To be called with the lock of the captures held. */
export async function stopInVpp(place: CapturePlace, name: string, capture: Capture): Promise<void> {
  const { vpp: recording } = capture
  if (recording === undefined) throw new TypeError('not a capture of VPP')
  if (recording.outcome === undefined) {
    const present = await using(place, recording, async (vpp) => ({
      before: await findRecording(vpp),
      ended: await endRecording(vpp, recording.file),
    }))
    if (present?.ended === 'empty') await writeEmpty(place, name)
    const isFull = present?.ended === 'written' && present.before !== undefined && present.before.captured >= present.before.most
    const outcome = (await collect(place, name, recording)) ? (isFull ? 'full' : 'ended') : 'lost'
    await captures(place.local, place.directory).put(name, { ...capture, vpp: { ...recording, outcome } })
  }
}

export interface VppState {
  readonly state: 'running' | 'full' | 'ended' | 'unattended' | 'lost'
  /** Packets that VPP holds until the capture ends. */
  readonly held?: number
}

/** How it stands with the capture, asked of VPP while it may still record. */
export async function inspectInVpp(place: CapturePlace, name: string, recording: VppRecording): Promise<VppState> {
  if (recording.outcome !== undefined) return { state: recording.outcome }
  const found = await using(place, recording, findRecording)
  if (found?.file !== recording.file) return { state: (await isThere(place, `${written}/${recording.file}`)) ? 'ended' : 'lost' }
  const attended = await place.waiter.isAlive(name)
  const state = attended ? (found.captured >= found.most ? 'full' : 'running') : 'unattended'
  return { state, held: found.captured }
}

/** Milliseconds between two looks at a capture. */
const interval = 1000

/** Looks on one connection: each new one has VPP describe itself, which costs more than all that is asked here. */
async function watch(place: CapturePlace, name: string, vpp: Vpp, signal: AbortSignal): Promise<void> {
  const store = captures(place.local, place.directory)
  for (;;) {
    const capture = await store.find(name)
    if (capture?.vpp === undefined || capture.vpp.outcome !== undefined) return
    const left = Date.parse(capture.startedAt) + 1000 * capture.maxSeconds - place.local.clock.now().getTime()
    const found = await findRecording(vpp)
    if (left <= 0 || found?.file !== capture.vpp.file || found.captured >= found.most) return
    await place.local.clock.sleep(Math.min(left, interval), signal)
  }
}

/** Waits until the capture has to be ended: its time is over, VPP has all that it will keep, or it does not record any more. */
export async function awaitEnd(place: CapturePlace, name: string, signal: AbortSignal): Promise<void> {
  const capture = await captures(place.local, place.directory).find(name)
  if (capture?.vpp === undefined) return
  try {
    await using(place, capture.vpp, (vpp) => watch(place, name, vpp, signal))
  } catch (error) {
    // The connection broke: VPP died, and with it the recording.
    if (!(error instanceof Fault) || error.code !== 'exec') throw error
  }
}

/** Ends everything about a capture but its document and its packets. */
export async function forgetInVpp(place: CapturePlace, name: string, capture: Capture): Promise<void> {
  await stopInVpp(place, name, capture)
  await place.waiter.stop(name)
  await place.waiter.forget(name)
}
