import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import type { Finding } from '../base/fault.ts'
import { displayWidth } from '../base/width.ts'
import { drawFindings } from './findings.ts'

const findings: Finding[] = [
  { path: 'interfaces[1].mtu', severity: 'error', message: 'is too big', value: '99999', hint: 'at most 9216' },
  { path: 'nat', severity: 'warning', message: 'few ports' },
]

test('a table where it fits', () => {
  assert.equal(
    drawFindings(findings, { width: 80, colour: false }),
    'error    interfaces[1].mtu  99999  is too big  at most 9216\nwarning  nat                       few ports',
  )
})

test('columns that nobody needs are left out', () => {
  assert.equal(
    drawFindings([{ path: '', severity: 'error', message: 'is empty' }], { width: 80, colour: false }),
    'error  (all of it)  is empty',
  )
})

test('one below the other where it does not', () => {
  const text = drawFindings([{ ...findings[0]!, message: 'is too big for the port that carries it' }], { width: 40, colour: false })
  assert.equal(text, 'error  interfaces[1].mtu = 99999\n    is too big for the port that carries\n    it\n    at most 9216')
  assert.ok(text.split('\n').every((line) => displayWidth(line) <= 40))
})

test('colours do not move columns, and texts from elsewhere do not steer the terminal', () => {
  const hostile = [...findings, { path: 'name', severity: 'error', message: 'is \u001b[2Jnot a name', value: '"\u0007"' } as const]
  const plain = drawFindings(hostile, { width: 80, colour: false })
  const coloured = drawFindings(hostile, { width: 80, colour: true })
  assert.doesNotMatch(plain, /[^\P{Cc}\n]/u)
  assert.equal(stripVTControlCharacters(coloured), plain)
})
