/** Starts tcpdump so that it outlives the command that asked for it, here or on another machine, finds it again and ends it. */
import { join } from 'node:path'
import type { Argv, Host } from '@imp/kit/host/host.ts'
import { findUnit, startUnit, stopUnit, unitFiles } from '@imp/kit/host/supervise.ts'

/** Name of the unit, and of its files, in the directory of its capture. */
const unit = 'tcpdump'

export interface Recorder {
  start(directory: string, argv: Argv): Promise<void>
  /** Whether anything runs that was started for this directory. */
  isRunning(directory: string): Promise<boolean>
  /** Ends it; nothing happens when it has ended. */
  stop(directory: string): Promise<void>
  /** File with what it said. */
  log(directory: string): string
}

/** Records on this machine, in a named network namespace when there is one. */
export function localRecorder(host: Host, namespace: string | undefined): Recorder {
  return {
    async start(directory, argv) {
      await startUnit(host, { name: unit, directory, argv, ...(namespace === undefined ? {} : { namespace }) })
    },
    isRunning: async (directory) => (await findUnit(host, directory, unit)) !== undefined,
    stop: (directory) => stopUnit(host, directory, unit),
    log: (directory) => unitFiles(directory, unit).log,
  }
}

/** Program that argv of `recording` becomes, by which start-stop-daemon tells it from another one that got its pid. */
const processName = 'timeout'

/** Records on another machine, by the tool for such programs that every Debian has (start-stop-daemon(8)). */
export function remoteRecorder(host: Host): Recorder {
  const pidFile = (directory: string): string => join(directory, `${unit}.pid`)
  const log = (directory: string): string => join(directory, `${unit}.log`)
  const ours = (directory: string): string[] => ['--pidfile', pidFile(directory), '--name', processName]
  return {
    log,
    async start(directory, [program, ...words]) {
      const files = ['--make-pidfile', '--pidfile', pidFile(directory), '--output', log(directory)]
      await host.run(['start-stop-daemon', '--start', '--background', ...files, '--startas', `/usr/bin/${program}`, '--', ...words])
    },
    async isRunning(directory) {
      // 0: it runs. 1, 3 and 4: it does not, with a pid file or without, or nobody can tell.
      const ran = await host.query(['start-stop-daemon', '--status', ...ours(directory)], { statuses: [0, 1, 3, 4] })
      return ran.status === 0
    },
    async stop(directory) {
      const how = ['--oknodo', '--remove-pidfile', '--retry', 'TERM/5/KILL/5'] as const
      await host.run(['start-stop-daemon', '--stop', ...how, ...ours(directory)])
    },
  }
}
