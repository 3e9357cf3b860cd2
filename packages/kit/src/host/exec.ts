/**
 * The only file that starts programs. Environment from scratch, a timeout always, TERM before KILL, and failures that carry the
 * command as one line to copy, its exit status and its own words.
 */
import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process'
import { once } from 'node:events'
import { constants } from 'node:os'
import { Transform, type Readable, type Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Fault, errnoOf } from '../base/fault.ts'
import { packageOf } from './packages.ts'
import type { Argv, PipeOptions, Ran, RunOptions } from './host.ts'

const searchPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
const defaultTimeout = 30_000
const killAfter = 2000
/** What Node.js takes for a timer; longer ones would end at once. */
const longestTimer = 2 ** 31 - 1
/** Characters of output after which a program is ended: what floods us (a guest, too) must not take our memory. V8 ends strings at 512 MiB. */
const longestOutput = 256 << 20
/** Characters that are kept of output which is told line by line, and may go on for ever; and of one line of it. */
const keptOutput = 16 << 20
const longestLine = 1 << 20

/** The environment that every program gets, with additions. */
function environment(added: Readonly<Record<string, string>> = {}): Record<string, string> {
  return { PATH: searchPath, LANG: 'C.UTF-8', HOME: process.env['HOME'] ?? '/', ...added }
}

/** The command as one line that a person can paste into a shell. */
export function commandLine(argv: Argv): string {
  return argv.map(shellQuote).join(' ')
}

/** One word, quoted for a POSIX shell when it needs it. */
export function shellQuote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}

interface Outcome {
  readonly status: number | null
  readonly signal: NodeJS.Signals | null
  readonly timedOut: boolean
  /** Place among the children in the order of their ends, from 0. */
  readonly ended: number
}

function failed(argv: Argv, outcome: Outcome, timeout: number, stdout: string, stderr: string): Fault {
  const program = argv[0]
  const words = [stderr, stdout].find((text) => text.trim() !== '')?.trim()
  const detail = `$ ${shorten(commandLine(argv))}${words === undefined ? '' : `\n${tail(words)}`}`
  if (outcome.timedOut) return new Fault('timeout', `${program} did not finish within ${timeout / 1000} s`, { detail })
  const how = outcome.signal === null ? `ended with status ${outcome.status}` : `was killed by ${outcome.signal}`
  return new Fault('exec', `${program} ${how}`, { detail })
}

function notStarted(argv: Argv, error: unknown): Fault {
  const program = argv[0]
  if (errnoOf(error) !== 'ENOENT') return new Fault('exec', `${program} could not be started`, { detail: String(error), cause: error })
  const brought = packageOf(program)
  const hint = brought === undefined ? `install ${program} and put it on the PATH` : `apt-get install ${brought}`
  return new Fault('missing-program', `${program} is not installed`, { hint, cause: error })
}

function shorten(line: string): string {
  return line.length > 2000 ? `${line.slice(0, 2000)} ...` : line
}

function tail(words: string): string {
  const lines = words.split('\n')
  return lines.length > 40 ? ['...', ...lines.slice(-40)].join('\n') : words
}

async function start(
  argv: Argv,
  stdio: StdioOptions,
  options: Pick<RunOptions, 'cwd' | 'env'> & { detached?: boolean },
): Promise<ChildProcess> {
  const [program, ...words] = argv
  try {
    // Some errors are thrown at once (ENOMEM, E2BIG), others come as events.
    const child = spawn(program, words, {
      env: environment(options.env),
      stdio,
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      ...(options.detached === undefined ? {} : { detached: options.detached }),
    })
    await once(child, 'spawn')
    return child
  } catch (error) {
    throw notStarted(argv, error)
  }
}

/** Programs whose output we take. Nobody is left to do something with it when we end before them, by a second ^C for example. */
const awaited = new Set<ChildProcess>()
process.on('exit', () => awaited.forEach((child) => signalGroup(child, 'SIGKILL')))

/** Signals a program and what it started: each program that is not attached to the terminal leads a process group of its own. */
function signalGroup(child: ChildProcess, name: NodeJS.Signals): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, name)
  } catch (error) {
    if (errnoOf(error) !== 'ESRCH') throw error
    child.kill(name)
  }
}

