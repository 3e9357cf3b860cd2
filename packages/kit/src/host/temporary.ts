/**
 * Names of files that are being written, which say who writes them: a writer that was killed leaves its file, and whoever writes into the
 * same directory next takes it away.
 */
import { lstat, readdir, readlink, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { errnoOf } from '../base/fault.ts'
import { bootId, identify, isAlive } from './process.ts'

/** What is written elsewhere (in another container, before the last boot) is given up after so many milliseconds. */
const patience = 3_600_000

/** A process, and where its pid says something: a boot, and the inode of a PID namespace (pid_namespaces(7)). */
interface Writer {
  readonly pid: number
  readonly startTime: number
  readonly where: string
}

const shape = /^\.(?<pid>\d+)-(?<startTime>\d+)-(?<where>[0-9a-f]{8}-\d+)\.[0-9a-f]{8}\.tmp/

/** Where pids that we see say something; undefined where /proc is not mounted, as in a bare chroot. */
async function placeOfPids(): Promise<string | undefined> {
  try {
    const [boot, namespace] = await Promise.all([bootId(), readlink('/proc/self/ns/pid')])
    return `${boot.slice(0, 8)}-${namespace.replaceAll(/\D/g, '')}`
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw error
  }
}

const nowhere = '00000000-0'

async function findOurselves(): Promise<Writer> {
  const where = await placeOfPids()
  return { pid: process.pid, startTime: (await identify(process.pid))?.startTime ?? 0, where: where ?? nowhere }
}

let ourselves: Promise<Writer> | undefined

function writer(): Promise<Writer> {
  return (ourselves ??= findOurselves())
}

/** The writer that the name of a file tells; undefined for names that we do not give. */
function writerOf(name: string): Writer | undefined {
  const { pid, startTime, where } = shape.exec(name)?.groups ?? {}
  return where === undefined ? undefined : { pid: Number(pid), startTime: Number(startTime), where }
}

/**
 * Whether this is a file that a killed writer left. Those of other users are theirs, unless we are root: of their processes we may see
 * nothing (hidepid, proc(5)).
 */
export async function isAbandoned(path: string): Promise<boolean> {
  const found = writerOf(path.slice(path.lastIndexOf('/') + 1))
  if (found === undefined) return false
  const { pid, startTime, where } = found
  const here = where !== nowhere && where === (await writer()).where
  if (here && (await isAlive({ pid, startTime, bootId: await bootId() }))) return false
  try {
    const file = await lstat(path)
    const user = process.geteuid?.() ?? 0
    return file.isFile() && (user === 0 || user === file.uid) && (here || Date.now() - file.mtimeMs > patience)
  } catch (error) {
    // Its writer, or somebody who swept before us, was faster.
    if (errnoOf(error) === 'ENOENT') return false
    throw error
  }
}

/** Takes away what killed writers left in a directory. That it cannot be is no reason not to write. */
async function sweep(directory: string): Promise<void> {
  const names = await readdir(directory).catch((): string[] => [])
  for (const path of names.filter((name) => shape.test(name)).map((name) => join(directory, name)))
    if (await isAbandoned(path)) await unlink(path).catch(() => undefined)
}

const swept = new Set<string>()

/**
 * A name in the directory of `path` for what shall be renamed to `path`; may be followed by an ending. When this process writes there for
 * the first time, what killed writers left there goes.
 */
export async function temporaryBeside(path: string): Promise<string> {
  const directory = dirname(path)
  if (!swept.has(directory)) {
    swept.add(directory)
    await sweep(directory)
  }
  const { pid, startTime, where } = await writer()
  return join(directory, `.${pid}-${startTime}-${where}.${crypto.randomUUID().slice(0, 8)}.tmp`)
}
