/** The driver over two fake processes: what it sends for a change, what it refuses, and what it leaves alone. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Fault } from '@imp/kit/base/fault.ts'
import type { RouterConfig } from '../../config/model.ts'
import { changed } from '../../config/sample.ts'
import { onLinks, routerFor } from './fake/fake-router.ts'
import { vppDataplane } from './driver.ts'
import { renderVpp } from './render.ts'
import { goldenConfig } from './sample.ts'

const small = onLinks(
  changed({
    bridges: [],
    crossConnects: [],
    policyRoutes: [],
    container: undefined,
    interfaces: [
      { name: 'wan', role: 'external', addresses: ['198.51.100.2/30'] },
      {
        name: 'lan',
        role: 'internal',
        addresses: ['192.168.0.1/24', '2001:db8:10::1/64'],
        subinterfaces: [{ vlan: 40, addresses: ['192.168.40.1/24'] }],
      },
    ],
    nat: { mappings: [{ inside: '192.168.0.0/24', outside: '203.0.113.96/30' }] },
  }),
)
const [wan, lan] = small.interfaces
assert.ok(wan && lan && small.nat)
const withLan = (changes: Partial<typeof lan>): RouterConfig => ({ ...small, interfaces: [wan, { ...lan, ...changes }] })
const nat = small.nat
const oneLine: readonly (readonly [what: string, config: RouterConfig, ...messages: string[]])[] = [
  ['an address more', withLan({ addresses: [...lan.addresses, '192.168.9.1/24'] }), 'sw_interface_add_del_address', 'acl_add_replace'],
  ['an IPv6 address more', withLan({ addresses: [...lan.addresses, '2001:db8:10::2/64'] }), 'sw_interface_add_del_address'],
  ['an MTU', withLan({ mtu: 9000 }), 'sw_interface_set_mtu', 'sw_interface_set_mtu'],
  ['a port off', { ...small, interfaces: [{ ...wan, enabled: false }, lan] }, 'sw_interface_set_flags'],
  ['a bypass', { ...small, nat: { ...nat, bypass: [{ source: '192.168.0.0/24', destination: '198.18.0.0/24' }] } }, 'acl_add_replace'],
  [
    'an interval of advertisements',
    withLan({ ra: { maximumInterval: 60, managed: false, other: false, preference: 'medium', prefixes: [], rdnss: [], dnssl: [] } }),
    'sw_interface_ip6nd_ra_config',
  ],
  ['a description', withLan({ description: 'offices' })],
]

suite('the VPP dataplane over fakes', () => {
  test('brings up everything, finds nothing left to do, and takes it back', async (t) => {
    const config = onLinks(goldenConfig('everything', 'vpp'))
    const router = await routerFor(t, config)
    const steps = await router.apply(config)
    assert.deepEqual(await router.plan(config), [])
    const there = await router.state()
    await router.undo(steps)
    await router.undo(steps)
    await router.do(steps)
    await router.do(steps)
    assert.deepEqual(await router.state(), there)
    assert.deepEqual([router.fake.core.deaths, router.fake.nat.deaths], [[], []])
  })

  for (const [what, config, ...messages] of oneLine) {
    test(`sends for ${what} ${messages.length === 0 ? 'nothing' : messages.join(' and ')}`, async (t) => {
      const router = await routerFor(t, small)
      await router.apply(small)
      router.sent()
      const steps = await router.plan(config)
      assert.equal(steps.length, messages.length === 0 ? 0 : 1)
      await router.do(steps)
      assert.deepEqual(router.sent().toSorted(), messages.toSorted())
      assert.deepEqual(await router.plan(config), [])
    })
  }

  test('asks while it changes one interface for the addresses of no other', async (t) => {
    const router = await routerFor(t, small)
    await router.apply(small)
    const steps = await router.plan(withLan({ mtu: 9000, addresses: [...lan.addresses, '2001:db8:10::2/64'] }))
    const { received, state } = router.fake.core
    received.splice(0)
    await router.do(steps)
    const asked = received.filter(({ message }) => message === 'ip_address_dump').map(({ fields }) => Number(fields['sw_if_index']))
    // Its VLAN stands on it and would come anew with it.
    assert.deepEqual(new Set(asked.map((index) => state.interfaces.get(index)?.name)), new Set(['lan', 'lan.40']))
  })

  test('asks for no IPv6 addresses where IPv6 is off, nor for those of the taps behind twins', async (t) => {
    const router = await routerFor(t, small)
    await router.apply(small)
    const { received, state } = router.fake.core
    received.splice(0)
    assert.deepEqual(await router.plan(small), [])
    const asked = received.filter(({ message }) => message === 'ip_address_dump')
    const questions = asked.map(
      ({ fields }) => `${state.interfaces.get(Number(fields['sw_if_index']))?.name} ${fields['is_ipv6'] === true}`,
    )
    const known = [...state.interfaces.values()].filter(({ name }) => !/^(tap|local)/.test(name))
    assert.deepEqual(questions.toSorted(), known.flatMap(({ name, ip6 }) => [`${name} false`, ...(ip6 ? [`${name} true`] : [])]).toSorted())
    assert.ok(known.some(({ ip6 }) => !ip6))
  })

  test('looks for carriers without asking for any address', async (t) => {
    const router = await routerFor(t, small)
    await router.apply(small)
    const { received, state } = router.fake.core
    for (const each of state.interfaces.values()) if (each.name === 'wan') each.up = false
    received.splice(0)
    assert.deepEqual(await vppDataplane.withoutCarrier(router.place, renderVpp(small)), ['wan'])
    assert.equal(received.filter(({ message }) => message === 'ip_address_dump').length, 0)
  })

  test('replaces what cannot be changed, with all that stands on it', async (t) => {
    const router = await routerFor(t, small)
    await router.apply(small)
    const other = { ...small, interfaces: [wan, { ...lan, nic: { name: 'incus-dataplane' } }] }
    const [step] = await router.apply(other)
    assert.match(step?.summary ?? '', /no longer steer/)
    assert.equal(step?.disruption, 'reload')
    assert.deepEqual(await router.plan(other), [])
    assert.deepEqual(router.fake.core.deaths, [])
  })

  test('names an interface that a crash left without its name', async (t) => {
    const router = await routerFor(t, small)
    const steps = await router.plan(small)
    await router.do(steps)
    for (const each of router.fake.core.state.interfaces.values()) if (each.name === 'wan') each.name = 'host-eth0'
    const left = await router.plan(small)
    assert.deepEqual(
      left.map((step) => step.summary),
      ['name it wan'],
    )
    await router.do(left)
    assert.deepEqual(await router.plan(small), [])
  })

  test('leaves alone what others made, and takes away what was ours', async (t) => {
    const router = await routerFor(t, small)
    const { state } = router.fake.core
    await router.apply(small)
    state.acls.set(9, { tag: 'by-hand', rules: [] })
    const less = withLan({ subinterfaces: [] })
    const [step] = await router.apply(less)
    assert.match(step?.summary ?? '', /remove lan\.40/)
    assert.deepEqual([...state.acls.values()].map(({ tag }) => tag).toSorted(), ['by-hand', 'imp:nat'])
  })

  test('starts the NAT process anew for a mapping that its memory does not hold', async (t) => {
    const router = await routerFor(t, small)
    await router.apply(small)
    const larger = { ...small, nat: { ...nat, mappings: [...nat.mappings, { inside: '10.0.0.0/17', outside: '203.0.113.128/25' }] } }
    const steps = await router.plan(larger)
    assert.deepEqual(
      steps.map(({ kind, disruption }) => [kind, disruption]),
      [
        ['vpp-restart', 'restart'],
        ['vpp', 'none'],
        ['vpp', 'none'],
      ],
    )
    assert.match(steps[0]?.summary ?? '', /start VPP \(nat\) anew with the memory for its mappings: 750 MiB more/)
    await assert.rejects(router.do(steps), /VPP \(nat\) has not the memory for its mappings: 756 MiB are needed/)
    assert.deepEqual(router.fake.nat.deaths, ['SIGTERM'])
  })

  test('says at plan time which plugin is missing, for which place of the configuration', async (t) => {
    const plugins = new Set(['af_packet_plugin.so', 'memif_plugin.so', 'linux_cp_plugin.so', 'acl_plugin.so', 'det44_plugin.so'])
    const router = await routerFor(t, small, { plugins })
    await assert.rejects(router.plan(small), (error: unknown) => {
      assert.ok(error instanceof Fault)
      assert.equal(error.code, 'unsupported')
      assert.match(error.message, /VPP \(core\) cannot be configured: it lacks abf_plugin\.so/)
      assert.ok(error.findings.some(({ path, message }) => path === 'nat' && /abf_policy_add_del is not served/.test(message)))
      return true
    })
    assert.deepEqual(router.sent(), [])
  })

  test('says that a process does not run, and what was refused, and leaves the old configuration in force', async (t) => {
    const router = await routerFor(t, small)
    await router.apply(small)
    const there = await router.state()
    const wanted = withLan({ addresses: [...lan.addresses, '10.5.0.1/24'] })
    const steps = await router.plan(wanted)
    // Somebody else takes the address between the plan and its first step.
    const other = [...router.fake.core.state.interfaces.values()].find(({ name }) => name === 'loop0')
    other?.addresses.push('10.5.0.9/24')
    await assert.rejects(router.do(steps), (error: unknown) => {
      assert.ok(error instanceof Fault)
      assert.match(error.message, /refused sw_interface_add_del_address \(add 10\.5\.0\.1\/24 to lan\): the address is in use \(-105\)/)
      assert.equal(error.findings[0]?.path, 'interfaces[1]')
      return true
    })
    await router.undo(steps)
    other?.addresses.pop()
    assert.deepEqual(await router.state(), there)
    await router.fake.core.close()
    await assert.rejects(router.plan(small), /VPP \(core\) does not run: nobody answers/)
  })
})
