/** Sends planned messages: each phase at once, the next when all of it is answered, and none after a refusal. */
import { Fault } from '@imp/kit/base/fault.ts'
import type { VppClient } from '../api/client.ts'
import { numberAt } from '../api/fields.ts'
import type { Fields } from '../api/layout.ts'
import { retvalText } from '../api/retval.ts'
import { resolve, type Indexes, type Message, type Phase } from './message.ts'

/** Messages that are in flight at once: VPP answers in order, and both sides have to hold what is not read yet. */
const atOnce = 2000

function refused(client: VppClient, { message, summary, about }: Message, why: string, paths: Readonly<Record<string, string>>): Fault {
  const path = paths[about] ?? about
  return new Fault('exec', `${client.name} refused ${message} (${summary}): ${why}`, {
    hint: `look at ${path}`,
    findings: [{ path, severity: 'error', message: `${summary}: ${message} was refused: ${why}` }],
  })
}

function remember(reply: Fields, { makes }: Message, indexes: Indexes): void {
  if (makes === undefined) return
  if ('interface' in makes) indexes.interfaces.set(makes.interface, numberAt(reply, 'sw_if_index'))
  else indexes.lists.set(makes.list, numberAt(reply, 'acl_index'))
}

/** The refusal of one message; undefined when it was taken. */
async function sendOne(
  client: VppClient,
  message: Message,
  indexes: Indexes,
  paths: Readonly<Record<string, string>>,
): Promise<Fault | undefined> {
  let fields: Fields
  try {
    fields = resolve(message.fields, indexes) as Fields
  } catch (error) {
    return refused(client, message, error instanceof Error ? error.message : String(error), paths)
  }
  const reply = await client.request(message.message, fields)
  const retval = numberAt(reply, 'retval')
  if (retval < 0 && message.allowed?.includes(retval) !== true) return refused(client, message, `${retvalText(retval)} (${retval})`, paths)
  remember(reply, message, indexes)
  return undefined
}

async function sendPhase(client: VppClient, phase: Phase, indexes: Indexes, paths: Readonly<Record<string, string>>): Promise<void> {
  for (let start = 0; start < phase.length; start += atOnce) {
    const answers = await Promise.allSettled(phase.slice(start, start + atOnce).map((message) => sendOne(client, message, indexes, paths)))
    for (const answer of answers) {
      if (answer.status === 'rejected') throw answer.reason
      if (answer.value !== undefined) throw answer.value
    }
  }
}

/**
 * Sends the phases one after the other and learns the numbers that VPP gives. An `exec` fault with the message, the return value in
 * words and the place in the configuration when VPP refuses; what was sent before stays done.
 */
export async function sendMessages(
  client: VppClient,
  phases: readonly Phase[],
  indexes: Indexes,
  paths: Readonly<Record<string, string>>,
): Promise<void> {
  for (const phase of phases) await sendPhase(client, phase, indexes, paths)
}
