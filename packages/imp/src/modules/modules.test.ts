import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { Fault } from '@imp/kit/base/fault.ts'
import { RouterConfig, type RouterConfigInput } from '../config/model.ts'
import { instanceLines } from '../dataplane/vpp/boot/exec-beside.ts'
import { checkModuleSettings, fillModules } from './check.ts'
import { inspectDefinition, readDefinition } from './definition.ts'
import { valuesAt } from './fields.ts'
import { moduleInstances } from './instances.ts'
import type { InstalledModule } from './model.ts'
import { renderTemplate } from './template.ts'
import { planTopology } from './topology.ts'

const example = (name: string): InstalledModule =>
  readDefinition(readFileSync(join(import.meta.dirname, 'examples', `${name}.yaml`), 'utf8'), `${name}.yaml`)
const installed = ['nat', 'nat64'].map(example)

function router(modules: RouterConfigInput['modules'], more: Partial<RouterConfigInput> = {}): RouterConfig {
  const interfaces = [{ name: 'wan', role: 'external' as const, addresses: ['198.51.100.2/30'] }]
  return RouterConfig.parse({
    schema: 'imp.router',
    version: 1,
    hostname: 'r1',
    dataplane: 'vpp',
    interfaces,
    modules,
    ...more,
  })
}

function linesOf(modules: RouterConfigInput['modules']): string[][] {
  const config = fillModules(router(modules), installed)
  assert.deepEqual(checkModuleSettings(config, installed), [])
  return moduleInstances(config, installed).map(instanceLines)
}

const minimal = `
name: probe
topology: { connections: [{ name: internal }] }
vpp_commands: |
  show version
`

test('the examples give the commands that VPP takes', (t) => {
  const nat = { name: 'nat', config: { mappings: [{ source_network: '10.0.0.0/24', nat_pool: '203.0.113.0/30' }] } }
  const nat64 = { name: 'nat64', config: { pool: '203.0.113.64/30' } }
  t.assert.fileSnapshot(linesOf([nat, nat64]), join(import.meta.dirname, 'golden', 'examples.txt'), {
    serializers: [(all) => (all as string[][]).map((lines) => `${lines.join('\n')}\n`).join('\n')],
  })
})

test('links of modules begin behind those of the built-in NAT, and no two are the same', () => {
  const config = router([{ name: 'nat' }, { name: 'nat64' }])
  const links = planTopology(config, installed).flatMap(({ definition, links: own }) =>
    own.map((each) => ({ ...each, module: definition.name })),
  )
  assert.deepEqual(
    links.map((link) => [link.module, link.connection, link.interface, link.core, link.far, link.twin ?? '']),
    [
      ['nat', 'internal', 'memif5/0', '169.254.1.12', '169.254.1.13', ''],
      ['nat', 'external', 'memif6/0', '169.254.1.14', '169.254.1.15', 'memif6'],
      ['nat64', 'internal', 'memif7/0', '169.254.1.16', '169.254.1.17', ''],
      ['nat64', 'external', 'memif8/0', '169.254.1.18', '169.254.1.19', 'memif8'],
    ],
  )
})

test('a module that is switched off has no links, and those of the others stay what they are', () => {
  assert.deepEqual(planTopology(router([{ name: 'nat', enabled: false }]), installed), [])
  const both = planTopology(router([{ name: 'nat' }, { name: 'nat64' }]), installed)
  assert.deepEqual(planTopology(router([{ name: 'nat', enabled: false }, { name: 'nat64' }]), installed), both.slice(1))
})

test('prefixes that a module announces are found in fields and in lists', () => {
  assert.deepEqual(valuesAt({ pool: '203.0.113.0/24' }, 'pool'), ['203.0.113.0/24'])
  assert.deepEqual(valuesAt({ mappings: [{ nat_pool: 'a' }, { nat_pool: 'b' }] }, 'mappings[].nat_pool'), ['a', 'b'])
  assert.deepEqual(valuesAt({ pool: null }, 'pool'), [])
})

