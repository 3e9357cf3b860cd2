/** A conversation of this program's standard input and output with a guest. */
import { once } from 'node:events'
import type { Duplex, Readable, Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { errnoOf } from '@imp/kit/base/fault.ts'

export interface Ends {
  readonly input: Readable
  readonly output: Writable
}

/** How a stream ends when the other side goes while it is spoken to: that is its right. */
const hangUps: readonly (string | undefined)[] = ['EPIPE', 'ECONNRESET', 'ERR_STREAM_PREMATURE_CLOSE']

async function untilOver(stream: Duplex): Promise<void> {
  try {
    await finished(stream)
  } catch (error) {
    if (!hangUps.includes(errnoOf(error))) throw error
  }
}

/**
 * Passes bytes on both ways until the guest hangs up, or until the signal. The end of the input is not told: Firecracker takes it for the
 * end of the conversation and throws away what the guest still answers (src/vmm/src/devices/virtio/vsock/csm/connection.rs).
 */
export async function converse(stream: Duplex, { input, output }: Ends, signal: AbortSignal): Promise<void> {
  const hangUp = (): unknown => stream.destroy()
  signal.addEventListener('abort', hangUp, { once: true })
  if (signal.aborted) hangUp()
  const over = untilOver(stream)
  input.pipe(stream, { end: false })
  stream.pipe(output, { end: false })
  try {
    await over
    if (output.writableNeedDrain) await once(output, 'drain')
  } finally {
    signal.removeEventListener('abort', hangUp)
    input.unpipe(stream)
    // Standard input that is still read from would keep this program alive.
    input.destroy()
    stream.destroy()
  }
}
