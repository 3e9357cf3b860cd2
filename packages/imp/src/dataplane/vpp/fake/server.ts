/**
 * A VPP that forwards nothing: it speaks the protocol of the API socket, describes itself, keeps state, and answers as the real one was
 * seen to answer, mistakes and crashes included. For tests, and for trying a configuration without VPP.
 */
import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { helloNumber, helloReplyNumber, memclnt } from '../api/bootstrap.ts'
import { decode } from '../api/decode.ts'
import { describe, type Description, type Modules } from '../api/description.ts'
import { encode } from '../api/encode.ts'
import { textAt } from '../api/fields.ts'
import { frame, messageSplitter } from '../api/frame.ts'
import { layoutOf, type Fields, type Layout } from '../api/layout.ts'
import { messageLines, typeLines } from './definitions.ts'
import { isCrash, type FakeOptions, type Handlers, type Reply } from './handler.ts'
import { interfaceHandlers } from './interfaces.ts'
import { runLine } from './lines.ts'
import { linkHandlers } from './links.ts'
import { messageModules, typesModule } from './notation.ts'
import { policyHandlers } from './policies.ts'
import { recordingHandlers } from './recording.ts'
import { freshState, type FakeState } from './state.ts'
import { translationHandlers } from './translation.ts'
import { watchHandlers } from './watch.ts'

const things: Handlers = { ...interfaceHandlers, ...linkHandlers, ...policyHandlers, ...translationHandlers }

/** A line that changes something is done by the messages that do the same; others are looked up. */
const handlers: Handlers = {
  ...things,
  ...watchHandlers,
  ...recordingHandlers,
  cli_inband: (state, fields, options) =>
    runLine(textAt(fields, 'cmd').trim(), { state, options, handlers: things }) ??
    watchHandlers['cli_inband']?.(state, fields, options) ??
    -9,
}

/** A request as it came. */
export interface Received {
  readonly message: string
  readonly fields: Fields
}

export interface FakeVpp {
  readonly socket: string
  /** Everything that was asked so far, in order, without pings. */
  readonly received: Received[]
  readonly state: FakeState
  /** Signals by which it died so far. */
  readonly deaths: readonly string[]
  /** Dies when this many more messages have come (1 is the next), before it does what the message says. Pings count as well. */
  dieAfter(messages: number): void
  /** Dies now, and comes back empty. */
  restart(): Promise<void>
  close(): Promise<void>
}

export interface FakeVppOptions extends Partial<FakeOptions> {
  /** Whether it comes back by itself, empty, after it died; true unless told. */
  readonly comesBack?: boolean
  /** Default network namespace of twins. */
  readonly netns?: string
}

const types = typesModule(typeLines)
const plugins = messageModules(messageLines)
/** The first number after those of the module memclnt. */
const firstNumber = 21

interface Served {
  readonly description: Description
  readonly layout: Layout
  readonly json: string
  /** Numbers by name and crc, and names by number. */
  readonly table: readonly { readonly index: number; readonly name: string }[]
  readonly names: ReadonlyMap<number, string>
  readonly numbers: ReadonlyMap<string, number>
}

function serve(loaded: ReadonlySet<string> | undefined): Served {
  const modules = [...plugins]
    .filter(([plugin]) => plugin === 'core' || loaded === undefined || loaded.has(plugin))
    .map(([, module]) => module)
  const described: Modules = [types, ...modules]
  const description = describe([...memclnt, ...described])
  const messages = [...description.messages.values()].filter(({ name }) => !name.startsWith('sockclnt_create'))
  const numbers = new Map(messages.map(({ name }, index) => [name, firstNumber + index]))
  return {
    description,
    layout: layoutOf(description.types),
    json: JSON.stringify(described),
    table: messages.map(({ name, crc }, index) => ({ index: firstNumber + index, name: `${name}_${crc}` })),
    names: new Map([...numbers].map(([name, number]) => [number, name])),
    numbers,
  }
}

