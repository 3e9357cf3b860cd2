/**
 * Reads lines at the terminal, with editing, history, Tab and `?`. The terminal is ours only while a line is read: between lines
 * nothing listens to it, so that programs and questions have it to themselves.
 */
import { createInterface, type Interface } from 'node:readline'
import { PassThrough } from 'node:stream'
import type { Completions } from './complete.ts'
import { asksForHelp } from './line.ts'
import { needsPages, showPages } from './pager.ts'

export interface LineOptions {
  readonly prompt: string
  /** Newest first. */
  readonly history: readonly string[]
  readonly complete: (line: string) => Promise<Completions>
  /** What `?` shows behind this text; never rejects. */
  readonly explain: (line: string) => Promise<string>
}

export interface LineReader {
  /** The next line; undefined when the person ended the input. */
  read(options: LineOptions): Promise<string | undefined>
  /** Shows a result, page by page when it is longer than the screen; left out where there is no screen. */
  page?(text: string): Promise<void>
}

/** Whether a person can hold a session here: input and both outputs are a terminal. */
export function isTerminal(): boolean {
  return process.stdin.isTTY && process.stdout.isTTY && process.stderr.isTTY
}

/** What was typed, cut behind every key after which something may have to be waited for. */
function pieces(chunk: Buffer): string[] {
  // oxlint-disable-next-line no-control-regex -- ^C, as the terminal sends it
  return chunk.toString('latin1').match(/[^\r\n\t?\u0003]*(?:\r\n|[\r\n\t?\u0003])|[^\r\n\t?\u0003]+$/g) ?? []
}

/** Keys that were typed and not read yet, such as the further lines of a paste. */
type Ahead = string[]

/** Lets keys into the editor up to the end of its line; the rest waits for the next. Returns how to stop. */
function letIn(ahead: Ahead, keys: PassThrough): () => void {
  const { stdin } = process
  let open = true
  const pump = (): void => {
    for (let piece = open ? ahead.shift() : undefined; piece !== undefined; piece = open ? ahead.shift() : undefined) {
      open = !['\r', '\n', '\u0003'].includes(piece.slice(-1))
      keys.write(Buffer.from(piece, 'latin1'))
    }
  }
  const onData = (chunk: Buffer): void => {
    ahead.push(...pieces(chunk))
    // ^C throws away what was typed before it.
    ahead.splice(
      0,
      ahead.findLastIndex((piece) => piece.endsWith('\u0003')),
    )
    pump()
  }
  const onEnd = (): void => void keys.end()
  stdin.on('data', onData).on('end', onEnd).on('error', onEnd).resume()
  pump()
  return () => void stdin.off('data', onData).off('end', onEnd).off('error', onEnd).pause()
}

/** Shows help as soon as `?` is typed where it asks for help; it is no part of the line then. */
function listenForHelp(editor: Interface, keys: PassThrough, explain: LineOptions['explain']): void {
  const show = async (line: string): Promise<void> => {
    process.stdout.write(`\n${await explain(line)}\n`)
    editor.prompt(true)
  }
  keys.on('keypress', (key: unknown) => {
    const before = editor.line.slice(0, editor.cursor)
    if (key !== '?' || !before.endsWith('?') || !asksForHelp(before.slice(0, -1))) return
    editor.write(null, { name: 'backspace' })
    editor.pause()
    void show(before.slice(0, -1))
  })
}

function openEditor(keys: PassThrough, options: LineOptions): Interface {
  return createInterface({
    input: keys,
    output: process.stdout,
    terminal: true,
    prompt: options.prompt,
    history: [...options.history],
    completer(line: string, answer: (error: Error | null, result?: [string[], string]) => void) {
      options.complete(line).then(({ words, typed }) => answer(null, [[...words], typed]), answer)
    },
  })
}

/** One line of an editor: empty when ^C cleared it; undefined at the end of the input. */
async function edit(ahead: Ahead, options: LineOptions): Promise<{ line: string | undefined; cleared: boolean }> {
  const keys = new PassThrough()
  const editor = openEditor(keys, options)
  const { promise, resolve } = Promise.withResolvers<{ line: string | undefined; cleared: boolean }>()
  editor.on('line', (line) => resolve({ line, cleared: false }))
  editor.on('SIGINT', () => {
    process.stdout.write('^C\n')
    resolve({ line: '', cleared: true })
  })
  const onClose = (): void => {
    process.stdout.write('\n')
    resolve({ line: undefined, cleared: false })
  }
  editor.on('close', onClose)
  listenForHelp(editor, keys, options.explain)
  editor.prompt()
  const stop = letIn(ahead, keys)
  try {
    return await promise
  } finally {
    stop()
    // Only ours goes: the editor's own listener takes its hands off the terminal.
    editor.off('close', onClose).close()
  }
}

/**
 * A line that was not cleared. The terminal stays raw in between: to a terminal that is in line mode for a moment, a ^D behind a ^C
 * would be no key but the end of an empty line, which nobody reads.
 */
async function readLine(ahead: Ahead, options: LineOptions): Promise<string | undefined> {
  process.stdin.setRawMode(true)
  try {
    for (;;) {
      const { line, cleared } = await edit(ahead, options)
      if (!cleared) return line
    }
  } finally {
    process.stdin.setRawMode(false)
  }
}

/** One key, as the terminal sends it; undefined at the end of the input. */
async function readKey(): Promise<string | undefined> {
  const { stdin } = process
  const { promise, resolve } = Promise.withResolvers<string | undefined>()
  const onData = (chunk: Buffer): void => resolve(chunk.toString('latin1'))
  const onEnd = (): void => resolve(undefined)
  stdin.setRawMode(true)
  stdin.on('data', onData).on('end', onEnd).on('error', onEnd).resume()
  try {
    return await promise
  } finally {
    stdin.off('data', onData).off('end', onEnd).off('error', onEnd).pause()
    stdin.setRawMode(false)
  }
}

async function page(ahead: Ahead, text: string): Promise<void> {
  const { stdout } = process
  const screen = { width: stdout.columns || 80, height: stdout.rows || 24, write: (more: string) => void stdout.write(more), key: readKey }
  // Lines that were typed ahead are commands: nobody waits for the pages of this one.
  if (ahead.length > 0 || process.env['TERM'] === 'dumb' || !needsPages(text, screen)) stdout.write(`${text}\n`)
  else await showPages(text, screen)
}

/** Lines from the terminal of this process. */
export function terminalLines(): LineReader {
  const ahead: Ahead = []
  return { read: (options) => readLine(ahead, options), page: (text) => page(ahead, text) }
}
