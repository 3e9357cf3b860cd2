/** The terminal on the other side. The only file that writes to standard output and standard error. */
import { errnoOf } from '../base/fault.ts'

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

/** Writes until the reader has gone (`imp schema | head -1`), which is no failure of ours. */
function writer(stream: NodeJS.WriteStream): (text: string) => void {
  let gone = false
  stream.on('error', (error) => {
    if (errnoOf(error) !== 'EPIPE') throw error
    gone = true
  })
  return (text) => {
    if (!gone) stream.write(text)
  }
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
  const out = writer(stdout)
  const dumb = env['TERM'] === 'dumb'
  return {
    out: (text) => out(`${text}\n`),
    line: (text) => out(`${text}\n`),
    err: writer(stderr),
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
  }
}

/** The same terminal without colours. */
export function withoutColour(terminal: Terminal): Terminal {
  return Object.defineProperty(Object.create(terminal) as Terminal, 'colour', { value: { out: false, err: false } })
}
