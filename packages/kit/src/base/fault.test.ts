import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { asFault, errnoOf, Fault, refuse, type FaultCode, type Finding } from './fault.ts'

describe('codes decide exit status, HTTP status and whether to try again', () => {
  const table: [FaultCode, number, number, boolean][] = [
    ['failed', 1, 409, false],
    ['input', 2, 422, false],
    ['not-found', 3, 404, false],
    ['conflict', 4, 409, false],
    ['state', 5, 409, false],
    ['busy', 6, 423, true],
    ['denied', 7, 403, false],
    ['missing-program', 8, 501, false],
    ['exec', 9, 502, true],
    ['timeout', 10, 504, true],
    ['unsupported', 11, 501, false],
    ['bug', 70, 500, false],
  ]
  for (const [code, exit, http, retry] of table)
    test(code, () => {
      const fault = new Fault(code, 'x')
      assert.deepEqual([fault.exitStatus, fault.httpStatus, fault.retryable], [exit, http, retry])
    })
})

test('JSON has what there is and nothing else', () => {
  assert.deepEqual(new Fault('busy', 'm').toJSON(), { code: 'busy', message: 'm' })
  const finding: Finding = { path: 'a', severity: 'error', message: 'b' }
  const full = new Fault('input', 'm', { hint: 'h', detail: 'd', findings: [finding], cause: new Error('secret') })
  assert.deepEqual(full.toJSON(), { code: 'input', message: 'm', hint: 'h', detail: 'd', findings: [finding] })
})

test('asFault keeps faults and wraps everything else as a bug', () => {
  const fault = new Fault('state', 'x')
  assert.equal(asFault(fault), fault)
  const error = new TypeError('broken')
  assert.equal(asFault(error).code, 'bug')
  assert.equal(asFault(error).message, 'broken')
  assert.equal(asFault(error).cause, error)
  assert.equal(asFault('text').message, 'text')
})

test('errno codes', () => {
  assert.equal(errnoOf(Object.assign(new Error('x'), { code: 'ENOENT' })), 'ENOENT')
  assert.equal(errnoOf(Object.assign(new Error('x'), { code: 5 })), undefined)
  assert.equal(errnoOf('ENOENT'), undefined)
})

test('refuse throws all findings when one is an error, and passes warnings', () => {
  const warning: Finding = { path: 'a', severity: 'warning', message: 'w' }
  refuse('thing', [warning])
  const error: Finding = { path: 'b', severity: 'error', message: 'e' }
  assert.throws(() => refuse('thing', [warning, error]), { code: 'input', message: 'thing: 1 error', findings: [warning, error] })
  assert.throws(() => refuse('thing', [error, error]), { message: 'thing: 2 errors' })
})
