/** A fake VPP in a process of its own, and the place at which the driver finds it. */
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Host } from '@imp/kit/host/host.ts'
import { localHost } from '@imp/kit/host/local.ts'
import type { DataplanePlace } from '../../packages/imp/src/dataplane/dataplane.ts'

/** `count` asks for what came since the last request; `forget` also has it start anew, empty. */
export type Request = 'count' | 'forget'

export interface Answer {
  /** Messages without pings. */
  readonly all: number
  /** Those of them that change something. */
  readonly changes: number
}

export interface FakeProcess {
  readonly socket: string
  readonly place: DataplanePlace
  readonly ask: (request: Request) => Promise<Answer>
  end(): Promise<void>
}

/** `ip -j -d address show` of a namespace with these links. */
function linksAsJson(links: readonly string[]): string {
  return JSON.stringify(
    links.map((ifname, index) => ({ ifname, flags: ['UP', 'LOWER_UP'], mtu: 1500, address: `02:00:00:00:00:0${index}` })),
  )
}

/** The place of a core process with its socket in the directory, on a machine with these links. */
function placeIn(directory: string, links: readonly string[]): DataplanePlace {
  const local = localHost()
  const machine: Host = {
    ...local,
    query: (argv) => Promise.resolve({ argv, status: 0, stdout: linksAsJson(links), stderr: '' }),
  }
  return { machine, host: machine, bringsPorts: false, vpp: { directory } }
}

/** Throws when it ends; never settles otherwise, unless the signal says so. */
async function endOf(child: ChildProcess, signal: AbortSignal): Promise<never> {
  const [status] = (await once(child, 'exit', { signal })) as [number | null]
  throw new Error(`the fake VPP ended with status ${status}`)
}

export async function startFakeProcess(directory: string, links: readonly string[]): Promise<FakeProcess> {
  const socket = join(directory, 'core-api.sock')
  const child = fork(join(import.meta.dirname, 'vpp-fake-process.ts'), [socket, ...links], {
    execArgv: ['--disable-warning=ExperimentalWarning'],
  })
  const answer = async (): Promise<Answer> => {
    const over = new AbortController()
    const { signal } = over
    try {
      const [message] = (await Promise.race([once(child, 'message', { signal }), endOf(child, signal)])) as [Answer]
      return message
    } finally {
      over.abort()
    }
  }
  await answer()
  return {
    socket,
    place: placeIn(directory, links),
    ask: (request) => {
      const counts = answer()
      child.send(request)
      return counts
    },
    async end() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const ended = once(child, 'exit')
      child.disconnect()
      await ended
    },
  }
}
