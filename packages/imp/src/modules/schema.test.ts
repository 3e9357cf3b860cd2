/** The fields of installed modules, where people meet the schema of the configuration. */
import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import type { RouterConfigInput } from '../config/model.ts'
import { pathsOf } from '../config/paths-complete.ts'
import { learnModules } from '../config/paths-schema.ts'
import { expectationAt, valuesAt } from '../config/paths-values.ts'
import { deleteAt, parsePath, setAt } from '../config/paths.ts'
import { routerJsonSchema } from '../config/schema.ts'
import { readDefinition } from './definition.ts'
import { configJsonSchema } from './fields.ts'

const { definition } = readDefinition(
  `
name: probe
topology: { connections: [{ name: internal }] }
config_schema:
  depth: { type: integer, description: how deep it looks, default: 3 }
  mode: { type: string, choices: [fast, careful], description: how it works }
  sources: { type: array, item_schema: { type: string } }
vpp_commands: |
  show version
`,
  'probe.yaml',
)

const document: RouterConfigInput = {
  schema: 'imp.router',
  version: 1,
  hostname: 'r',
  modules: [{ name: 'probe', config: { sources: ['lan'] } }, { name: 'other' }],
}

function set(path: string, ...words: string[]): unknown {
  return setAt(document, parsePath(path), words).modules
}

suite('fields of an installed module', () => {
  before(() => learnModules({ probe: configJsonSchema(definition) }))
  after(() => learnModules({}))

  test('are read as their types', () => {
    assert.deepEqual(set('modules.probe.config.depth', '5'), [{ name: 'probe', config: { sources: ['lan'], depth: 5 } }, { name: 'other' }])
    assert.deepEqual(set('modules[0].config.sources', 'lan', 'dmz'), [
      { name: 'probe', config: { sources: ['lan', 'dmz'] } },
      { name: 'other' },
    ])
    assert.deepEqual(deleteAt(document, parsePath('modules.probe.config.sources')).modules?.[0], { name: 'probe', config: {} })
  })

  test('are refused when the module has none of that name, or no such value', () => {
    assert.throws(() => set('modules.probe.config.deph', '5'), { message: 'there is no field "deph" in modules.probe.config' })
    assert.throws(() => set('modules.probe.config.mode', 'slow'), /one of: fast, careful/)
    assert.throws(() => set('modules.probe.config.depth', 'five'), /is not a number/)
  })

  test('are told and completed', () => {
    const paths = pathsOf(document)
    for (const field of ['depth', 'mode', 'sources']) assert.ok(paths.includes(`modules.probe.config.${field}`), field)
    assert.ok(!paths.includes('modules.other.config.depth'))
    assert.deepEqual(valuesAt(document, parsePath('modules.probe.config.mode')), ['fast', 'careful'])
    assert.match(expectationAt(parsePath('modules.probe.config.depth')) ?? '', /^how deep it looks .*default 3/)
  })

  test('of a module that is not installed are anything', () => {
    assert.deepEqual(set('modules.other.config.any', '5'), [
      { name: 'probe', config: { sources: ['lan'] } },
      { name: 'other', config: { any: 5 } },
    ])
  })
})

test('the JSON Schema of this installation has the fields of a module behind its name', () => {
  const text = JSON.stringify(routerJsonSchema({ probe: configJsonSchema(definition, 'draft-7') }))
  assert.match(text, /"if":\{"properties":\{"name":\{"const":"probe"\}\}/)
  assert.match(text, /"mode":\{[^}]*"enum":\["fast","careful"\]/)
  assert.doesNotMatch(text, /"depth":\{[^}]*null/)
  assert.ok(!JSON.stringify(routerJsonSchema()).includes('"probe"'))
})
