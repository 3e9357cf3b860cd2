import assert from 'node:assert/strict'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { instanceLines } from './boot/exec-beside.ts'
import { steeringCommands } from './boot/exec-steering.ts'
import { onLinks, routerFor } from './fake/fake-router.ts'
import { nat64Instances } from './nat64.ts'
import { goldenConfig, hardwareFor } from './sample.ts'
import { renderStartup } from './boot/startup.ts'
import { planMessages } from './live/plan.ts'
import { nothing } from './desired.ts'
import { renderVpp } from './render.ts'

const config = goldenConfig('nat64', 'vpp')
const instances = nat64Instances(config)

function golden(name: string): readonly [string, { serializers: ((value: string) => string)[] }] {
  return [join(import.meta.dirname, 'boot', 'golden', 'nat64', name), { serializers: [(value: string) => value] }]
}

suite('NAT64 as a process of VPP', () => {
  test('starts with its plugin and the memory for its pool', (t) => {
    t.assert.fileSnapshot(renderStartup(config, hardwareFor(config), instances).beside.get('nat64') ?? '', ...golden('startup-nat64.conf'))
  })

  test('has commands for an operator, and the core leads the prefix to it, without what must not be translated', (t) => {
    const lines = [...instances.flatMap(instanceLines), '# in the core', ...steeringCommands(config, instances)]
    t.assert.fileSnapshot(`${lines.join('\n')}\n`, ...golden('commands-nat64.txt'))
  })

  test('is told in an order that VPP takes: switched on, sides, then prefix and pool', () => {
    const things = renderVpp(config, instances).beside['nat64']?.things ?? nothing
    const told = planMessages(nothing, things)
      .flat()
      .map(({ message }) => message)
    const places = ['nat64_plugin_enable_disable', 'nat64_add_del_interface', 'nat64_add_del_prefix', 'nat64_set_timeouts'].map((name) =>
      told.indexOf(name),
    )
    assert.deepEqual(
      places,
      places.toSorted((a, b) => a - b),
    )
    assert.equal(told.filter((name) => name === 'nat64_add_del_pool_addr_range').length, 8)
  })

  test('takes another prefix by taking the old one away first: VPP has one at a time', () => {
    const have = { ...nothing, services: { nat64: {} }, prefixes: { '64:ff9b::/96': {} } }
    const want = { ...have, prefixes: { '2001:db8:64::/96': {} } }
    const told = planMessages(have, want).flat()
    assert.deepEqual(
      told.map(({ fields }) => [fields['prefix'], fields['is_add']]),
      [
        ['64:ff9b::/96', false],
        ['2001:db8:64::/96', true],
      ],
    )
  })

  test('changes by the messages that differ, and one for another timeout', async (t) => {
    const first = onLinks(config)
    const router = await routerFor(t, first)
    await router.apply(first)
    router.sent()
    const nat64 = first.nat64 ?? assert.fail('it is there')
    const timeouts = { udp: 120, tcpEstablished: 7440, tcpTransitory: 240, icmp: 60 }
    await router.apply({ ...first, nat64: { ...nat64, timeouts } })
    assert.deepEqual(router.sent(), ['nat64_set_timeouts'])
    await router.apply({ ...first, nat64: { ...nat64, timeouts, pool: '203.0.113.64/30' } })
    assert.deepEqual(
      router.sent(),
      Array.from({ length: 4 }, () => 'nat64_add_del_pool_addr_range'),
    )
  })

  test('says at once which plugin a VPP lacks', async (t) => {
    const first = onLinks(config)
    const plugins = new Set([
      'af_packet_plugin.so',
      'memif_plugin.so',
      'linux_cp_plugin.so',
      'acl_plugin.so',
      'abf_plugin.so',
      'det44_plugin.so',
    ])
    const router = await routerFor(t, first, { plugins })
    await assert.rejects(router.plan(first), {
      code: 'unsupported',
      message: /VPP \(nat64\) cannot be configured: it lacks nat64_plugin\.so/,
    })
  })
})
