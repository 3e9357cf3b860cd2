/** A client of the QEMU Machine Protocol: JSON lines over a unix socket, one client at a time (docs/interop/qmp-spec in QEMU). */
import type { Duplex } from 'node:stream'
import { createInterface } from 'node:readline'
import { z } from 'zod'
import { asFault, Fault } from '@imp/kit/base/fault.ts'
import { parse, parseJson } from '@imp/kit/base/schema.ts'
import type { Host } from '@imp/kit/host/host.ts'

/** A greeting has `QMP`, an event `event`, an answer `return` or `error` with the id of its command. */
const Message = z.looseObject({
  QMP: z.looseObject({}).optional(),
  event: z.string().optional(),
  error: z.looseObject({ class: z.string(), desc: z.string() }).optional(),
  id: z.int().optional(),
})
type Message = z.output<typeof Message>

/** A line of QMP is short; more than this is not QEMU. */
const longestLine = 1 << 20

export interface QmpClient {
  /** Runs a command and returns what it returns; an `exec` fault with QEMU's words when it refuses. */
  execute(command: string, commandArguments?: Readonly<Record<string, unknown>>): Promise<unknown>
}

async function* messages(stream: Duplex, path: string): AsyncGenerator<Message> {
  let received = 0
  stream.on('data', (chunk: Buffer) => {
    received += chunk.length
    if (received > longestLine) stream.destroy(new Fault('exec', `${path} says too much for a QEMU monitor`))
  })
  for await (const line of createInterface({ input: stream, crlfDelay: Infinity })) yield parse(Message, parseJson(line, path), path)
}

/** The next message that is no event; other ids are answers to nobody. */
async function answer(from: AsyncGenerator<Message>, path: string): Promise<Message> {
  for (;;) {
    const { value, done } = await from.next()
    if (done === true) throw new Fault('exec', `QEMU closed ${path}`)
    if (value.event === undefined) return value
  }
}

/** Connects, runs `action` and disconnects. A `timeout` fault after `timeout` milliseconds for all of it, 5,000 unless told. */
export async function withQmp<T>(host: Host, path: string, action: (client: QmpClient) => Promise<T>, timeout = 5000): Promise<T> {
  const stream = await host.dial(path)
  const incoming = messages(stream, path)
  const expired = AbortSignal.timeout(timeout)
  expired.addEventListener('abort', () => stream.destroy(new Fault('timeout', `QEMU did not answer on ${path} within ${timeout / 1000} s`)))
  let next = 0
  const execute = async (command: string, commandArguments: Readonly<Record<string, unknown>> = {}): Promise<unknown> => {
    const id = (next += 1)
    stream.write(`${JSON.stringify({ execute: command, arguments: commandArguments, id })}\n`)
    const reply = await answer(incoming, path)
    if (reply.error !== undefined) throw new Fault('exec', `QEMU refused ${command}`, { detail: reply.error.desc })
    if (!('return' in reply) || reply.id !== id) throw new Fault('exec', `QEMU answered something else than ${command} on ${path}`)
    return reply['return']
  }
  try {
    const greeting = await answer(incoming, path)
    if (greeting.QMP === undefined) throw new Fault('exec', `${path} is no QEMU monitor`)
    await execute('qmp_capabilities')
    return await action({ execute })
  } catch (error) {
    throw stream.errored instanceof Fault ? stream.errored : asFault(error)
  } finally {
    stream.destroy()
  }
}
