/** What a module asks of the core, of routing and of an appliance. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { RouterConfig, type RouterConfigInput } from '../config/model.ts'
import { steerings } from '../dataplane/vpp/boot/exec-steering.ts'
import { readDefinition } from './definition.ts'
import { moduleInstances } from './instances.ts'

const scrubber = readDefinition(
  `
name: scrubber
topology:
  connections: [{ name: internal }, { name: external, create_lcp: true }]
plugins: [acl_plugin.so]
disable_plugins: [ping_plugin.so]
cpu: { min_cores: 1, ideal_cores: 3 }
memory: { heap: 512 }
config_schema:
  source_interfaces: { type: array, item_schema: { type: string } }
  pools: { type: array, item_schema: { type: string, format: ipv4_cidr } }
  bypass_pairs:
    type: array
    item_schema: { type: object, properties: { source: { format: ipv4_cidr }, destination: { format: ipv4_cidr } } }
abf: { match: source, exclude: [container_network, bypass_pairs], address_families: [ipv4, ipv6] }
routing: { advertise: [{ config_field: pools, via_connection: external }] }
vpp_commands: |
  show version
`,
  'scrubber.yaml',
)

function router(settings: Readonly<Record<string, unknown>>, more: Partial<RouterConfigInput> = {}): RouterConfig {
  return RouterConfig.parse({
    schema: 'imp.router',
    version: 1,
    hostname: 'r1',
    dataplane: 'vpp',
    interfaces: [
      { name: 'wan', role: 'external', addresses: ['198.51.100.2/30'] },
      { name: 'lan', role: 'internal', addresses: ['10.0.0.1/24', '2001:db8:1::1/64'] },
      { name: 'dmz', role: 'internal', addresses: ['10.1.0.1/24'] },
    ],
    container: { network: '10.2.0.0/24' },
    modules: [{ name: 'scrubber', config: settings }],
    ...more,
  })
}

function steered(config: RouterConfig): readonly unknown[] {
  return steerings(config, moduleInstances(config, [scrubber])).map((each) => ({
    to: each.via,
    by: each.interfaces,
    container: each.container,
    rules: each.rules.map(({ action, from, to }) => `${action} ${from} ${to}`),
  }))
}

suite('a module as a process of VPP', () => {
  test('has the plugins, cores and memory of its definition', () => {
    const [instance] = moduleInstances(router({}), [scrubber])
    assert.deepEqual(
      [instance?.path, instance?.plugins, instance?.withoutPlugins, instance?.cores, instance?.heap],
      ['modules[0]', ['acl'], ['ping'], { minimum: 1, ideal: 3 }, 512],
    )
  })

  test('gets the packets of the interfaces that it names, and nothing that stays inside or is excluded', () => {
    const pairs = [{ source: '10.0.0.0/25', destination: '192.0.2.0/24' }]
    const [four, six] = steered(router({ source_interfaces: ['lan'], bypass_pairs: pairs }))
    assert.deepEqual(four, {
      to: '169.254.1.13 memif5/0',
      by: ['lan'],
      container: false,
      rules: [
        'deny 0.0.0.0/0 198.51.100.2/32',
        'deny 0.0.0.0/0 10.0.0.0/24',
        'deny 0.0.0.0/0 10.1.0.0/24',
        'deny 0.0.0.0/0 10.2.0.0/24',
        'deny 10.0.0.0/25 192.0.2.0/24',
        'permit 10.0.0.0/24 0.0.0.0/0',
      ],
    })
    assert.deepEqual(six, {
      to: 'fd69:6d70:6c6b::d memif5/0',
      by: ['lan'],
      container: false,
      rules: ['deny ::/0 2001:db8:1::/64', 'permit 2001:db8:1::/64 ::/0'],
    })
  })

  test('gets those of all internal interfaces unless it names some', () => {
    const [four] = steered(router({})) as { by: string[]; rules: string[] }[]
    assert.deepEqual(four?.by, ['lan', 'dmz'])
    assert.deepEqual(
      four.rules.filter((rule) => rule.startsWith('permit')),
      ['permit 10.0.0.0/24 0.0.0.0/0', 'permit 10.1.0.0/24 0.0.0.0/0'],
    )
  })

  test('tells routing each prefix behind it once', () => {
    const [instance] = moduleInstances(router({ pools: ['203.0.113.0/28', '203.0.113.0/28'] }), [scrubber])
    assert.deepEqual(instance?.routes, [{ prefix: '203.0.113.0/28', connection: 'external' }])
  })

  test('is none while it is switched off, not installed, or not right', () => {
    assert.deepEqual(moduleInstances(router({}, { modules: [{ name: 'scrubber', enabled: false }] }), [scrubber]), [])
    assert.deepEqual(moduleInstances(router({}), []), [])
    const odd = { ...scrubber, definition: { ...scrubber.definition, vpp_commands: '{{ config.nothing }}' } }
    assert.deepEqual(moduleInstances(router({}), [odd]), [])
  })
})
