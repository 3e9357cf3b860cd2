/** The serial console of a machine on a person's terminal: what was printed before, then both ways, until ctrl-]. */
import { once } from 'node:events'
import type { Duplex, Readable, Writable } from 'node:stream'
import type { Host } from '@imp/kit/host/host.ts'
import type { Console } from '../engine/model.ts'

/** ctrl-], as in telnet: no program in the guest is likely to want it. */
export const detachByte = 0x1d

/** Characters of what was printed before that are shown first. */
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
function overFiles(host: Host, { log }: Console, input: string, alive: () => Promise<boolean>): Line {
  return {
    type: async (bytes) => {
      await host.run(['dd', `of=${input}`, 'status=none', 'oflag=nonblock', 'conv=notrunc'], { input: bytes })
    },
    async show(output, stop) {
      let shown = (await textOf(host, log)).length
      let size = (await host.files.stat(log))?.size ?? 0
      while (!stop.aborted) {
        const grown = (await host.files.stat(log))?.size ?? 0
        if (grown > size) {
          const text = await textOf(host, log)
          output.write(text.slice(shown))
          shown = text.length
          size = grown
        } else if (!(await alive())) return
        await host.clock.sleep(100)
      }
    },
  }
}

/** The log so far, without a character of which only a part is there yet. */
async function textOf(host: Host, log: string): Promise<string> {
  if ((await host.files.stat(log)) === undefined) return ''
  return (await host.files.read(log)).replace(/\ufffd$/, '')
}

async function lineOf(host: Host, console: Console, alive: () => Promise<boolean>): Promise<Line> {
  if (console.socket !== undefined) return overSocket(await host.dial(console.socket))
  return overFiles(host, console, console.input ?? '', alive)
}

async function showScrollback(host: Host, { log }: Console, output: Writable): Promise<void> {
  output.write((await textOf(host, log)).slice(-scrollback))
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
  const line = await lineOf(host, console, alive)
  const stop = new AbortController()
  await showScrollback(host, console, seat.output)
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
