/** A capture comes into being: its document first, so that whatever happens afterwards can be listed and deleted. */
import { Fault } from '@imp/kit/base/fault.ts'
import { until } from '@imp/kit/host/until.ts'
import type { Capture } from './model.ts'
import { fileHeader } from './pcap.ts'
import { captureFiles, type CapturePlace } from './place.ts'
import { captures } from './store.ts'
import { recording } from './tcpdump.ts'
import { forgetInVpp, stopInVpp } from './vpp-record.ts'

export function isRunning(place: CapturePlace, name: string): Promise<boolean> {
  return place.recorder.isRunning(captureFiles(place, name).directory)
}

/** Ends the recording; what was recorded stays. To be called with the lock of the captures held. */
export async function stopCapture(place: CapturePlace, name: string, capture: Capture): Promise<void> {
  if (capture.vpp === undefined) return place.recorder.stop(captureFiles(place, name).directory)
  await stopInVpp(place, name, capture)
  return place.waiter.stop(name)
}

/** Ends the recording and takes everything about it away; the document last, so that a second try finds what is left. */
export async function deleteCapture(place: CapturePlace, name: string, capture: Capture): Promise<void> {
  if (capture.vpp === undefined) await stopCapture(place, name, capture)
  else await forgetInVpp(place, name, capture)
  await place.machine.files.remove(captureFiles(place, name).directory)
  await captures(place.local, place.directory).remove(name)
}

/** The header of the file is written when tcpdump listens. */
async function awaitRecording(place: CapturePlace, name: string): Promise<void> {
  const { machine, recorder, local } = place
  const { directory, packets } = captureFiles(place, name)
  const hasBegun = async (): Promise<boolean> => ((await machine.files.stat(packets))?.size ?? 0) >= fileHeader
  let silent = 0
  await until(local.clock, { timeout: 15_000, interval: 20, what: `start of capture ${name}` }, async () => {
    if (await hasBegun()) return true
    // Between its start and the moment in which it has its own name, nobody finds it.
    silent = (await recorder.isRunning(directory)) ? 0 : silent + 1
    if (silent < 5 || (await hasBegun())) return false
    const log = recorder.log(directory)
    const words = (await machine.files.stat(log)) === undefined ? '' : await machine.files.read(log)
    throw new Fault('exec', `tcpdump ended before it recorded anything`, { detail: words.trim() })
  })
}

async function begin(place: CapturePlace, name: string, capture: Capture): Promise<void> {
  const { directory, packets } = captureFiles(place, name)
  await captures(place.local, place.directory).put(name, capture)
  await place.machine.files.makeDirectory(directory, { mode: 0o700 })
  await place.recorder.start(directory, recording(capture, packets))
  await awaitRecording(place, name)
}

/** Begins a capture; what was begun is taken away again when it fails. */
export async function startCapture(place: CapturePlace, name: string, capture: Capture): Promise<void> {
  try {
    await begin(place, name, capture)
  } catch (error) {
    await deleteCapture(place, name, capture)
    throw error
  }
}
