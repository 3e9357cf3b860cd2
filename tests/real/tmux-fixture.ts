/** A terminal (tmux) in which a command is typed at as a person does, and what it shows. */
import { execFile, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { shellQuote } from '@imp/kit/host/exec.ts'
import { systemClock } from '@imp/kit/host/local.ts'
import { until } from '@imp/kit/host/until.ts'

const run = promisify(execFile)

/** Why terminals cannot be had here, or undefined when they can. */
export function terminalObstacle(): string | undefined {
  return spawnSync('tmux', ['-V']).error === undefined ? undefined : 'needs tmux'
}

export interface TypedTerminal {
  /** What it showed so far, without the blanks at the ends of lines. */
  shown(): Promise<string>
  /** Waits until the text is there and returns everything. */
  see(expected: RegExp): Promise<string>
  /** Types text as it is, then keys by their names in tmux(1). */
  type(text: string, ...keys: string[]): Promise<void>
  /** Takes the terminal away from the command, as a lost connection does. */
  hangUp(): Promise<void>
}

export interface TerminalOptions {
  /** Its socket is kept in this directory; a name for each terminal. */
  readonly directory: string
  readonly name: string
  readonly environment: Readonly<Record<string, string>>
  readonly columns?: number
  readonly lines?: number
}

/** Opens a terminal in which a command runs; its exit status is shown behind it. */
export async function openTerminal(command: readonly string[], options: TerminalOptions): Promise<TypedTerminal> {
  const { directory, name, environment, columns = 80, lines = 24 } = options
  const tmux = async (...words: string[]): Promise<string> =>
    (await run('tmux', ['-S', join(directory, `${name}.tmux`), '-f', '/dev/null', ...words])).stdout
  const set = Object.entries(environment).map(([key, value]) => `${key}=${shellQuote(value)}`)
  const line = `env ${set.join(' ')} ${command.map(shellQuote).join(' ')}; echo "ended with $?"; cat`
  await tmux('new-session', '-d', '-x', String(columns), '-y', String(lines), line)
  const shown = async (): Promise<string> => (await tmux('capture-pane', '-p', '-J', '-S', '-')).replaceAll(/ +$/gm, '').trimEnd()
  return {
    shown,
    async see(expected) {
      let text = ''
      try {
        return await until(systemClock, { timeout: 90_000, what: String(expected) }, async () => {
          text = await shown()
          return expected.test(text) ? text : undefined
        })
      } catch (error) {
        throw new Error(`${expected} was not seen in:\n${text}`, { cause: error })
      }
    },
    async type(text, ...keys) {
      if (text !== '') await tmux('send-keys', '-l', '--', text)
      if (keys.length > 0) await tmux('send-keys', ...keys)
    },
    async hangUp() {
      // The server ends with its last session, by itself or here.
      await tmux('kill-server').catch(() => undefined)
    },
  }
}