/** Waits for the ends of all children; on timeout or abort sends TERM to all, KILL two seconds later. */
async function finish(children: readonly ChildProcess[], timeout: number, signal: AbortSignal | undefined): Promise<Outcome[]> {
  let timedOut = false
  let ended = 0
  const stop = (): void => {
    for (const child of children) signalGroup(child, 'SIGTERM')
    setTimeout(() => killAll(children), killAfter).unref()
  }
  const timer = setTimeout(
    () => {
      timedOut = true
      stop()
    },
    Math.min(timeout, longestTimer),
  )
  signal?.addEventListener('abort', stop, { once: true })
  // It may have come while the program was started.
  if (signal?.aborted === true) stop()
  for (const child of children) if (child.stdout !== null) awaited.add(child)
  try {
    return await Promise.all(
      children.map(async (child) => {
        const exited = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined
        const closed = child.stdout === null || child.stdout.closed ? undefined : once(child, 'close')
        await exited
        const place = ended++
        await closed
        return { status: child.exitCode, signal: child.signalCode, timedOut, ended: place }
      }),
    )
  } finally {
    for (const child of children) awaited.delete(child)
    clearTimeout(timer)
    signal?.removeEventListener('abort', stop)
  }
}

interface Collected {
  text(): string
  /** Whether there was more than is kept. */
  flooded(): boolean
}

/** Tells whole lines, and what is longer than a line can be in pieces. */
function lineTeller(onLine: (line: string) => void): { take(chunk: string): void; end(): void } {
  let rest = ''
  return {
    take(chunk) {
      const lines = (rest + chunk).split(/\r?\n|\r/)
      rest = lines.pop() ?? ''
      if (rest.length > longestLine) lines.push(rest)
      if (rest.length > longestLine) rest = ''
      lines.forEach(onLine)
    },
    end() {
      if (rest !== '') onLine(rest)
    },
  }
}

/** Keeps what a program says: all of it up to a limit, at which `onFlood` is called once, or the end of what is told line by line. */
function collect(stream: Readable | null, { onLine, longest = longestOutput }: RunOptions, onFlood: () => void): Collected {
  const chunks: string[] = []
  const teller = onLine === undefined ? undefined : lineTeller(onLine)
  let size = 0
  let flooded = false
  stream?.setEncoding('utf8')
  stream?.on('data', (chunk: string) => {
    if (flooded) return
    chunks.push(chunk)
    size += chunk.length
    teller?.take(chunk)
    const kept = teller === undefined ? Infinity : keptOutput
    while (size > kept && chunks.length > 1) size -= chunks.shift()?.length ?? 0
    flooded = size > longest
    if (flooded) onFlood()
  })
  stream?.on('end', () => teller?.end())
  return { text: () => chunks.join('').replace(/\n$/, ''), flooded: () => flooded }
}

/** Ends programs at once, with what they started. */
function killAll(children: readonly ChildProcess[]): void {
  for (const child of children) {
    signalGroup(child, 'SIGKILL')
    // What left the group may keep the output open for ever; nobody waits for it any more.
    for (const stream of [child.stdout, child.stderr]) stream?.destroy()
  }
}

function refuseFlood(argv: Argv, outputs: readonly Collected[], longest = longestOutput): void {
  if (!outputs.some((output) => output.flooded())) return
  throw new Fault('exec', `${argv[0]} wrote more than ${longest} characters`, { detail: `$ ${shorten(commandLine(argv))}` })
}

function feed(stream: Writable | null, input: string | Uint8Array): void {
  // A program may end before it has read everything (EPIPE); its status tells whether that was a failure.
  stream?.on('error', (error) => (errnoOf(error) === 'EPIPE' || errnoOf(error) === 'ECONNRESET' ? undefined : stream.destroy()))
  stream?.end(input)
}

