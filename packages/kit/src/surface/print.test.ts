import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { wantsColour, withoutColour, type Environment } from './print.ts'
import { fakeTerminal } from './sample.ts'

describe('colours', () => {
  const table: [string, Environment, boolean, boolean][] = [
    ['on a terminal', { TERM: 'xterm' }, true, true],
    ['not into a pipe', { TERM: 'xterm' }, false, false],
    ['not on a dumb terminal', { TERM: 'dumb' }, true, false],
    ['not with NO_COLOR', { NO_COLOR: '1' }, true, false],
    ['an empty NO_COLOR says nothing', { NO_COLOR: '' }, true, true],
    ['forced into a pipe', { FORCE_COLOR: '1' }, false, true],
    ['forced off', { FORCE_COLOR: '0' }, true, false],
    ['force is stronger', { FORCE_COLOR: '1', NO_COLOR: '1' }, false, true],
  ]
  for (const [title, environment, isTerminal, expected] of table)
    test(title, () => assert.equal(wantsColour(environment, isTerminal), expected))
})

test('a terminal without colours is otherwise the same', () => {
  const terminal = fakeTerminal({ colour: { out: true, err: true }, width: 99 })
  const plain = withoutColour(terminal)
  plain.out('x')
  assert.deepEqual([plain.colour, plain.width, terminal.stdout()], [{ out: false, err: false }, 99, 'x\n'])
})
