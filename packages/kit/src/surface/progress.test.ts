import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { OperationEvent } from '../base/events.ts'
import { displayWidth } from '../base/width.ts'
import { drawEvents, writeEvents } from './progress.ts'
import { fakeTerminal } from './sample.ts'

const started = (title: string): OperationEvent => ({ event: 'step', state: 'started', title })
const done = (title: string): OperationEvent => ({ event: 'step', state: 'done', title })
const failed = (title: string): OperationEvent => ({ event: 'step', state: 'failed', title })
const bytes = (title: string, amount: number, total?: number): OperationEvent => ({
  event: 'progress',
  title,
  done: amount,
  ...(total === undefined ? {} : { total }),
  unit: 'bytes',
})

/** The lines that stand on the screen after all that was written, following the two sequences that we use. */
function screen(written: string): string[] {
  const lines: string[] = ['']
  // oxlint-disable-next-line no-control-regex -- escape sequences are what is tested
  for (const [part] of written.matchAll(/\u001b\[\d+[AJ]|\n|[^\u001b\n]+/g)) {
    // oxlint-disable-next-line no-control-regex -- as above
    const up = /^\u001b\[(\d+)A$/.exec(part)
    if (up !== null) lines.splice(lines.length - 1 - Number(up[1]), Number(up[1]) + 1, '')
    else if (part === '\n') lines.push('')
    else if (part !== '\u001b[0J') lines[lines.length - 1] += part
  }
  return lines
}

describe('without a terminal', () => {
  test('one line for each finished step, none for the beginning', () => {
    const terminal = fakeTerminal()
    let now = 0
    const { report, close } = drawEvents(terminal, () => now)
    report(started('a'))
    report(started('b'))
    now = 1500
    report(done('a'))
    report(failed('b'))
    report({ event: 'log', level: 'warning', text: 'careful\u001b[2J' })
    close()
    assert.equal(terminal.stderr(), '✓ a  1.5 s\n✗ b  1.5 s\n! careful\n')
    assert.equal(terminal.stdout(), '')
  })
  test('progress at most every five seconds', () => {
    const terminal = fakeTerminal()
    let now = 0
    const { report } = drawEvents(terminal, () => now)
    for (now = 0; now <= 12_000; now += 100) report(bytes('pull', now, 20_000))
    assert.equal(terminal.stderr(), '  pull: 4.9 KiB of 19.5 KiB\n  pull: 9.8 KiB of 19.5 KiB\n')
  })
})

describe('on a terminal', () => {
  const live = { live: true, width: 60, height: 10 }
  test('finished steps stay, running ones are drawn again below them', () => {
    const terminal = fakeTerminal(live)
    const { report, close } = drawEvents(terminal, () => 0)
    report(started('a'))
    report(started('b'))
    assert.deepEqual(screen(terminal.stderr()), ['● a  0 ms', '● b  0 ms', ''])
    report(done('a'))
    assert.deepEqual(screen(terminal.stderr()), ['✓ a', '● b  0 ms', ''])
    report({ event: 'log', level: 'info', text: 'note' })
    assert.deepEqual(screen(terminal.stderr()), ['✓ a', '  note', '● b  0 ms', ''])
    close()
    assert.deepEqual(screen(terminal.stderr()), ['✓ a', '  note', ''])
  })
  test('progress of a running step is drawn in its line, and never beyond the width or height', () => {
    const terminal = fakeTerminal(live)
    const { report, close } = drawEvents(terminal, () => 0)
    const title = 'a very long title of a step that nobody could ever show in sixty columns 日本語'
    report(started(title))
    report(bytes(title, 50, 100))
    report(bytes('other\nline', 512))
    for (let i = 0; i < 20; i += 1) report(started(`step ${i}`))
    const lines = screen(terminal.stderr())
    assert.ok(lines.every((line) => displayWidth(line) < live.width))
    assert.ok(lines.length <= live.height)
    for (let i = 0; i < 20; i += 1) report(done(`step ${i}`))
    const text = screen(terminal.stderr()).join('\n')
    assert.match(text, /● a very.*… {2}█{10}░{10} {2}50% {2}50 B of 100 B/)
    assert.match(text, / {2}other line {2}512 B/)
    close()
    assert.equal(screen(terminal.stderr()).length, 21)
  })
})

test('for programs every event is one line of JSON', () => {
  const terminal = fakeTerminal()
  const { report } = writeEvents(terminal)
  const events = [started('a\nb'), bytes('x', 1, 2)]
  events.forEach(report)
  assert.deepEqual(
    terminal
      .stderr()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown),
    events,
  )
})

test('parts of a result go to standard output at once, for people and for programs', () => {
  const seen: OperationEvent = { event: 'seen', text: 'peer down', value: { peer: '192.0.2.1' } }
  for (const live of [true, false]) {
    const terminal = fakeTerminal({ live })
    drawEvents(terminal, () => 0).report(seen)
    assert.deepEqual([terminal.stdout(), terminal.stderr()], ['peer down\n', ''])
  }
  const terminal = fakeTerminal()
  writeEvents(terminal).report(seen)
  assert.deepEqual([terminal.stdout(), terminal.stderr()], ['{"peer":"192.0.2.1"}\n', ''])
})
