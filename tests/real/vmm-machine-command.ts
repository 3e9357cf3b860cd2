/** The command vmm on a data directory of the test's own, with the images and kernels of this computer. */
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { accessSync, constants, statSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { localHost } from '@imp/kit/host/local.ts'
import type { KernelFiles } from '../../packages/vmm/src/kernel/model.ts'
import { contextFor } from '../../packages/vmm/src/context.ts'
import { ensureKernel } from '../../packages/vmm/src/kernel/ops.ts'
import { contextOn } from '../../packages/kit/src/op/sample.ts'

const vmm = new URL('../../bin/vmm', import.meta.url).pathname
export const isRoot = process.getuid?.() === 0

/** The data directory that is used when nothing is said (packages/vmm/src/context.ts); what is expensive is made there, once. */
const shared = process.env['VMM_DATA_DIR'] ?? (isRoot ? '/var/lib/vmm' : join(homedir(), '.local/share/vmm'))

/** Why machines cannot be tested here, or undefined when they can. */
export function missing(programs: readonly string[], root: boolean): string | undefined {
  const directories = `${process.env['PATH']}${delimiter}/usr/sbin${delimiter}/sbin`.split(delimiter)
  const absent = programs.filter((program) => !directories.some((directory) => isExecutable(join(directory, program))))
  if (absent.length > 0) return `needs ${absent.join(', ')}`
  return root && !isRoot ? 'needs root' : undefined
}

/** Why another user cannot run this checkout, as where it is in a home that is closed; undefined when one can. */
export function closedToOthers(): string | undefined {
  for (let path = vmm; path !== dirname(path); path = dirname(path)) {
    // Others may execute, or enter (inode(7)).
    if ((statSync(path).mode & 0o001) === 0) return `needs a checkout that other users may enter: ${path} is closed to them`
  }
  return undefined
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

export interface Ended {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

export interface Vmm {
  readonly directory: string
  run(...words: string[]): Promise<Ended>
  /** Runs and parses what --json prints; throws when the command fails. */
  json<T>(...words: string[]): Promise<T>
  /** Starts a command and kills it, with SIGKILL, when a step whose title fits begins. True when it was killed. */
  killedAt(title: RegExp, ...words: string[]): Promise<boolean>
}

/** vmm on `directory`, inside the named network namespace when one is given. */
export function vmmOn(directory: string, namespace?: string): Vmm {
  const [file, ...first] = namespace === undefined ? [vmm] : ['ip', 'netns', 'exec', namespace, vmm]
  const env = { ...process.env, VMM_DATA_DIR: directory, NO_COLOR: '1' }
  const run = (...words: string[]): Promise<Ended> =>
    new Promise((resolve) => {
      execFile(file ?? vmm, [...first, ...words], { env, maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
        const status = error === null ? 0 : typeof error.code === 'number' ? error.code : 255
        resolve({ status, stdout, stderr })
      })
    })
  return {
    directory,
    run,
    async json<T>(...words: string[]) {
      const { status, stdout, stderr } = await run('--json', ...words)
      if (status !== 0) throw new Error(`vmm ${words.join(' ')}: status ${status}\n${stdout}\n${stderr}`)
      return JSON.parse(stdout) as T
    },
    async killedAt(title, ...words) {
      const child: ChildProcess = spawn(file ?? vmm, [...first, '--json', ...words], { env, stdio: ['ignore', 'ignore', 'pipe'] })
      const ended = new Promise<boolean>((resolve) => child.once('close', (_status, signal) => resolve(signal === 'SIGKILL')))
      if (child.stderr !== null) {
        for await (const line of createInterface({ input: child.stderr })) if (begins(line, title)) child.kill('SIGKILL')
      }
      return ended
    },
  }
}

function begins(line: string, title: RegExp): boolean {
  const event = JSON.parse(line) as { event?: string; state?: string; title?: string }
  return event.event === 'step' && event.state === 'started' && title.test(event.title ?? '')
}

/** The default kernel of this computer, fetched when it is missing. */
export async function ensureSharedKernel(): Promise<KernelFiles> {
  return ensureKernel(await contextFor(contextOn(localHost()), isRoot, { VMM_DATA_DIR: shared }))
}

/** Makes a data directory with the shared images and kernels in it. Short, since paths of sockets are. */
export async function makeDataDirectory(): Promise<string> {
  const cli = vmmOn(shared)
  for (const words of [
    ['kernel', 'pull'],
    ['image', 'build', 'debian'],
  ]) {
    const { status, stderr } = await cli.run(...words)
    if (status !== 0) throw new Error(`vmm ${words.join(' ')} failed\n${stderr}`)
  }
  const directory = await mkdtemp(join(tmpdir(), 'vmt'))
  for (const each of ['images', 'kernels', 'guest', 'cache']) {
    await mkdir(join(shared, each), { recursive: true })
    await symlink(join(shared, each), join(directory, each))
  }
  return directory
}

/** Deletes all machines and the directory. */
export async function removeDataDirectory(cli: Vmm): Promise<void> {
  const names = (await readdir(join(cli.directory, 'vms')).catch(() => [])).map((file) => file.replace(/\.json$/, ''))
  if (names.length > 0) await cli.run('delete', '--force', '--yes', ...names)
  await rm(cli.directory, { recursive: true, force: true })
}

/** All files below a directory, links not followed. */
export async function filesBelow(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  return entries
    .filter((each) => !each.isDirectory() && !each.isSymbolicLink())
    .map((each) => join(each.parentPath, each.name).slice(directory.length + 1))
}
