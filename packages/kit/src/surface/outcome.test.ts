import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fault, type Finding } from '../base/fault.ts'
import type { Step } from '../plan/step.ts'
import { drawAnswer, drawFault, drawPlan, faultJson, interruptedFault } from './outcome.ts'
import { operations } from './sample.ts'

const options = { width: 80, colour: false, program: 'sample', debug: false }

test('a fault: message, the words of the program, findings, hint', () => {
  const findings: Finding[] = [{ path: 'nat.mappings[0]', severity: 'error', message: 'overlaps', value: '"10.0.0.0/8"', hint: 'split it' }]
  const fault = new Fault('input', 'router.json: 1 error', { detail: 'line 1\nline 2', findings, hint: 'see imp schema' })
  assert.equal(
    drawFault(fault, options),
    'sample: router.json: 1 error\n  line 1\n  line 2\n  error  nat.mappings[0]  "10.0.0.0/8"  overlaps  split it\nhint: see imp schema',
  )
})

test('what is not a fault is a bug: short, with its stack only when asked for', () => {
  const error = new TypeError('x is not a function')
  assert.equal(
    drawFault(error, options),
    'sample: internal error: x is not a function\nhint: this is a bug; run it again with --debug to see where',
  )
  assert.match(drawFault(error, { ...options, debug: true }), /outcome\.test\.ts/)
})

test('words from elsewhere do not steer the terminal', () => {
  const fault = new Fault('exec', 'a\u001b[2Jb', { detail: '\u001b]0;title\u0007c', hint: 'd\u009be' })
  assert.doesNotMatch(drawFault(fault, options), /[^\P{Cc}\n]/u)
})

test('a plan shows how much each step disturbs', () => {
  const step = (summary: string, disruption: Step['disruption']): Step => ({ kind: 'x', summary, disruption, data: null })
  assert.equal(drawPlan([], options), 'dry run: nothing to do')
  assert.equal(
    drawPlan([step('add address', 'none'), step('restart bgpd', 'restart')], options),
    'dry run: 2 steps, nothing was changed\n    add address\n  ! restart bgpd  (restart)',
  )
})

test('answers: a view for people, the output for programs, JSON where there is no view', () => {
  const result = { answer: 'result', value: { name: 'web1', cpus: 2 } } as const
  assert.equal(drawAnswer(operations.create, result, false, options), 'created web1 with 2 cpus')
  assert.deepEqual(JSON.parse(drawAnswer(operations.create, result, true, options)), result.value)
  assert.deepEqual(JSON.parse(drawAnswer(operations.remove, { answer: 'result', value: { deleted: [] } }, false, options)), { deleted: [] })
  const plan = { answer: 'plan', steps: [] } as const
  assert.deepEqual(JSON.parse(drawAnswer(operations.create, plan, true, options)), { dryRun: true, steps: [] })
})

test('faults for programs', () => {
  assert.deepEqual(JSON.parse(faultJson(new Fault('busy', 'x', { hint: 'y' }))), { error: { code: 'busy', message: 'x', hint: 'y' } })
  assert.deepEqual(JSON.parse(faultJson(new Error('z'))), { error: { code: 'bug', message: 'z' } })
})

test('an interruption keeps what went wrong on the way out', () => {
  const controller = new AbortController()
  controller.abort()
  assert.equal(interruptedFault(controller.signal.reason).detail, undefined)
  assert.equal(interruptedFault(new Fault('state', 'could not be undone')).detail, 'could not be undone')
})
