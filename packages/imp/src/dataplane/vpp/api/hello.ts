/** The beginning of every connection to VPP: it numbers its messages and describes them. */
import { Fault } from '@imp/kit/base/fault.ts'
import { helloNumber, helloReplyNumber, memclnt } from './bootstrap.ts'
import type { Connection } from './connection.ts'
import { decode } from './decode.ts'
import { describe, parseModules, type Description, type MessageDefinition } from './description.ts'
import { encode } from './encode.ts'
import { numberAt, rowsAt, textAt } from './fields.ts'
import { layoutOf, type Fields, type Layout } from './layout.ts'
import { retvalText } from './retval.ts'

/** What VPP said of itself: its messages, and their numbers on this connection. */
export interface Hello {
  /** Number of the client, which every request carries. */
  readonly clientIndex: number
  readonly description: Description
  readonly layout: Layout
  readonly numbers: ReadonlyMap<string, number>
  readonly messages: ReadonlyMap<number, MessageDefinition>
}

const bootstrap = describe(memclnt)
const bootstrapLayout = layoutOf(bootstrap.types)

/** A message with its number before it. */
export function layOut(message: MessageDefinition, number: number, layout: Layout, fields: Fields): Buffer {
  const body = encode(layout, message, fields)
  const whole = Buffer.alloc(2 + body.length)
  whole.writeUInt16BE(number)
  body.copy(whole, 2)
  return whole
}

/** The context of an answer stands after its number; only the answer to the hello has the number of the client between them. */
export function contextOf(message: Buffer): number {
  const at = message.readUInt16BE(0) === helloReplyNumber ? 6 : 2
  return message.length < at + 4 ? 0 : message.readUInt32BE(at)
}

function definitionOf(name: string): MessageDefinition {
  const found = bootstrap.messages.get(name)
  if (found === undefined) throw new Fault('bug', `no definition of ${name}`)
  return found
}

/** One request and its one answer, before VPP has described them. */
async function exchange(connection: Connection, name: string, number: number, context: number, fields: Fields): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
  const message = layOut(definitionOf(name), number, bootstrapLayout, { ...fields, context })
  connection.send(message, context, {
    what: name,
    receive(answer) {
      resolve(answer)
      return true
    },
    fail: reject,
  })
  return promise
}

/** Numbers by name and crc, `get_api_json_51077d14`, and the number of this client. */
async function greet(
  connection: Connection,
  name: string,
): Promise<{ readonly clientIndex: number; readonly numbers: Map<string, number> }> {
  const answer = await exchange(connection, 'sockclnt_create', helloNumber, 1, { name: 'imp' })
  if (answer.readUInt16BE(0) !== helloReplyNumber) throw new Fault('exec', `${name} does not answer like VPP`)
  const fields = decode(bootstrapLayout, definitionOf('sockclnt_create_reply'), answer.subarray(2))
  const response = numberAt(fields, 'response')
  if (response !== 0) throw new Fault('exec', `${name} refuses the connection: ${retvalText(response)}`)
  const table = rowsAt(fields, 'message_table')
  return {
    clientIndex: numberAt(fields, 'index'),
    numbers: new Map(table.map((entry) => [textAt(entry, 'name'), numberAt(entry, 'index')])),
  }
}

async function askDescription(connection: Connection, name: string, clientIndex: number, number: number): Promise<Description> {
  const answer = await exchange(connection, 'get_api_json', number, 2, { client_index: clientIndex })
  const fields = decode(bootstrapLayout, definitionOf('get_api_json_reply'), answer.subarray(2))
  const retval = numberAt(fields, 'retval')
  if (retval !== 0) throw new Fault('exec', `${name} does not describe its API: ${retvalText(retval)}`)
  return readDescription(textAt(fields, 'json'))
}

/** The last description that was read: the same VPP gives the same text at every connection, and reading it takes most of the greeting. */
let latest: { readonly text: string; readonly description: Description } | undefined

function readDescription(text: string): Description {
  if (latest?.text !== text) latest = { text, description: describe([...memclnt, ...parseModules(text)]) }
  return latest.description
}

/** Greets VPP and has it describe itself. `exec` when it is not VPP that answers, `unsupported` for one that cannot describe itself. */
export async function sayHello(connection: Connection, name: string): Promise<Hello> {
  const { clientIndex, numbers } = await greet(connection, name)
  const { name: question, crc } = definitionOf('get_api_json')
  const number = numbers.get(`${question}_${crc}`)
  if (number === undefined) throw new Fault('unsupported', `${name} cannot describe its API`, { hint: 'use VPP 25.06' })
  const description = await askDescription(connection, name, clientIndex, number)
  const served = [...description.messages.values()].flatMap((message) => {
    const its = numbers.get(`${message.name}_${message.crc}`)
    return its === undefined ? [] : [[message, its] as const]
  })
  return {
    clientIndex,
    description,
    layout: layoutOf(description.types),
    numbers: new Map(served.map(([message, its]) => [message.name, its])),
    messages: new Map(served.map(([message, its]) => [its, message])),
  }
}
