import assert from 'node:assert/strict'
import { test } from 'node:test'
import { styleFor } from './style.ts'

test('colours only where they are wanted', () => {
  assert.equal(styleFor(true)('red', 'x'), '\u001b[31mx\u001b[39m')
  assert.equal(styleFor(false)('red', 'x'), 'x')
})
