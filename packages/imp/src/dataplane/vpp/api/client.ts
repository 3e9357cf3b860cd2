/**
 * A client of VPP's binary API that knows no message by itself: VPP says at each connection which messages it serves, by which number,
 * and how they are laid out. Requests may be sent before earlier ones are answered; VPP answers in order.
 */
import { Fault, asFault } from '@imp/kit/base/fault.ts'
import type { Host } from '@imp/kit/host/host.ts'
import { connectionOn, type Connection } from './connection.ts'
import { decode } from './decode.ts'
import { numberAt, textAt } from './fields.ts'
import { contextOf, layOut, sayHello, type Hello } from './hello.ts'
import type { Fields } from './layout.ts'
import { moreToCome, retvalText } from './retval.ts'

/** A message of VPP's by name. */
export interface VppMessage {
  readonly message: string
  readonly fields: Fields
}

export interface VppClient {
  /** For messages: `VPP (core)`. */
  readonly name: string
  /** Whether this VPP serves the message. */
  serves(message: string): boolean
  /** Sends a request and returns its reply, whatever its return value. */
  request(message: string, fields?: Fields): Promise<Fields>
  /** Sends a request and returns its reply; an `exec` fault with the return value in words when VPP refuses. */
  call(message: string, fields?: Fields): Promise<Fields>
  /** All details of a dump, or of a request whose reply ends them. */
  dump(message: string, fields?: Fields): Promise<Fields[]>
  /** One line of VPP's command line and what it prints; an `exec` fault with its words when it fails. */
  cli(line: string): Promise<string>
  /** Called with what VPP says by itself, such as `sw_interface_event`. */
  onEvent(listener: (event: VppMessage) => void): void
  /** Settles when the connection has ended, with why. */
  readonly ended: Promise<Fault>
  close(): void
}

export interface ClientOptions {
  /** Which VPP this is, for messages: `core`. */
  readonly name: string
  /** Path of its API socket. */
  readonly socket: string
  /** Milliseconds of silence until the connection is given up; 30,000 unless told: a det44 map of a /16 keeps VPP busy for seconds. */
  readonly timeout?: number
}

const defaultTimeout = 30_000
/** Rows that one dump may bring. */
const longestDump = 2_000_000
/** Contexts 1 and 2 belong to the greeting, 0 to what VPP says by itself. */
const firstContext = 3
const lastContext = 0xffff_ffff

interface Session {
  readonly name: string
  readonly connection: Connection
  readonly hello: Hello
  context: number
  /** The ping that ends the dumps which are being sent right now. */
  ping?: Promise<unknown> | undefined
}

function read({ hello }: Session, bytes: Buffer): VppMessage | undefined {
  const message = hello.messages.get(bytes.readUInt16BE(0))
  return message === undefined ? undefined : { message: message.name, fields: decode(hello.layout, message, bytes.subarray(2)) }
}

function nextContext(session: Session): number {
  session.context = session.context >= lastContext ? firstContext : session.context + 1
  return session.context
}

function toBytes({ hello, name }: Session, message: string, context: number, fields: Fields): Buffer {
  const number = hello.numbers.get(message)
  const definition = hello.description.messages.get(message)
  if (number === undefined || definition === undefined) {
    throw new Fault('unsupported', `${name} does not serve ${message}`, { hint: 'is its plugin loaded? imp shell core: show plugins' })
  }
  try {
    return layOut(definition, number, hello.layout, { ...fields, client_index: hello.clientIndex, context })
  } catch (error) {
    throw new Fault('bug', `${message} cannot be sent: ${asFault(error).message}`, { cause: error })
  }
}

/** Sends, and gives every answer to `receive` until that says that it was the last. */
function send(session: Session, message: string, fields: Fields, receive: (answer: VppMessage) => boolean, context = nextContext(session)) {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const bytes = toBytes(session, message, context, fields)
  session.connection.send(bytes, context, {
    what: message,
    receive(answer) {
      const known = read(session, answer)
      const last = known === undefined || receive(known)
      if (last) resolve()
      return last
    },
    fail: reject,
  })
  return promise
}

async function request(session: Session, message: string, fields: Fields): Promise<Fields> {
  let reply: Fields | undefined
  await send(session, message, fields, (answer) => {
    reply = answer.fields
    return true
  })
  if (reply === undefined) throw new Fault('exec', `${session.name} answered ${message} with a message that it does not describe`)
  return reply
}

