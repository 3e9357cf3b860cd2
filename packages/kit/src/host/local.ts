/** This machine. */
import { connect } from 'node:net'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Duplex } from 'node:stream'
import { Fault, errnoOf } from '../base/fault.ts'
import { execute, executeAttached, executePipe } from './exec.ts'
import { localFiles } from './files.ts'
import type { Clock, Host } from './host.ts'

/** Milliseconds after which a timer ends at the latest: one that shall take longer ends at once (nodejs.org/api/timers.html). */
const longestTimer = 2 ** 31 - 1

export const systemClock: Clock = {
  now: () => new Date(),
  monotonic: () => performance.now(),
  sleep: async (ms, signal) => {
    const options = signal === undefined ? {} : { signal }
    for (let left = ms; left > longestTimer; left -= longestTimer) await sleep(longestTimer, undefined, options)
    await sleep(ms % longestTimer, undefined, options)
  },
}

async function dial(path: string): Promise<Duplex> {
  const socket = connect(path)
  try {
    await once(socket, 'connect')
    return socket
  } catch (error) {
    const code = errnoOf(error)
    if (code === 'ENOENT') throw new Fault('not-found', `no socket at ${path}`, { cause: error })
    if (code === 'ECONNREFUSED') throw new Fault('state', `nobody listens on ${path}`, { cause: error })
    throw new Fault('exec', `cannot connect to ${path}`, { detail: String(error), cause: error })
  }
}

/** The machine that we run on. */
export function localHost(): Host {
  return {
    name: 'this machine',
    query: execute,
    run: execute,
    pipe: executePipe,
    attach: executeAttached,
    dial,
    files: localFiles,
    clock: systemClock,
  }
}
