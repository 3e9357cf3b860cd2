/** One connection to VPP's API socket: messages out, messages in, and what becomes of those in flight when it ends. */
import type { Duplex } from 'node:stream'
import { Fault, asFault } from '@imp/kit/base/fault.ts'
import type { Clock } from '@imp/kit/host/host.ts'
import { frame, messageSplitter } from './frame.ts'

/** Somebody who waits for the answer to a message. */
export interface Waiting {
  /** What was asked, for messages. */
  readonly what: string
  /** Called with each message of the answer; true when it was the last. May throw a Fault. */
  receive(message: Buffer): boolean
  fail(fault: Fault): void
}

export interface Connection {
  /** Sends a message and waits for the messages that carry the context. */
  send(message: Uint8Array, context: number, waiting: Waiting): void
  /** Nobody waits for this context any more. */
  forget(context: number): void
  /** Messages of no context that waits. */
  onOther(listener: (message: Buffer) => void): void
  /** Settles when the connection has ended, with why. */
  readonly ended: Promise<Fault>
  /** Ends it; with a last message the other side gets it first and is given a second to close. */
  close(goodbye?: Uint8Array): void
}

export interface ConnectionOptions {
  /** Whom we talk to, for messages: `VPP (core)`. */
  readonly name: string
  readonly clock: Clock
  /** Milliseconds of silence while something is in flight until the connection is given up. */
  readonly timeout: number
  /** The context that a message carries. */
  readonly contextOf: (message: Buffer) => number
}

const shown = 3

/** What was in flight: `create_subif, sw_interface_set_mtu and 4 more`. */
function inFlight(waiting: Iterable<Waiting>): string {
  const names = [...new Set([...waiting].map((each) => each.what))]
  if (names.length === 0) return 'nothing'
  return names.length <= shown ? names.join(', ') : `${names.slice(0, shown).join(', ')} and ${names.length - shown} more`
}

/** Milliseconds for the other side to close after a goodbye. */
const leaveTime = 1000

/** Sends the goodbye and waits until the other side has closed, or for a second. */
async function takeLeave(stream: Duplex, clock: Clock, goodbye: Uint8Array): Promise<void> {
  const closed = new AbortController()
  stream.once('close', () => closed.abort())
  stream.write(frame(goodbye))
  try {
    await clock.sleep(leaveTime, closed.signal)
  } catch (error) {
    if (!closed.signal.aborted) throw error
  } finally {
    stream.destroy()
  }
}

/** Takes over a stream that is connected. */
export function connectionOn(stream: Duplex, { name, clock, timeout, contextOf }: ConnectionOptions): Connection {
  const pending = new Map<number, Waiting>()
  const others: ((message: Buffer) => void)[] = []
  const { promise: ended, resolve: finish } = Promise.withResolvers<Fault>()
  let end: Fault | undefined
  let heard = 0
  let watching: AbortController | undefined

  const finishWith = (fault: Fault, goodbye?: Uint8Array): void => {
    if (end !== undefined) return
    end = fault
    if (goodbye === undefined) stream.destroy()
    else void takeLeave(stream, clock, goodbye)
    watching?.abort()
    for (const waiting of pending.values()) waiting.fail(fault)
    pending.clear()
    finish(fault)
  }
  const fail = (code: 'exec' | 'timeout', why: string, cause?: unknown): void => {
    const detail = `in flight: ${inFlight(pending.values())}`
    finishWith(new Fault(code, `${name} ${why}`, { detail, hint: 'its log says why', ...(cause === undefined ? {} : { cause }) }))
  }

  /** One watch over all that is in flight: a timer for each of thousands of messages would cost more than they do. */
  const watch = async (): Promise<void> => {
    if (watching !== undefined) return
    watching = new AbortController()
    const { signal } = watching
    try {
      while (pending.size > 0) {
        const before = heard
        await clock.sleep(timeout, signal)
        if (heard === before && pending.size > 0) fail('timeout', `gave no answer within ${timeout / 1000} s`)
      }
    } catch (error) {
      if (!signal.aborted) fail('exec', 'cannot be watched', error)
    } finally {
      watching = undefined
      if (pending.size > 0) void watch()
    }
  }

  const take = (message: Buffer): void => {
    if (end !== undefined) return
    heard += 1
    const context = contextOf(message)
    const waiting = pending.get(context)
    if (waiting === undefined) {
      for (const listener of others) listener(message)
      return
    }
    if (!waiting.receive(message)) return
    pending.delete(context)
    if (pending.size === 0) watching?.abort()
  }

  const split = messageSplitter(take)
  stream.on('data', (chunk: Buffer) => {
    try {
      split(chunk)
    } catch (error) {
      fail('exec', `sent what is not its API: ${asFault(error).message}`, error)
    }
  })
  stream.on('error', (error) => fail('exec', `broke the connection: ${error.message}`, error))
  stream.on('end', () => fail('exec', 'closed the connection: it crashed or was stopped'))
  stream.on('close', () => fail('exec', 'closed the connection: it crashed or was stopped'))
  return {
    send(message, context, waiting) {
      if (end !== undefined) return waiting.fail(end)
      pending.set(context, waiting)
      stream.write(frame(message))
      void watch()
    },
    forget(context) {
      pending.delete(context)
      if (pending.size === 0) watching?.abort()
    },
    onOther: (listener) => void others.push(listener),
    ended,
    close: (goodbye) => finishWith(new Fault('bug', `the connection to ${name} was closed by us`), goodbye),
  }
}
