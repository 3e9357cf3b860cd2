/** A capture comes into being: its document first, so that whatever happens afterwards can be listed and deleted. */
import { join } from 'node:path'
import { z } from 'zod'
import { Fault } from '@imp/kit/base/fault.ts'
import type { Host } from '@imp/kit/host/host.ts'
import { findUnit, startUnit, stopUnit, unitFiles } from '@imp/kit/host/supervise.ts'
import { until } from '@imp/kit/host/until.ts'
import { stepKind } from '@imp/kit/plan/step.ts'
import { Capture } from './model.ts'
import { fileHeader } from './pcap.ts'
import { captures } from './store.ts'
import { recording } from './tcpdump.ts'

/** Name of the unit in the directory of its capture. */
const unit = 'tcpdump'

export interface CaptureFiles {
  /** Directory of the process and its packets. */
  readonly directory: string
  readonly packets: string
}

export function captureFiles(directory: string, name: string): CaptureFiles {
  const own = join(directory, name)
  // The AppArmor profile of Debian's tcpdump lets it write where the name ends so.
  return { directory: own, packets: join(own, `${name}.pcap`) }
}

export async function isRunning(host: Host, directory: string, name: string): Promise<boolean> {
  return (await findUnit(host, captureFiles(directory, name).directory, unit)) !== undefined
}

/** Ends the recording; what was recorded stays. */
export async function stopCapture(host: Host, directory: string, name: string): Promise<void> {
  await stopUnit(host, captureFiles(directory, name).directory, unit)
}

/** Ends the recording and takes everything about it away; the document last, so that a second try finds what is left. */
export async function deleteCapture(host: Host, directory: string, name: string): Promise<void> {
  await stopCapture(host, directory, name)
  await host.files.remove(captureFiles(directory, name).directory)
  await captures(host, directory).remove(name)
}

const Start = z.strictObject({ directory: z.string(), name: z.string(), namespace: z.string().exactOptional(), capture: Capture })

/** The header of the file is written when tcpdump listens. */
async function awaitRecording(host: Host, directory: string, name: string): Promise<void> {
  const files = captureFiles(directory, name)
  await until(host.clock, { timeout: 10_000, interval: 20, what: `start of capture ${name}` }, async () => {
    if (((await host.files.stat(files.packets))?.size ?? 0) >= fileHeader) return true
    if (await isRunning(host, directory, name)) return false
    const log = await host.files.read(unitFiles(files.directory, unit).log)
    throw new Fault('exec', `tcpdump ended before it recorded anything`, { detail: log.trim() })
  })
}

export const startCapture = stepKind({
  kind: 'capture',
  schema: Start,
  async do(host, { directory, name, namespace, capture }) {
    const files = captureFiles(directory, name)
    await captures(host, directory).put(name, capture)
    await host.files.makeDirectory(files.directory, { mode: 0o700 })
    const argv = recording(capture, files.packets)
    await startUnit(host, { name: unit, directory: files.directory, argv, ...(namespace === undefined ? {} : { namespace }) })
    await awaitRecording(host, directory, name)
  },
  undo: (host, { directory, name }) => deleteCapture(host, directory, name),
})
