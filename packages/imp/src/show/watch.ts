/** Looking again and again, on a screen of its own that goes when it ends. */
import { Fault } from '@imp/kit/base/fault.ts'
import { displayWidth, printable, truncate } from '@imp/kit/base/width.ts'
import type { OperationContext } from '@imp/kit/op/operation.ts'

/** The terminal that is drawn on. */
export type Screen = Pick<NodeJS.WriteStream, 'write' | 'rows' | 'columns'>

/** Milliseconds between two looks. */
const interval = 2000

/** xterm's private modes (ctlseqs, DECSET 1049 and 25): the alternate screen, the cursor. */
const enter = '\x1b[?1049h\x1b[?25l'
const leave = '\x1b[?25h\x1b[?1049l'
/** ECMA-48 CUP and ED: the upper left corner, then everything behind it goes. */
const restart = '\x1b[H\x1b[J'

/** What fits on the screen; the last line says how much does not. */
export function fitScreen(text: string, { rows, columns }: Pick<Screen, 'rows' | 'columns'>): string {
  const lines = printable(text)
    .split('\n')
    .map((line) => (displayWidth(line) > columns ? truncate(line, columns) : line))
  if (lines.length <= rows) return lines.join('\n')
  return [...lines.slice(0, rows - 1), `... ${lines.length - rows + 1} more lines`].join('\n')
}

async function pause({ host, signal }: Pick<OperationContext, 'host' | 'signal'>): Promise<void> {
  try {
    await host.clock.sleep(interval, signal)
  } catch (error) {
    if (!signal.aborted) throw error
  }
}

/** Looks until the person interrupts, and returns what was seen last. An `input` fault where nobody could interrupt. */
export async function watch<T>(
  context: Pick<OperationContext, 'host' | 'signal' | 'interactive' | 'passthrough'>,
  screen: Screen,
  look: () => Promise<T>,
  draw: (seen: T) => string,
): Promise<T> {
  if (!context.interactive || !context.passthrough)
    throw new Fault('input', '--watch needs a terminal', { hint: 'leave --watch out, or what takes its output' })
  let seen = await look()
  screen.write(enter)
  try {
    while (!context.signal.aborted) {
      const title = `${context.host.clock.now().toISOString().slice(11, 19)} UTC, every ${interval / 1000} s, ctrl-c ends\n\n`
      screen.write(restart + fitScreen(title + draw(seen), screen))
      await pause(context)
      if (!context.signal.aborted) seen = await look()
    }
  } finally {
    screen.write(leave)
  }
  return seen
}
