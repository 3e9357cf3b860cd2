import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { checkConfig } from './check.ts'
import { assertFound, changed, titleOf, type Case } from './sample.ts'

const cases: readonly Case[] = [
  { rule: 'a module twice', changes: { modules: [{ name: 'nat64' }, { name: 'nat64' }] }, path: 'modules[1].name', message: /has already/ },
  { rule: 'a core for two', changes: { cpu: { main: 3, workers: '2-5' } }, path: 'cpu.main', message: /worker as well/ },
  { rule: 'a core twice', changes: { cpu: { workers: '2-5,4' } }, path: 'cpu.workers', message: /twice/ },
  { rule: 'cores backwards', changes: { cpu: { workers: '5-2' } }, path: 'cpu.workers', message: /ends before/ },
]

suite('rules of modules and cores', () => {
  for (const each of cases) test(titleOf(each), () => assertFound(each))
})

test('a sound configuration has nothing but what is meant', () => {
  assert.deepEqual(
    checkConfig(changed({})).map(({ severity, path, message }) => [severity, path, message]),
    [['warning', 'nat.mappings[0].outside', 'leaves 31 ports to each host: 2048 share one address']],
  )
})

test('errors come before warnings, and all at once', () => {
  const findings = checkConfig(
    changed({
      cpu: { workers: '5-2' },
      modules: [
        { name: 'a', enabled: false },
        { name: 'a', enabled: false },
      ],
      routes: [],
    }),
  )
  assert.deepEqual(
    findings.map((finding) => finding.severity),
    ['error', 'error', 'warning'],
  )
})
