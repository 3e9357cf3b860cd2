/** A conversation with one FRR daemon, however it is reached. */
import { Fault } from '@imp/kit/base/fault.ts'
import type { Refused, Session } from './conversation.ts'
import type { FrrPlace } from './daemons.ts'
import type { FrrDaemon } from './daemon.ts'
import { isEntry } from './grammar.ts'
import { openVty, statusText, type Answer, type Vty } from './vty.ts'
import { vtyshSession } from './vtysh.ts'

/** A timeout is no loss: the daemon is there, and what it does with the command is unknown. */
function lostAt(at: number, fault: Fault): Refused {
  if (fault.code !== 'exec') throw fault
  return { at, status: fault.message, text: fault.detail ?? '', lost: true }
}

/**
 * Leaving a route map makes the daemon commit all that it has so far, at the price of the whole configuration; the next route map is
 * entered from within the last one as well (lib/command.c, cmd_execute_command: the parent node is tried).
 */
function isNeedless(command: string, next: string | undefined): boolean {
  return command === 'exit' && next?.startsWith('route-map ') === true
}

/** Entries of tables that are on their way to the daemon together: thousands of answers are not waited for one by one. */
const together = 64

/** The commands from here on that may be sent together: a run of entries, else one alone. */
function runFrom(commands: readonly string[], start: number): readonly string[] {
  const most = commands.slice(start, start + together)
  const other = most.findIndex((command) => !isEntry(command))
  return other < 0 ? most : most.slice(0, Math.max(1, other))
}

/** The first answer that is a refusal, or the loss of the daemon. */
function refusedIn(answers: readonly (Answer | Fault)[], start: number): Refused | undefined {
  for (const [index, answer] of answers.entries()) {
    const at = start + index
    if (answer instanceof Fault) return lostAt(at, answer)
    if (answer.status !== 0) return { at, status: statusText(answer.status), text: answer.text.trim() }
  }
  return undefined
}

/** Over the vty socket: between the markers the daemon commits once, at the end, not after each line (FRR, lib/northbound_cli.c). */
function vtySession(vty: Vty): Session {
  const sendAll = async (commands: readonly string[]): Promise<Refused | undefined> => {
    for (let at = 0; at < commands.length;) {
      const run = runFrom(commands, at)
      const needless = isNeedless(commands[at] ?? '', commands[at + 1])
      const refused = needless ? undefined : refusedIn(await vty.sendAll(run), at)
      if (refused !== undefined) return refused
      at += run.length
    }
    return undefined
  }
  return {
    ask: (command) => vty.ask(command),
    async configure(commands) {
      await vty.ask('configure terminal')
      await vty.ask('XFRR_start_configuration')
      const refused = await sendAll(commands)
      if (refused?.lost === true) return refused
      const end = await vty.send('XFRR_end_configuration')
      await vty.send('end')
      if (refused !== undefined || end.status === 0) return refused
      // The daemon refuses at the commit and names no line.
      return { at: commands.length - 1, status: statusText(end.status), text: end.text.trim() }
    },
    close: () => vty.close(),
  }
}

async function openSession(place: FrrPlace, daemon: FrrDaemon): Promise<Session> {
  try {
    return vtySession(await openVty(place.machine, place.directory, daemon))
  } catch (error) {
    // The way to the socket is closed: vtysh tells whether the daemon is there.
    if (!(error instanceof Fault)) throw error
    if (error.code === 'exec') return vtyshSession(place, daemon)
    if (error.code !== 'not-found' && error.code !== 'state') throw error
    const hint = 'it keeps the configuration that it has; its log says why, and imp apply after its end starts it anew'
    throw new Fault('state', `${daemon} of ${place.host.name} does not listen`, { detail: error.message, hint, cause: error })
  }
}

/** Opens, uses and closes a conversation. */
export async function withSession<T>(place: FrrPlace, daemon: FrrDaemon, use: (session: Session) => Promise<T>): Promise<T> {
  const session = await openSession(place, daemon)
  try {
    return await use(session)
  } finally {
    session.close()
  }
}