function layOut({ description, layout, numbers }: Served, name: string, fields: Fields): Buffer {
  const message = description.messages.get(name)
  if (message === undefined) throw new Error(`no message ${name}`)
  const number = Buffer.alloc(2)
  number.writeUInt16BE(name === 'sockclnt_create_reply' ? helloReplyNumber : (numbers.get(name) ?? 0))
  return frame(Buffer.concat([number, encode(layout, message, fields)]))
}

function replyFields(reply: Exclude<Reply, readonly Fields[]>): Fields {
  return typeof reply === 'number' ? { retval: reply } : { retval: 0, ...(reply as Fields) }
}

function onlyKnown(served: Served, name: string, fields: Fields): Fields {
  const known = new Set(served.description.messages.get(name)?.fields.map((field) => field.name))
  return Object.fromEntries(Object.entries(fields).filter(([key]) => known.has(key)))
}

/** The frames that answer a request. */
function answer(served: Served, name: string, context: number, reply: Reply): Buffer[] {
  const service = served.description.services.get(name)
  if (service === undefined) return []
  if (!Array.isArray(reply)) {
    const fields = { ...replyFields(reply as Exclude<Reply, readonly Fields[]>), context }
    return [layOut(served, service.reply, onlyKnown(served, service.reply, fields))]
  }
  const rows = reply as readonly Fields[]
  const details = service.details ?? service.reply
  const stream = rows.map((row) => layOut(served, details, { ...row, context }))
  return service.details === undefined ? stream : [...stream, layOut(served, service.reply, { context, retval: 0 })]
}

/** Starts a fake VPP on a unix socket. */
export async function startFakeVpp(socket: string, options: FakeVppOptions = {}): Promise<FakeVpp> {
  const { comesBack = true, netns = '', ...rest } = options
  const around: FakeOptions = { heap: 512 << 20, ...rest }
  const served = serve(around.plugins)
  const received: Received[] = []
  const deaths: string[] = []
  const connections = new Set<Socket>()
  let state = freshState(netns)
  let left = Number.POSITIVE_INFINITY
  let dead = false

  const die = (signal: string): void => {
    deaths.push(signal)
    left = Number.POSITIVE_INFINITY
    state = freshState(netns)
    for (const connection of connections) connection.destroy()
    if (!comesBack) dead = true
  }

  const respond = (connection: Socket, bytes: Buffer): void => {
    const number = bytes.readUInt16BE(0)
    const name = number === helloNumber ? 'sockclnt_create' : served.names.get(number)
    const message = served.description.messages.get(name ?? '')
    if (name === undefined || message === undefined) return
    const fields = decode(served.layout, message, bytes.subarray(2))
    const context = Number(fields['context'])
    if (name === 'sockclnt_create') {
      const { table } = served
      return void connection.write(layOut(served, 'sockclnt_create_reply', { context, response: 0, index: 1, message_table: table }))
    }
    if (name === 'sockclnt_delete') return void connection.end(layOut(served, 'sockclnt_delete_reply', { context, response: 1 }))
    left -= name === 'get_api_json' ? 0 : 1
    if (left <= 0) return die('SIGKILL')
    if (name === 'get_api_json')
      return void connection.write(layOut(served, 'get_api_json_reply', { context, retval: 0, json: served.json }))
    if (name !== 'control_ping') received.push({ message: name, fields })
    const reply: Reply = name === 'control_ping' ? { vpe_pid: 1 } : (handlers[name]?.(state, fields, around) ?? -9)
    if (isCrash(reply)) return die(reply.crash)
    for (const each of answer(served, name, context, reply)) connection.write(each)
  }

  const server: Server = createServer((connection) => {
    if (dead) {
      connection.destroy()
      return
    }
    connections.add(connection)
    const split = messageSplitter((bytes) => {
      if (!connection.destroyed) respond(connection, bytes)
    })
    connection.on('data', split)
    // A client that goes away is none of our business.
    connection.on('error', () => connection.destroy())
    connection.once('close', () => connections.delete(connection))
  })
  server.listen(socket)
  await once(server, 'listening')
  return {
    socket,
    received,
    deaths,
    get state() {
      return state
    },
    dieAfter: (messages) => {
      left = messages
    },
    restart: () => {
      die('SIGTERM')
      dead = false
      return Promise.resolve()
    },
    async close() {
      for (const connection of connections) connection.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
