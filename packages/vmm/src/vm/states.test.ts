import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Run } from './model.ts'
import { judge } from './states.ts'

const run: Run = {
  phase: 'running',
  engine: 'qemu',
  accelerator: 'tcg',
  kernel: 'debian',
  started: '2026-01-01T00:00:00.000Z',
  bootId: 'now',
}
const evidence = { run, alive: false, bootId: 'now', lastWords: '' }

const table: readonly (readonly [title: string, evidence: Parameters<typeof judge>[0], state: string])[] = [
  ['never started', { ...evidence, run: undefined }, 'created'],
  ['alive', { ...evidence, alive: true }, 'running'],
  ['alive while it is started', { ...evidence, run: { ...run, phase: 'starting' }, alive: true }, 'starting'],
  ['alive while it is stopped', { ...evidence, run: { ...run, phase: 'stopping' }, alive: true }, 'stopping'],
  ['alive although its start failed', { ...evidence, run: { ...run, phase: 'error' }, alive: true }, 'running'],
  ['dead in its start', { ...evidence, run: { ...run, phase: 'starting' } }, 'error'],
  ['dead after its guest powered off', { ...evidence, lastWords: '[ 9.1] reboot: Power down' }, 'stopped'],
  ['dead after its guest rebooted', { ...evidence, lastWords: '[ 9.1] reboot: Restarting system\n' }, 'stopped'],
  ['dead without a word', evidence, 'error'],
  ['dead since this computer was restarted', { ...evidence, bootId: 'later' }, 'stopped'],
  ['dead in its stop', { ...evidence, run: { ...run, phase: 'stopping' } }, 'stopped'],
  ['stopped', { ...evidence, run: { ...run, phase: 'stopped' } }, 'stopped'],
]

for (const [title, given, state] of table) {
  test(`a machine that is ${title} is in state ${state}`, () => {
    assert.equal(judge(given).state, state)
  })
}

test('the reason of a failed start is told', () => {
  assert.deepEqual(judge({ ...evidence, run: { ...run, phase: 'error', reason: 'no space left' } }), {
    state: 'error',
    reason: 'no space left',
  })
})
