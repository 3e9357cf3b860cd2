/** Processes that end captures at their time, whatever becomes of the commands that began them. */
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findUnit, startUnit, stopUnit, unitFiles } from '@imp/kit/host/supervise.ts'
import type { Host } from '@imp/kit/host/host.ts'

export interface Waiter {
  /** Starts the process for the capture of this name, unless it lives. */
  start(name: string): Promise<void>
  isAlive(name: string): Promise<boolean>
  stop(name: string): Promise<void>
  /** Takes its files away; also called by the process itself before it ends. */
  forget(name: string): Promise<void>
}

export interface WaiterOptions {
  /** This machine. */
  readonly host: Host
  /** Directory of the captures; the files of the processes are below it. */
  readonly captures: string
  /** Words by which the process finds the same router again: `--namespace=edge`. */
  readonly words: readonly string[]
  /** What the process needs of our environment, since programs start with an empty one. */
  readonly environment: Readonly<Record<string, string>>
}

export function waiterOf({ host, captures, words, environment }: WaiterOptions): Waiter {
  const directory = join(captures, '.waiting')
  const main = fileURLToPath(new URL('../main.ts', import.meta.url))
  return {
    async start(name) {
      const argv = [process.execPath, '--disable-warning=ExperimentalWarning', main, 'capture', 'wait', name, ...words] as const
      await startUnit(host, { name, directory, argv, env: environment })
    },
    isAlive: async (name) => (await findUnit(host, directory, name)) !== undefined,
    stop: (name) => stopUnit(host, directory, name),
    async forget(name) {
      const { document, input, log } = unitFiles(directory, name)
      for (const file of [document, input, log]) await host.files.remove(file)
    },
  }
}