/** Runs one program to its end. Throws `missing-program`, `timeout` or `exec`. */
export async function execute(argv: Argv, options: RunOptions = {}): Promise<Ran> {
  const { timeout = defaultTimeout, statuses = [0], signal, input } = options
  signal?.throwIfAborted()
  const child = await start(argv, [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'], { ...options, detached: true })
  const onFlood = (): void => killAll([child])
  const stdout = collect(child.stdout, options, onFlood)
  const stderr = collect(child.stderr, options, onFlood)
  if (input !== undefined) feed(child.stdin, input)
  const [outcome] = await finish([child], timeout, signal)
  signal?.throwIfAborted()
  if (outcome === undefined) throw new Fault('bug', `no outcome of ${argv[0]}`)
  refuseFlood(argv, [stdout, stderr], options.longest)
  if (outcome.timedOut || outcome.status === null || !statuses.includes(outcome.status)) {
    throw failed(argv, outcome, timeout, stdout.text(), stderr.text())
  }
  return { argv, status: outcome.status, stdout: stdout.text(), stderr: stderr.text() }
}

/** Pours a stream into a program. A program that ends before it has read everything tells by its status whether that was a failure. */
async function pour(source: Readable, sink: Writable | null | undefined, onError: (error: unknown) => void): Promise<void> {
  if (sink === null || sink === undefined) return
  // The end of the program breaks the source too: whichever failed first is the reason.
  let reason: { of: 'source' | 'sink'; error: unknown } | undefined
  source.once('error', (error) => (reason ??= { of: 'source', error }))
  sink.once('error', (error) => (reason ??= { of: 'sink', error }))
  await pipeline(source, sink).catch(() => {
    if (reason?.of === 'source') onError(reason.error)
  })
}

/** Runs programs with the output of each going into the next; fails when any of them fails, naming the first that did. */
export async function executePipe(stages: readonly Argv[], options: PipeOptions = {}): Promise<Ran> {
  const { timeout = defaultTimeout, input } = options
  const broken = new AbortController()
  const signal = options.signal === undefined ? broken.signal : AbortSignal.any([options.signal, broken.signal])
  options.signal?.throwIfAborted()
  const children: ChildProcess[] = []
  try {
    for (const [index, argv] of stages.entries())
      children.push(await start(argv, [index === 0 && input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'], { detached: true }))
  } catch (error) {
    killAll(children)
    throw error
  }
  const onFlood = (): void => killAll(children)
  const errors = children.map((child) => collect(child.stderr, {}, onFlood))
  const output = collect(children.at(-1)?.stdout ?? null, {}, onFlood)
  let passed = 0
  const victims = new Set<number>()
  const joints = children.slice(0, -1).map(async (child, index) => {
    const next = children[index + 1]?.stdin
    if (child.stdout === null || next === null || next === undefined) return
    const meter = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        if (index === 0) options.onBytes?.((passed += chunk.length))
        done(null, chunk)
      },
    })
    // A later stage that ends early breaks the pipe; the stage whose pipe it broke is not to blame for failing.
    await pipeline(child.stdout, meter, next).catch(() => victims.add(index))
  })
  if (input !== undefined) joints.push(pour(input, children[0]?.stdin, (error) => broken.abort(error)))
  const [outcomes] = await Promise.all([finish(children, timeout, signal), ...joints])
  signal?.throwIfAborted()
  for (const [index, argv] of stages.entries())
    refuseFlood(
      argv,
      [errors[index], index === stages.length - 1 ? output : undefined].filter((each) => each !== undefined),
    )
  const failures = [...outcomes.entries()].filter(([, outcome]) => outcome.timedOut || outcome.status !== 0)
  const [culprit] = failures.toSorted(([a, { ended: x }], [b, { ended: y }]) => Number(victims.has(a)) - Number(victims.has(b)) || x - y)
  const first = stages[0]
  if (first === undefined) throw new Fault('bug', 'a pipe without programs')
  if (culprit !== undefined) {
    const [index, outcome] = culprit
    throw failed(stages[index] ?? first, outcome, timeout, index === stages.length - 1 ? output.text() : '', errors[index]?.text() ?? '')
  }
  return { argv: first, status: 0, stdout: output.text(), stderr: errors.map((each) => each.text()).join('\n') }
}

/** Gives the terminal to a program; its exit status, 128 + signal number as a shell would say it. */
export async function executeAttached(argv: Argv): Promise<number> {
  const child = await start(argv, 'inherit', { env: { TERM: process.env['TERM'] ?? 'dumb' } })
  // The terminal sends ^C to the whole foreground group: it is the program's to handle, not ours to die of.
  const ignore = (): void => undefined
  process.on('SIGINT', ignore)
  try {
    const [outcome] = await finish([child], longestTimer, undefined)
    return outcome?.status ?? 128 + constants.signals[outcome?.signal ?? 'SIGTERM']
  } finally {
    process.off('SIGINT', ignore)
  }
}

/** Starts a program that outlives us, in a session of its own. `stdio` holds open file descriptors. Returns its pid. */
export async function executeDetached(
  argv: Argv,
  stdio: readonly [number, number, number],
  env: Readonly<Record<string, string>>,
): Promise<number> {
  const child = await start(argv, [...stdio], { env, detached: true, cwd: '/' })
  child.unref()
  if (child.pid === undefined) throw new Fault('exec', `${argv[0]} has no pid`)
  return child.pid
}
