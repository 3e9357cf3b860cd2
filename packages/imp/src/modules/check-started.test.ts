import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RouterConfig } from '../config/model.ts'
import { checkStarted } from './check-started.ts'

function warnings(dataplane: 'linux' | 'vpp', enabled: boolean): string[] {
  const config = RouterConfig.parse({ schema: 'imp.router', version: 1, hostname: 'r1', dataplane, modules: [{ name: 'nat64', enabled }] })
  return checkStarted(config).map(({ severity, path, value, message }) => `${severity} ${path} ${value}: ${message}`)
}

test('an enabled module is never taken in silence', () => {
  assert.match(warnings('linux', true).join('\n'), /^warning modules\[0\]\.name nat64: is not started: .* the dataplane is linux$/)
  assert.match(warnings('vpp', true).join('\n'), /^warning modules\[0\]\.name nat64: is not started: /)
})

test('nothing is said of a module that is not enabled', () => {
  assert.deepEqual([warnings('linux', false), warnings('vpp', false)], [[], []])
})
