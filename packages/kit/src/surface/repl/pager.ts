/** Shows a text that is longer than the screen page by page, as more(1) does: what was read stays on the terminal. */
import { displayWidth } from '../../base/width.ts'

/** The terminal that pages are shown on. */
export interface Screen {
  readonly width: number
  readonly height: number
  write(text: string): void
  /** The next key; undefined when the person ended the input. */
  key(): Promise<string | undefined>
}

/** Rows that a line takes where the terminal wraps it. */
function rowsOf(line: string, width: number): number {
  return Math.max(1, Math.ceil(displayWidth(line) / width))
}

/** How many of the lines fit into these rows, at least one. */
function fitting(lines: readonly string[], rows: number, width: number): number {
  let used = 0
  const wrong = lines.findIndex((line) => (used += rowsOf(line, width)) > rows)
  return wrong < 0 ? lines.length : Math.max(1, wrong)
}

/** Whether a text needs pages on a screen, of which one row is left for the prompt. */
export function needsPages(text: string, { width, height }: Pick<Screen, 'width' | 'height'>): boolean {
  const lines = text.split('\n')
  return fitting(lines, height - 1, width) < lines.length
}

/** What a key asks for: a page, a line, the rest, or the end. Other keys ask for nothing. */
function stepOf(key: string | undefined, height: number): number | 'rest' | 'end' | undefined {
  if (key === undefined || key === 'q' || key === 'Q' || key === '\u0003' || key === '\u0004') return 'end'
  if (key === ' ' || key === 'f' || key === '\u001b[6~') return height - 1
  if (key === '\r' || key === '\n' || key === 'j' || key === '\u001b[B') return 1
  return key === 'G' || key === 'a' || key === '\u001b[F' ? 'rest' : undefined
}

/** DEC private sequences (ECMA-48 EL): back to the first column, and the line is empty. */
const erase = '\r\x1b[K'

async function nextStep(screen: Screen, shown: number, all: number): Promise<number | 'rest' | 'end'> {
  const percent = Math.floor((shown / all) * 100)
  const long = `-- more -- ${percent}% (space: page, Enter: line, G: rest, q: end)`
  screen.write(displayWidth(long) < screen.width ? long : '-- more --')
  let step = stepOf(await screen.key(), screen.height)
  while (step === undefined) step = stepOf(await screen.key(), screen.height)
  screen.write(erase)
  return step
}

/** Shows all of a text, or as much of it as the person wants to see. */
export async function showPages(text: string, screen: Screen): Promise<void> {
  const lines = text.split('\n')
  let shown = 0
  let rows = screen.height - 1
  for (;;) {
    const amount = fitting(lines.slice(shown), rows, screen.width)
    screen.write(`${lines.slice(shown, shown + amount).join('\n')}\n`)
    shown += amount
    if (shown >= lines.length) return
    const step = await nextStep(screen, shown, lines.length)
    if (step === 'end') return
    rows = step === 'rest' ? Number.POSITIVE_INFINITY : step
  }
}
