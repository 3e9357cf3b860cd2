import assert from 'node:assert/strict'
import { test } from 'node:test'
import { splitGlobals, type Globals } from './globals.ts'

const on = (globals: Globals): string[] => Object.entries(globals).flatMap(([key, value]) => (value === true ? [key] : []))

test('global flags may stand anywhere before --', () => {
  const table: [string[], string[], string[]][] = [
    [['create', 'web1'], [], ['create', 'web1']],
    [
      ['--json', 'create', '-y', 'web1', '--dry-run'],
      ['json', 'dryRun', 'yes'],
      ['create', 'web1'],
    ],
    [['exec', 'web1', '--', 'ls', '--help'], [], ['exec', 'web1', '--', 'ls', '--help']],
    [['--no-color', '--no-colour', '--debug', '-h'], ['help', 'debug', 'noColour'], []],
    [['create', '--dns=--json'], [], ['create', '--dns=--json']],
    [['--version'], [], ['--version']],
  ]
  for (const [argv, globals, words] of table) {
    const split = splitGlobals(argv)
    assert.deepEqual(on(split.globals).toSorted(), globals.toSorted())
    assert.deepEqual(split.words, words)
  }
})
