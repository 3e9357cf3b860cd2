/** Labs for tests: a topology of their own name in a directory of their own, driven through the command line as a person does. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))

export interface Ended {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs a program to its end; `onErrorLine` may stop it. */
async function run(
  argv: readonly [string, ...string[]],
  env: NodeJS.ProcessEnv,
  onErrorLine?: (line: string, signal: (name: NodeJS.Signals) => void) => void,
): Promise<Ended> {
  const [first, ...words] = argv
  const child = spawn(first, words, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  let [stdout, stderr] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk))
  createInterface(child.stderr).on('line', (line) => {
    stderr += `${line}\n`
    onErrorLine?.(line, (name) => child.kill(name))
  })
  const [status] = (await once(child, 'close')) as [number | null]
  return { status, stdout, stderr }
}

/** Why labs cannot be tried here, or undefined when they can. */
export function missing(...programs: readonly string[]): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root for network namespaces'
  const absent = programs.find((path) => !existsSync(path))
  return absent === undefined ? undefined : `needs ${absent}`
}

export const frr = '/usr/lib/frr/bgpd'
export const bird = '/usr/sbin/bird'
export const qemu = '/usr/bin/qemu-system-x86_64'
export const tcpdump = '/usr/bin/tcpdump'

export interface Verified {
  readonly failed: number
  readonly assertions: readonly { readonly kind: string; readonly subject: string; readonly holds: boolean; readonly seen: string }[]
}

export interface Bench {
  /** Name of the lab, unique on this machine. */
  readonly name: string
  readonly directory: string
  /** Run directory of imp for this lab alone. */
  readonly runDirectory: string
  /** The topology file. */
  readonly file: string
  imp(...words: readonly string[]): Promise<Ended>
  /** Kills the command with SIGKILL when its so-manieth event comes. */
  killedAt(events: number, ...words: readonly string[]): Promise<Ended>
  /** Kills the command with SIGKILL when an event matches. */
  killedWhen(event: RegExp, ...words: readonly string[]): Promise<Ended>
  /** Interrupts the command, as ^C does, when an event matches. */
  interruptedWhen(event: RegExp, ...words: readonly string[]): Promise<Ended>
  /** Runs a program in the namespace of a node. */
  inside(node: string, ...argv: readonly string[]): Promise<Ended>
  edit(file: string, change: (text: string) => string): Promise<void>
  verify(): Promise<Verified & { readonly status: number | null }>
  /** Everything that there still is of the lab. */
  remains(): Promise<string[]>
  /** Machines of vmm that belong to the lab. */
  machines(): Promise<string[]>
}

let count = 0

/** Copies the files of an example or of a table of texts and gives the lab a name of its own. Down again when the test ends. */
export async function bench(t: TestContext, files: string | Readonly<Record<string, string>>): Promise<Bench> {
  const directory = await mkdtemp(join(tmpdir(), 'imp-lab-'))
  // FRR's daemons run as a user of their own and have to get through to their sockets.
  await chmod(directory, 0o755)
  count += 1
  const name = `t${process.pid}x${count}`
  if (typeof files === 'string') await cp(join(root, 'examples'), join(directory, 'examples'), { recursive: true })
  else for (const [path, text] of Object.entries(files)) await writeFile(join(directory, path), text)
  const own = typeof files === 'string' ? join(directory, 'examples', files) : directory
  const file = join(own, 'lab.yaml')
  await writeFile(file, (await readFile(file, 'utf8')).replace(/^name: .*$/m, `name: ${name}`))
  const runDirectory = join(directory, 'run')
  const env = { IMP_RUN_DIR: runDirectory }
  const argv = (words: readonly string[]): [string, ...string[]] => [join(root, 'bin/imp'), ...words]
  const imp: Bench['imp'] = (...words) => run(argv(words), env)
  t.after(async () => {
    await imp('lab', 'down', name)
    await rm(directory, { recursive: true, force: true })
  })
  return {
    name,
    directory: own,
    runDirectory,
    file,
    imp,
    killedAt(events, ...words) {
      let seen = 0
      return run(argv(['--json', ...words]), env, (line, signal) => {
        if (line.startsWith('{"event"')) seen += 1
        if (seen === events) signal('SIGKILL')
      })
    },
    killedWhen: (event, ...words) =>
      run(argv(['--json', ...words]), env, (line, signal) => {
        if (event.test(line)) signal('SIGKILL')
      }),
    interruptedWhen(event, ...words) {
      // Once: a second ^C ends the command without cleaning up.
      let done = false
      return run(argv(['--json', ...words]), env, (line, signal) => {
        if (!done && event.test(line)) signal('SIGINT')
        done ||= event.test(line)
      })
    },
    inside: (node, ...words) => run(['ip', 'netns', 'exec', `imp-${name}-${node}`, ...words], {}),
    async edit(path, change) {
      await writeFile(join(own, path), change(await readFile(join(own, path), 'utf8')))
    },
    async verify() {
      const { status, stdout, stderr } = await imp('--json', 'lab', 'verify', file)
      if (stdout.includes('"error"')) throw new Error(`${stdout}\n${stderr}`)
      return { status, ...(JSON.parse(stdout) as Verified) }
    },
    async machines() {
      const { stdout } = await run([join(root, 'bin/vmm'), '--json', 'list', '--all'], {})
      return [...stdout.matchAll(new RegExp(`"name": "(${name}-[^"]+)"`, 'g'))].map((match) => match[1] ?? '')
    },
    remains: () => remains(name, join(runDirectory, 'lab', name)),
  }
}

async function commandLines(): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((each) => /^\d+$/.test(each) && Number(each) !== process.pid)
  const lines = pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''))
  return (await Promise.all(lines)).map((line) => line.replaceAll('\0', ' ').trim())
}

async function remains(name: string, directory: string): Promise<string[]> {
  const namespaces = existsSync('/run/netns') ? await readdir('/run/netns') : []
  return [
    ...namespaces.filter((each) => each.startsWith(`imp-${name}-`)).map((each) => `namespace ${each}`),
    ...(await commandLines()).filter((line) => line.includes(`imp-${name}-`) || line.includes(directory)).map((line) => `process ${line}`),
    ...(existsSync(directory) ? [`directory ${directory}`] : []),
  ]
}

/** The lines of verify that do not hold, as `kind subject`. */
export function failing({ assertions }: Verified): string[] {
  return assertions.filter(({ holds }) => !holds).map(({ kind, subject }) => `${kind} ${subject}`)
}

/** Runs imp, which must end well; what it printed. */
export async function succeeds(lab: Bench, ...words: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await lab.imp(...words)
  if (status !== 0) throw new Error(`imp ${words.join(' ')}: status ${status}\n${stdout}\n${stderr}`)
  return stdout
}
