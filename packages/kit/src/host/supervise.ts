/**
 * Long-running programs that outlive the command which started them: detached, input from a FIFO, output into a log file, found
 * again by pid, start time and boot id. A unit that was started in the moment its starter died is found by a mark in its environment.
 */
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { Fault } from '../base/fault.ts'
import { parse, parseJson } from '../base/schema.ts'
import { executeDetached } from './exec.ts'
import type { Argv, Host } from './host.ts'
import { namespacePath } from './namespace.ts'
import { endProcess, findByEnvironment, identify, isAlive, type ProcessIdentity } from './process.ts'

const mark = 'IMP_UNIT'

const UnitDocument = z.strictObject({ pid: z.int(), startTime: z.int(), bootId: z.string(), argv: z.array(z.string()) })

export interface UnitSpec {
  /** File names are made of it: `engine`. */
  readonly name: string
  /** Directory of its files; made when it is not there. */
  readonly directory: string
  readonly argv: Argv
  readonly env?: Readonly<Record<string, string>>
  /** Named network namespace to run in. */
  readonly namespace?: string
}

export interface UnitFiles {
  /** What it was started with and its identity. */
  readonly document: string
  /** Standard output and error, appended. */
  readonly log: string
  /** FIFO that is its standard input; what is written there while nobody reads is kept by the kernel (64 KiB). */
  readonly input: string
}

export function unitFiles(directory: string, name: string): UnitFiles {
  return { document: join(directory, `${name}.unit.json`), log: join(directory, `${name}.log`), input: join(directory, `${name}.in`) }
}

async function makeInput(host: Host, path: string): Promise<void> {
  const present = await host.files.stat(path)
  if (present?.kind === 'fifo') return
  await host.files.remove(path)
  await host.run(['mkfifo', '-m', '600', path])
}

/** The unit when it lives, else undefined. */
export async function findUnit(host: Host, directory: string, name: string): Promise<ProcessIdentity | undefined> {
  const { document } = unitFiles(directory, name)
  if ((await host.files.stat(document)) !== undefined) {
    const { pid, startTime, bootId } = parse(UnitDocument, parseJson(await host.files.read(document), document), document)
    if (await isAlive({ pid, startTime, bootId })) return { pid, startTime, bootId }
  }
  const [pid] = await findByEnvironment(mark, join(directory, name))
  return pid === undefined ? undefined : identify(pid)
}

/** Starts the program on this machine, unless it lives already. Returns when it is started, not when it is ready. */
export async function startUnit(host: Host, spec: UnitSpec): Promise<ProcessIdentity> {
  const present = await findUnit(host, spec.directory, spec.name)
  if (present !== undefined) return present
  const files = unitFiles(spec.directory, spec.name)
  await host.files.makeDirectory(spec.directory, { mode: 0o700 })
  await makeInput(host, files.input)
  // Opened for reading and writing, so that neither end ever waits for the other and the program never reads an end of file.
  const input = await open(files.input, constants.O_RDWR)
  const log = await open(files.log, constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND, 0o600)
  try {
    const argv: Argv = spec.namespace === undefined ? spec.argv : ['nsenter', `--net=${namespacePath(spec.namespace)}`, '--', ...spec.argv]
    const pid = await executeDetached(argv, [input.fd, log.fd, log.fd], { ...spec.env, [mark]: join(spec.directory, spec.name) })
    const identity = await identify(pid)
    if (identity === undefined) {
      throw new Fault('exec', `${spec.argv[0]} ended at once`, {
        detail: (await host.files.read(files.log)).trim().split('\n').slice(-20).join('\n'),
      })
    }
    await host.files.write(files.document, `${JSON.stringify({ ...identity, argv })}\n`, { mode: 0o600 })
    return identity
  } finally {
    await Promise.all([input.close(), log.close()])
  }
}

/** Ends the unit: TERM, after `grace` milliseconds KILL. Its document and FIFO go, its log stays. */
export async function stopUnit(host: Host, directory: string, name: string, grace = 2000): Promise<void> {
  const unit = await findUnit(host, directory, name)
  if (unit !== undefined) await endProcess(host.clock, unit, grace)
  const { document, input } = unitFiles(directory, name)
  await Promise.all([host.files.remove(document), host.files.remove(input)])
}
