/** The serial console of a machine on a person's terminal: what was printed before, then both ways, until ctrl-]. */
import { once } from 'node:events'
import type { Duplex, Readable, Writable } from 'node:stream'
import type { Host } from '@imp/kit/host/host.ts'
import type { Console } from '../engine/model.ts'
import { readLog, type LogReader } from './log-reader.ts'

/** ctrl-], as in telnet: no program in the guest is likely to want it. */
export const detachByte = 0x1d

/** Bytes of what was printed before that are shown first. */
const scrollback = 16_384

/** The terminal of the person. */
export interface Seat {
  readonly input: Readable & { setRawMode?(on: boolean): unknown }
  readonly output: Writable
}

export type Ending = 'detached' | 'ended'

interface Line {
  /** What the person typed. */
  type(bytes: Buffer): Promise<void>
  /** Shows what the guest prints; returns when the machine has ended or `stop` says so. */
  show(output: Writable, stop: AbortSignal): Promise<void>
}

/** Everything over one socket. */
function overSocket(stream: Duplex): Line {
  return {
    async type(bytes) {
      if (!stream.write(bytes)) await once(stream, 'drain')
    },
    async show(output, stop) {
      stop.addEventListener('abort', () => stream.destroy())
      stream.pipe(output, { end: false })
      await once(stream, 'close')
    },
  }
}

/** A log that grows and a FIFO that is typed into, as engines have that own neither end of a socket. */
function overFiles(host: Host, reader: LogReader, input: string, alive: () => Promise<boolean>): Line {
  return {
    type: async (bytes) => {
      await host.run(['dd', `of=${input}`, 'status=none', 'oflag=nonblock', 'conv=notrunc'], { input: bytes })
    },
    async show(output, stop) {
      while (!stop.aborted) {
        const bytes = await reader.next()
        if (bytes.length > 0) output.write(bytes)
        else if (!(await alive())) return
        else await host.clock.sleep(100)
      }
    },
  }
}

async function lineOf(host: Host, console: Console, reader: LogReader, alive: () => Promise<boolean>): Promise<Line> {
  if (console.socket !== undefined) return overSocket(await host.dial(console.socket))
  return overFiles(host, reader, console.input ?? '', alive)
}

/** Passes on what is typed, in order, until the detach key. */
async function passTyping(input: Readable, line: Line): Promise<void> {
  for await (const chunk of input as AsyncIterable<Buffer>) {
    const end = chunk.indexOf(detachByte)
    const typed = end < 0 ? chunk : chunk.subarray(0, end)
    if (typed.length > 0) await line.type(typed)
    if (end >= 0) return
  }
}

/** Gives the terminal to the console. `alive` tells whether the machine still runs. The terminal is as before afterwards. */
export async function attachConsole(host: Host, console: Console, seat: Seat, alive: () => Promise<boolean>): Promise<Ending> {
  const reader = await readLog(host, console.log, scrollback)
  const line = await lineOf(host, console, reader, alive)
  const stop = new AbortController()
  seat.output.write(reader.past)
  seat.input.setRawMode?.(true)
  try {
    const showing = line.show(seat.output, stop.signal).then((): Ending => 'ended')
    const typing = passTyping(seat.input, line).then((): Ending => 'detached')
    return await Promise.race([showing, typing])
  } finally {
    stop.abort()
    seat.input.setRawMode?.(false)
    // A terminal that is still read from would keep this program alive.
    seat.input.destroy()
  }
}
