/** Draws what an operation reports. On a terminal the running steps stay at the bottom and are drawn again; elsewhere plain lines. */
import type { OperationEvent, Report } from '../base/events.ts'
import { styleFor, type Style } from '../base/style.ts'
import { formatBytes, formatDuration } from '../base/units.ts'
import { displayWidth, printable, truncate } from '../base/width.ts'
import type { Terminal } from './print.ts'

export interface Drawing {
  readonly report: Report
  /** Takes the running steps off the screen. */
  readonly close: () => void
}

type Progress = Extract<OperationEvent, { event: 'progress' }>

const redrawEvery = 100
/** Milliseconds between two lines about the same progress where nothing can be drawn again. */
const plainEvery = 5000
const barColumns = 20

/** A title as one line, so that the lines on the screen can be counted. */
function oneLine(title: string): string {
  return printable(title).replaceAll('\n', ' ')
}

function amount(progress: Progress): string {
  const show = (value: number): string => (progress.unit === 'bytes' ? formatBytes(value) : String(value))
  if (progress.total === undefined) return show(progress.done)
  return `${show(progress.done)} of ${show(progress.total)}`
}

function share(progress: Progress): number | undefined {
  if (progress.total === undefined || progress.total <= 0) return undefined
  return Math.min(1, Math.max(0, progress.done / progress.total))
}

function bar(progress: Progress): string {
  const part = share(progress)
  if (part === undefined) return ''
  const full = Math.round(part * barColumns)
  return `${'█'.repeat(full)}${'░'.repeat(barColumns - full)} ${String(Math.floor(part * 100)).padStart(3)}%  `
}

function isComplete(progress: Progress): boolean {
  return progress.total !== undefined && progress.done >= progress.total
}

/** One line of at most `columns`: the title gives way to what stands right of it. */
function fit(title: string, right: string, columns: number): string {
  return `${truncate(title, Math.max(8, columns - displayWidth(right) - 2))}  ${right}`
}

function finished(style: Style, event: Extract<OperationEvent, { event: 'step' }>, elapsed: number | undefined): string {
  const mark = event.state === 'done' ? style('green', '✓') : style('red', '✗')
  const took = elapsed === undefined || elapsed < 100 ? '' : style('dim', `  ${formatDuration(elapsed)}`)
  return `${mark} ${oneLine(event.title)}${took}`
}

function logged(style: Style, event: Extract<OperationEvent, { event: 'log' }>): string {
  return event.level === 'warning' ? `${style('yellow', '!')} ${printable(event.text)}` : `  ${printable(event.text)}`
}

/** Lines without anything that is drawn again: one per finished step, progress every few seconds. */
function drawPlain(terminal: Terminal, style: Style, now: () => number): Drawing {
  const running = new Map<string, number>()
  const told = new Map<string, number>()
  const tell = (event: Progress): void => {
    const last = told.get(event.title)
    if (last === undefined) return void told.set(event.title, now())
    if (now() - last < plainEvery) return
    told.set(event.title, now())
    terminal.err(`  ${oneLine(event.title)}: ${amount(event)}\n`)
  }
  const report: Report = (event) => {
    if (event.event === 'progress') return tell(event)
    if (event.event === 'log') return terminal.err(`${logged(style, event)}\n`)
    if (event.event === 'seen') return terminal.line(event.text)
    if (event.state === 'started') return void running.set(event.title, now())
    const since = running.get(event.title)
    running.delete(event.title)
    terminal.err(`${finished(style, event, since === undefined ? undefined : now() - since)}\n`)
  }
  return { report, close: () => undefined }
}

/** The lines that are drawn again: running steps, each with its progress, then progress that belongs to no step. */
function liveLines(
  style: Style,
  running: ReadonlyMap<string, number>,
  progress: ReadonlyMap<string, Progress>,
  now: number,
  columns: number,
): string[] {
  const steps = [...running].map(([title, since]) => {
    const known = progress.get(title)
    const right = known === undefined ? formatDuration(now - since) : `${bar(known)}${amount(known)}`
    return `${style('blue', '●')} ${fit(oneLine(title), right, columns - 2)}`
  })
  const others = [...progress.values()].filter((each) => !running.has(each.title))
  return [...steps, ...others.map((each) => `  ${fit(oneLine(each.title), `${bar(each)}${amount(each)}`, columns - 2)}`)]
}

function drawLive(terminal: Terminal, style: Style, now: () => number): Drawing {
  const running = new Map<string, number>()
  const progress = new Map<string, Progress>()
  let drawn = 0
  let timer: NodeJS.Timeout | undefined

  /** Writes lasting lines, with the living ones below them, in one go so that nothing flickers. */
  const draw = (lasting = ''): void => {
    const erase = drawn === 0 ? '' : `\x1b[${drawn}A\x1b[0J`
    const all = liveLines(style, running, progress, now(), Math.max(20, terminal.width - 1))
    const lines = all.slice(-Math.max(1, terminal.height - 2))
    drawn = lines.length
    terminal.err(erase + lasting + lines.map((line) => `${line}\n`).join(''))
  }
  const keepDrawing = (): void => {
    timer ??= setInterval(draw, redrawEvery).unref()
  }
  const step = (event: Extract<OperationEvent, { event: 'step' }>): void => {
    if (event.state === 'started') {
      running.set(event.title, now())
      keepDrawing()
      return draw()
    }
    const since = running.get(event.title)
    running.delete(event.title)
    progress.delete(event.title)
    draw(`${finished(style, event, since === undefined ? undefined : now() - since)}\n`)
  }
  return {
    report(event) {
      if (event.event === 'step') return step(event)
      if (event.event === 'log') return draw(`${logged(style, event)}\n`)
      if (event.event === 'seen') return terminal.line(event.text)
      if (isComplete(event)) progress.delete(event.title)
      else progress.set(event.title, event)
      keepDrawing()
    },
    close() {
      clearInterval(timer)
      timer = undefined
      running.clear()
      progress.clear()
      if (drawn > 0) draw()
    },
  }
}

/** Draws events on the terminal's standard error. `now` in milliseconds. */
export function drawEvents(terminal: Terminal, now: () => number): Drawing {
  const style = styleFor(terminal.colour.err)
  return terminal.live ? drawLive(terminal, style, now) : drawPlain(terminal, style, now)
}

/** Events as JSON lines on standard error, for programs; parts of the result on standard output. */
export function writeEvents(terminal: Terminal): Drawing {
  const report: Report = (event) => {
    if (event.event === 'seen') terminal.line(JSON.stringify(event.value))
    else terminal.err(`${JSON.stringify(event)}\n`)
  }
  return { report, close: () => undefined }
}
