/**
 * A program of its own: carries frames between two macvtap devices and holds each back for a while. It stands in for netem on
 * kernels without it. Arguments: the two devices, delay and jitter in milliseconds. Prints `ready`, ends by a signal.
 */
import { argv, stdout, stderr } from 'node:process'
import { errnoOf } from '@imp/kit/base/fault.ts'
import { openFrameDevice, type FrameDevice } from '@imp/kit/host/frames.ts'
import { holdBack } from './hold-back.ts'

/** Frames that wait in one direction at most; more are lost, as in any queue. */
const limit = 20_000

async function carry(from: FrameDevice, to: FrameDevice, delayMs: number, jitterMs: number): Promise<never> {
  const send = (frame: Uint8Array): void => {
    to.write(frame).catch((error: unknown) => {
      // The other side is down or does not take this frame: it is lost, as on a cable.
      if (errnoOf(error) === undefined) throw error
    })
  }
  const hold = holdBack({ delayMs, jitterMs, limit, now: () => performance.now(), random: Math.random, send })
  for (;;) hold(await from.read())
}

async function main(paths: readonly string[]): Promise<void> {
  const [first = '', second = '', delay = '', jitter = ''] = paths
  const [a, b] = await Promise.all([openFrameDevice(first), openFrameDevice(second)])
  stdout.write('ready\n')
  await Promise.all([carry(a, b, Number(delay), Number(jitter)), carry(b, a, Number(delay), Number(jitter))])
}

main(argv.slice(2)).catch((error: unknown) => {
  stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
})
