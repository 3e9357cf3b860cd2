/**
 * Client of the vty socket that every FRR daemon listens on, the one that vtysh uses (FRR, lib/vty.c, vtysh_read): a command ends
 * with a NUL byte, its answer with three NUL bytes and the status of the command.
 */
import type { Duplex } from 'node:stream'
import { Fault, asFault } from '@imp/kit/base/fault.ts'
import type { Clock, Host } from '@imp/kit/host/host.ts'

/** What a daemon says to one command. */
export interface Answer {
  readonly text: string
  /** 0 is success; FRR's CMD_* constants (lib/command.h) otherwise. */
  readonly status: number
}

export interface Vty {
  /** Sends one command and returns the answer, whatever its status. Commands may be sent before earlier ones are answered. */
  send(command: string): Promise<Answer>
  /** Sends commands without waiting for one to be answered before the next; each gets its answer, or the fault that kept it from one. */
  sendAll(commands: readonly string[]): Promise<readonly (Answer | Fault)[]>
  /** Sends one command and returns its text; throws `exec` with the command and the daemon's words when the status is not 0. */
  ask(command: string): Promise<string>
  close(): void
}

/** Milliseconds for one command, or for some that are sent together: prefix lists of hundreds of entries keep FRR 8.4 busy for many seconds. */
const commandTimeout = 60_000

/** lib/command.h of FRR 8.4. */
const meanings: Readonly<Record<number, string>> = {
  1: 'refused',
  2: 'unknown command',
  3: 'ambiguous command',
  4: 'incomplete command',
  6: 'nothing to do',
  13: 'configuration failed',
  14: 'meant for another instance',
}

/** The status as words for people. */
export function statusText(status: number): string {
  return meanings[status] ?? `status ${status}`
}

const trailerLength = 4

/** Cuts a stream of bytes into answers, wherever its chunks begin and end. Throws an Error when it is not this protocol. */
export function answerSplitter(onAnswer: (answer: Answer) => void): (chunk: Buffer) => void {
  let text: Buffer[] = []
  let trailer: number[] = []
  const finish = (): void => {
    const [, second, third, status = 0] = trailer
    if (second !== 0 || third !== 0) throw new Error('a NUL byte inside an answer')
    onAnswer({ text: Buffer.concat(text).toString('utf8'), status })
    text = []
    trailer = []
  }
  return (chunk) => {
    let at = 0
    while (at < chunk.length) {
      if (trailer.length === 0) {
        const end = chunk.indexOf(0, at)
        text.push(chunk.subarray(at, end < 0 ? chunk.length : end))
        if (end < 0) return
        at = end
      }
      const taken = chunk.subarray(at, at + trailerLength - trailer.length)
      trailer.push(...taken)
      at += taken.length
      if (trailer.length === trailerLength) finish()
    }
  }
}

async function withDeadline<T>(clock: Clock, what: string, work: Promise<T>): Promise<T> {
  const waiting = new AbortController()
  const late = clock.sleep(commandTimeout, waiting.signal).then(
    () => {
      throw new Fault('timeout', `${what}: no answer within ${commandTimeout / 1000} s`)
    },
    // The sleep was ended because the answer came first.
    () => work,
  )
  try {
    return await Promise.race([work, late])
  } finally {
    waiting.abort()
  }
}

function refused(daemon: string, command: string, answer: Answer): Fault {
  return new Fault('exec', `${daemon} refused ${JSON.stringify(command)}: ${statusText(answer.status)}`, { detail: answer.text.trim() })
}

function talk(daemon: string, stream: Duplex, clock: Clock): Vty {
  const waiting: { resolve: (answer: Answer) => void; reject: (fault: Fault) => void }[] = []
  let ended: Fault | undefined
  const end = (fault: Fault): void => {
    ended ??= fault
    stream.destroy()
    for (const each of waiting.splice(0)) each.reject(ended)
  }
  const split = answerSplitter((answer) => waiting.shift()?.resolve(answer))
  stream.on('data', (chunk: Buffer) => {
    try {
      split(chunk)
    } catch (error) {
      end(new Fault('exec', `${daemon} does not speak the vty protocol`, { cause: error, detail: asFault(error).message }))
    }
  })
  stream.on('error', (error) => end(new Fault('exec', `the connection to ${daemon} broke`, { cause: error, detail: error.message })))
  const closed = (): void => end(new Fault('exec', `${daemon} closed the connection`, { hint: 'its log says why' }))
  stream.on('end', closed)
  stream.on('close', closed)
  const put = (commands: readonly string[]): Promise<Answer>[] => {
    const answers = commands.map(() => new Promise<Answer>((resolve, reject) => waiting.push({ resolve, reject })))
    stream.write(commands.map((command) => `${command}\0`).join(''))
    return answers
  }
  const sendAll = async (commands: readonly string[]): Promise<readonly (Answer | Fault)[]> => {
    const [first = ''] = commands
    if (ended !== undefined) return commands.map(() => ended as Fault)
    if (commands.some((command) => command.includes('\0'))) throw new Fault('bug', 'a vty command must not hold NUL bytes')
    const answers = put(commands).map((answer) => answer.catch((error: unknown) => asFault(error)))
    const all = Promise.all(answers)
    await withDeadline(clock, `${daemon}: ${first}`, all).catch((error: unknown) => end(asFault(error)))
    return all
  }
  const send = async (command: string): Promise<Answer> => {
    const [answer] = await sendAll([command])
    if (answer === undefined || answer instanceof Fault) throw answer ?? new Fault('bug', 'a command without an answer')
    return answer
  }
  return {
    send,
    sendAll,
    async ask(command) {
      const answer = await send(command)
      if (answer.status !== 0) throw refused(daemon, command, answer)
      return answer.text
    },
    close: () => {
      ended ??= new Fault('bug', `the connection to ${daemon} was closed by us`)
      stream.end()
    },
  }
}

/** Connects to the daemon whose sockets lie in `directory`, in enable mode. `not-found` or `state` when it does not listen. */
export async function openVty(host: Host, directory: string, daemon: string): Promise<Vty> {
  const vty = talk(daemon, await host.dial(`${directory}/${daemon}.vty`), host.clock)
  await vty.ask('enable')
  return vty
}