/** A refusal as a fault; undefined when the reply is none. */
function refusal(name: string, message: string, reply: Fields): Fault | undefined {
  const retval = numberAt(reply, 'retval')
  return retval >= 0 ? undefined : new Fault('exec', `${name} refused ${message}: ${retvalText(retval)} (${retval})`)
}

function tooLong(message: string): Error {
  return new Error(`${message} brought more than ${longestDump} rows`)
}

/** One ping for all dumps that are sent at once: order is kept, so its answer comes after the details of all of them. */
function pingAfterAll(session: Session): Promise<unknown> {
  session.ping ??= Promise.resolve().then(() => {
    session.ping = undefined
    return request(session, 'control_ping', {})
  })
  return session.ping
}

/** A stream of details has no end of its own: the answer to a ping that was sent after it is one, because order is kept. */
async function dumpUntilPing(session: Session, message: string, fields: Fields): Promise<Fields[]> {
  const rows: Fields[] = []
  const context = nextContext(session)
  const collect = ({ fields: row }: VppMessage): boolean => {
    if (rows.push(row) > longestDump) throw tooLong(message)
    return false
  }
  const details = send(session, message, fields, collect, context)
  // The connection is lost: the ping says so as well.
  details.catch(() => undefined)
  try {
    await pingAfterAll(session)
    return rows
  } finally {
    session.connection.forget(context)
  }
}

/** Details that a reply ends. VPP stops in their middle when it has other things to do, and is asked again from there. */
async function dumpUntilReply(session: Session, message: string, fields: Fields, details: string): Promise<Fields[]> {
  const rows: Fields[] = []
  let cursor = 0
  for (;;) {
    let reply: Fields = {}
    await send(session, message, { ...fields, cursor }, (answer) => {
      if (answer.message !== details) {
        reply = answer.fields
        return true
      }
      if (rows.push(answer.fields) > longestDump) throw tooLong(message)
      return false
    })
    if (reply['retval'] === moreToCome) cursor = numberAt(reply, 'cursor')
    else {
      const refused = refusal(session.name, message, reply)
      if (refused !== undefined) throw refused
      return rows
    }
  }
}

async function runLine(session: Session, line: string): Promise<string> {
  const reply = await request(session, 'cli_inband', { cmd: line })
  const text = textAt(reply, 'reply')
  if (reply['retval'] === 0) return text
  throw new Fault('exec', `${session.name} refused the command ${JSON.stringify(line)}`, { detail: text.trim() })
}

/**
 * Says goodbye before it closes. A client that merely goes away leaves its socket in VPP's epoll set when the last error of the process
 * was EAGAIN (VPP 25.06, src/vlibmemory/socket_api.c, vl_socket_read_ready); sixteen of those, and VPP hears nobody any more.
 */
function leave(session: Session): void {
  const { connection, hello } = session
  if (!hello.numbers.has('sockclnt_delete')) return connection.close()
  return connection.close(toBytes(session, 'sockclnt_delete', nextContext(session), { index: hello.clientIndex }))
}

function clientOf(session: Session): VppClient {
  const { connection, hello, name } = session
  return {
    name,
    serves: (message) => hello.numbers.has(message),
    request: async (message, fields = {}) => request(session, message, fields),
    async call(message, fields = {}) {
      const reply = await request(session, message, fields)
      const refused = refusal(name, message, reply)
      if (refused !== undefined) throw refused
      return reply
    },
    async dump(message, fields = {}) {
      const details = hello.description.services.get(message)?.details
      return details === undefined ? dumpUntilPing(session, message, fields) : dumpUntilReply(session, message, fields, details)
    },
    cli: async (line) => runLine(session, line),
    onEvent: (listener) =>
      connection.onOther((bytes) => {
        const event = read(session, bytes)
        if (event !== undefined) listener(event)
      }),
    ended: connection.ended,
    close: () => leave(session),
  }
}

/** Connects and has VPP describe itself. `not-found` or `state` when nobody listens, `exec` when it is not VPP that does. */
export async function openVpp(host: Host, options: ClientOptions): Promise<VppClient> {
  const name = `VPP (${options.name})`
  const stream = await host.dial(options.socket)
  const connection = connectionOn(stream, { name, clock: host.clock, timeout: options.timeout ?? defaultTimeout, contextOf })
  try {
    return clientOf({ name, connection, hello: await sayHello(connection, name), context: firstContext })
  } catch (error) {
    connection.close()
    throw error
  }
}