describe('a definition that is not right is told with its line', () => {
  const cases: readonly (readonly [string, string, RegExp])[] = [
    ['an unknown key', `${minimal}colour: red\n`, /^m.yaml:6 colour unknown key/],
    ['a name that is the dataplane', minimal.replace('probe', 'core'), /^m.yaml:2 name is the name of the dataplane/],
    ['a connection twice', minimal.replace('[{ name: internal }]', '[{ name: a }, { name: a }]'), /two connections named a/],
    ['a list without items', `${minimal}config_schema:\n  list: { type: array }\n`, /^m.yaml:7 config_schema.list needs item_schema/],
    [
      'steering over a missing connection',
      `${minimal}abf: { via_connection: outside }\n`,
      /names the connection outside, which is not there/,
    ],
    [
      'a way that routing cannot see',
      `${minimal}config_schema: { pool: {} }\nrouting: { advertise: [{ config_field: pool, via_connection: internal }] }\n`,
      /names internal, which routing cannot see/,
    ],
    ['a command on a missing field', `${minimal}commands: [{ path: a, action: set_value, target: b }]\n`, /names the field b/],
    ['a broken template', minimal.replace('show version', '{% if %}'), /line 1 of the template: syntax error/],
    ['an unknown filter', minimal.replace('show version', '{{ name | shell }}'), /unknown filter/],
    ['no YAML', 'name: [', /^m.yaml:1 /],
    ['a tab', 'name:\n\t- a', /^m.yaml:2 /],
    ['a key twice', `${minimal}name: other\n`, /^m.yaml:6 Map keys must be unique/],
    ['no module', '[]', /^m.yaml:1 /],
  ]
  for (const [what, text, words] of cases) {
    test(what, () => {
      const { definition, findings } = inspectDefinition(text, 'm.yaml')
      const told = findings.map(({ path, message }) => `${path} ${message}`).join('\n')
      // An unknown filter shows only when the template is rendered.
      if (what === 'an unknown filter') assert.throws(() => renderTemplate('{{ name | shell }}', { name: 'x' }, 'm'), words)
      else assert.match(told, words)
      if (what !== 'an unknown filter') assert.equal(definition, undefined)
    })
  }
})

describe('settings that are not right are told with their path', () => {
  const findings = (modules: RouterConfigInput['modules'], more: Partial<RouterConfigInput> = {}): string =>
    checkModuleSettings(router(modules, more), installed)
      .map(({ path, message, hint }) => `${path} ${message} (${hint})`)
      .join('\n')
  test('a module that is not installed', () =>
    assert.match(findings([{ name: 'ids' }]), /^modules\[0\].name is no installed module \(installed are nat, nat64\)/))
  test('a field that is missing', () => assert.match(findings([{ name: 'nat64' }]), /^modules\[0\].config.pool/))
  test('a field that is unknown', () =>
    assert.match(findings([{ name: 'nat64', config: { pool: '203.0.113.0/30', pol: 1 } }]), /^modules\[0\].config.pol unknown key/))
  test('a value in a list', () =>
    assert.match(
      findings([{ name: 'nat', config: { mappings: [{ source_network: '10.0.0.1/24', nat_pool: '203.0.113.0/30' }] } }]),
      /^modules\[0\].config.mappings\[0\].source_network/,
    ))
  test('the Linux dataplane', () => assert.match(findings([{ name: 'nat64' }], { dataplane: 'linux' }), /is a process of VPP/))
  test('a module with the name of what is built in', () => {
    const nat = { mappings: [{ inside: '10.0.0.0/24', outside: '203.0.113.0/30' }] }
    assert.match(findings([{ name: 'nat' }], { nat }), /^modules\[0\].name is the process of the built-in nat/)
  })
  test('an interface that is not there', () => {
    const config = { source_interfaces: ['lan'], mappings: [{ source_network: '10.0.0.0/24', nat_pool: '203.0.113.0/30' }] }
    assert.match(findings([{ name: 'nat', config }]), /^modules\[0\].config.source_interfaces\[0\] is no internal interface/)
  })
  test('nothing of a module that is switched off', () => assert.equal(findings([{ name: 'ids', enabled: false }]), ''))
})

describe('templates', () => {
  test('an undefined value is an error with its line', () => {
    assert.throws(() => renderTemplate('a\n{{ config.nothing }}', { config: {} }, 'm'), {
      message: 'm: line 2 of the template: undefined value',
    })
  })
  test('endless work ends', () => {
    assert.throws(
      () => renderTemplate('{% for a in range(9999) %}{% for b in range(9999) %}{{ a }}{% endfor %}{% endfor %}', {}, 'm'),
      /out of fuel/,
    )
  })
  test('no way leads out of the values', () => {
    for (const source of [
      '{{ "".constructor }}',
      '{{ range.constructor("return 1")() }}',
      '{% include "/etc/passwd" %}',
      '{{ config.__proto__.x }}',
    ]) {
      assert.throws(() => renderTemplate(source, { config: {} }, 'm'), Fault)
    }
  })
  test('words for another instance, or none, are refused', () => {
    const module = readDefinition(minimal.replace('show version', 'exec /tmp/x'), 'm.yaml')
    const config = router([{ name: 'probe' }])
    assert.match(checkModuleSettings(config, [module])[0]?.message ?? '', /gives a line that is not run: exec \/tmp\/x/)
  })
})

test('no text makes reading a definition throw', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.nat(minimal.length), (text, at) => {
      inspectDefinition(text, 'm.yaml')
      inspectDefinition(minimal.slice(0, at) + text + minimal.slice(at), 'm.yaml')
    }),
    { numRuns: 300 },
  )
})
