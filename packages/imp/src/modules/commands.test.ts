/** The words of a module for its settings. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { findCommand, obey, usageOf, type Outcome } from './commands.ts'
import { readDefinition } from './definition.ts'

const { definition } = readDefinition(
  `
name: probe
topology: { connections: [{ name: internal }] }
config_schema:
  mappings:
    type: array
    item_schema: { type: object, properties: { from: { format: ipv4_cidr }, to: { format: ipv4_cidr } } }
  sources: { type: array, item_schema: { type: string } }
  depth: { type: integer }
commands:
  - path: mappings/add
    action: array_append
    target: mappings
    params: [{ name: from, type: ipv4_cidr, prompt: Inside network }, { name: to, type: ipv4_cidr }]
  - { path: mappings/delete, action: array_remove, target: mappings, key: from, params: [{ name: from, type: ipv4_cidr }] }
  - { path: mappings/list, action: array_list, target: mappings, format: '{from} as {to}' }
  - { path: source/add, action: array_append, target: sources, params: [{ name: value }] }
  - { path: depth, action: set_value, target: depth, params: [{ name: value, type: integer }] }
  - { path: show, action: show }
vpp_commands: |
  show version
`,
  'probe.yaml',
)

const [first, second] = [
  { from: '10.0.0.0/24', to: '203.0.113.0/30' },
  { from: '10.1.0.0/24', to: '203.0.113.4/30' },
]

function say(words: string, settings: Readonly<Record<string, unknown>>): Outcome {
  return obey(definition, findCommand(definition, words.split(' ')), settings)
}

suite('commands of a module', () => {
  const cases: readonly (readonly [words: string, before: Record<string, unknown>, outcome: Outcome])[] = [
    ['mappings add 10.1.0.0/24 203.0.113.4/30', { mappings: [first] }, { settings: { mappings: [first, second] } }],
    ['mappings delete 10.0.0.0/24', { mappings: [first, second] }, { settings: { mappings: [second] } }],
    ['mappings list', { mappings: [first] }, { shown: ['10.0.0.0/24 as 203.0.113.0/30'] }],
    ['source add lan', {}, { settings: { sources: ['lan'] } }],
    ['depth 3', { depth: 1 }, { settings: { depth: 3 } }],
    ['show', { depth: 1 }, { shown: ['depth: 1'] }],
  ]
  for (const [words, before, outcome] of cases) test(words, () => assert.deepEqual(say(words, before), outcome))

  const refusals: readonly (readonly [words: string, before: Record<string, unknown>, message: RegExp])[] = [
    ['mappings add 10.0.0.0/24 203.0.113.8/30', { mappings: [first] }, /mappings has \["10\.0\.0\.0\/24"\] already/],
    ['mappings delete 10.9.0.0/24', { mappings: [first] }, /mappings has no \["10\.9\.0\.0\/24"\]/],
    ['mappings add 10.0.0.1/24 203.0.113.8/30', {}, /from/],
    ['mappings add 10.0.0.0/24', {}, /to is missing/],
    ['source add lan;quit', {}, /must be one word/],
    ['source add a b', {}, /too many words: source add VALUE/],
    ['depth deep', {}, /must be a whole number/],
    ['mapings add', {}, /has no command "mapings add"/],
  ]
  for (const [words, before, message] of refusals)
    test(`refuses ${words}`, () => {
      assert.throws(
        () => say(words, before),
        (error: Error & { detail?: string; findings?: readonly { path: string; message: string }[] }) => {
          const told = [error.message, error.detail, ...(error.findings ?? []).map((each) => `${each.path} ${each.message}`)].join('\n')
          assert.match(told, message)
          return true
        },
      )
    })

  test('are told with their parameters', () =>
    assert.equal(usageOf(findCommand(definition, ['source', 'add']).command), 'source add VALUE'))
})
