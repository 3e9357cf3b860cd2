/** The terminal on the other side. The only file that writes to standard output and standard error. */
import { errnoOf, Fault } from '../base/fault.ts'

export interface Terminal {
  /** The result, to standard output, with a line break at its end. */
  out(text: string): void
  /** A line of a result that comes piece by piece, to standard output. */
  line(text: string): void
  /** Everything else, to standard error, as it is. */
  err(text: string): void
  /** Columns. */
  readonly width: number
  /** Lines. */
  readonly height: number
  /** Whether standard output and standard error take colours. */
  readonly colour: { readonly out: boolean; readonly err: boolean }
  /** Whether lines on standard error can be drawn again. */
  readonly live: boolean
  /** Whether a person sits there: standard input and standard error are a terminal. */
  readonly interactive: boolean
  /** Asks for one line; undefined when the person ended the input instead (^C, ^D). */
  ask(question: string): Promise<string | undefined>
  /** Aborted when nothing takes standard output any more; left out where that cannot happen. */
  readonly closed?: AbortSignal
}

export type Environment = Readonly<Record<string, string | undefined>>

/**
 * Whether to write colours: FORCE_COLOR decides when it is set (force-color.org), then NO_COLOR (no-color.org), then whether it is
 * a terminal that has them.
 */
export function wantsColour(environment: Environment, isTerminal: boolean): boolean {
  const force = environment['FORCE_COLOR']
  if (force !== undefined && force !== '') return force !== '0' && force !== 'false'
  if ((environment['NO_COLOR'] ?? '') !== '') return false
  return isTerminal && environment['TERM'] !== 'dumb'
}

/**
 * Writes until that fails: the reader has gone (`imp schema | head -1`), the terminal was hung up (EIO), the disk of a log is full. The
 * operation behind it must not die of that, least of all in the middle of a change.
 */
function writer(stream: NodeJS.WriteStream, onFailure: (error: Error) => void): (text: string) => void {
  let failed = false
  stream.on('error', (error) => {
    if (!failed) onFailure(error)
    failed = true
  })
  return (text) => {
    if (!failed) stream.write(text)
  }
}

/** A result that is lost makes the command fail, at its end; unless who read it has gone, which is no failure of ours. */
function loseResult(error: Error, err: (text: string) => void): void {
  if (errnoOf(error) === 'EPIPE') return
  const fault = new Fault('state', `the result could not be written: ${error.message}`)
  err(`${fault.message}\n`)
  process.once('exit', (status) => {
    if (status === 0) process.exitCode = fault.exitStatus
  })
}

async function ask(question: string): Promise<string | undefined> {
  const { createInterface } = await import('node:readline/promises')
  const prompt = createInterface({ input: process.stdin, output: process.stderr })
  const ended = new AbortController()
  // While a line is edited the terminal sends ^C as a character: it counts as the signal that it would have been.
  prompt.on('SIGINT', () => {
    process.emit('SIGINT', 'SIGINT')
    ended.abort()
  })
  prompt.on('close', () => ended.abort())
  try {
    return await prompt.question(question, { signal: ended.signal })
  } catch (error) {
    if (!ended.signal.aborted) throw error
    return undefined
  } finally {
    prompt.close()
  }
}

/** A pseudo-terminal that nobody gave a size has 0 columns and lines. */
function known(size: number | undefined): number | undefined {
  return size === 0 ? undefined : size
}

/** The terminal of this process. */
export function processTerminal(): Terminal {
  const { stdout, stderr, stdin, env } = process
  const closed = new AbortController()
  const err = writer(stderr, () => undefined)
  const out = writer(stdout, (error) => {
    loseResult(error, err)
    closed.abort()
  })
  const dumb = env['TERM'] === 'dumb'
  return {
    out: (text) => out(`${text}\n`),
    line: (text) => out(`${text}\n`),
    err,
    get width() {
      return known(stdout.columns) ?? known(stderr.columns) ?? 80
    },
    get height() {
      return known(stderr.rows) ?? 24
    },
    colour: { out: wantsColour(env, stdout.isTTY), err: wantsColour(env, stderr.isTTY) },
    live: stderr.isTTY && !dumb,
    interactive: stdin.isTTY && stderr.isTTY,
    ask,
    closed: closed.signal,
  }
}

/** The same terminal without colours. */
export function withoutColour(terminal: Terminal): Terminal {
  return Object.defineProperty(Object.create(terminal) as Terminal, 'colour', { value: { out: false, err: false } })
}
