/** The fake answers as the real VPP 25.06 was seen to answer: refusals, what it takes in silence, and what kills it. */
import assert from 'node:assert/strict'
import { suite, test, type TestContext } from 'node:test'
import type { VppClient } from '../api/client.ts'
import { numberAt } from '../api/fields.ts'
import type { Fields } from '../api/layout.ts'
import { clientFor, fakeAndClient } from './sample.ts'

const none = 0xffff_ffff

/** A VPP with two host interfaces, a loopback and a VLAN. */
async function prepared(t: TestContext) {
  const { vpp, client } = await fakeAndClient(t, {
    namespaces: new Set(['dataplane']),
    links: new Set(['eth0', 'eth1']),
    netns: 'dataplane',
  })
  const index = async (message: string, fields: Fields = {}): Promise<number> => numberAt(await client.call(message, fields), 'sw_if_index')
  const eth0 = await index('af_packet_create_v3', { host_if_name: 'eth0' })
  const eth1 = await index('af_packet_create_v3', { host_if_name: 'eth1' })
  const loop = await index('create_loopback_instance', { is_specified: true, user_instance: 5 })
  const vlan = await index('create_vlan_subif', { sw_if_index: eth0, vlan_id: 100 })
  return { vpp, client, index, eth0, eth1, loop, vlan }
}
type Prepared = Awaited<ReturnType<typeof prepared>>

async function retval(client: VppClient, message: string, fields: Fields): Promise<number> {
  return numberAt(await client.request(message, fields), 'retval')
}

const anyRule = {
  is_permit: 1,
  src_prefix: '10.0.0.0/8',
  dst_prefix: '0.0.0.0/0',
  srcport_or_icmptype_last: 65535,
  dstport_or_icmpcode_last: 65535,
}
const path = { sw_if_index: 1, proto: 0, weight: 1, nh: { address: { ip4: '192.0.2.1' } } }
const policy = (policy_id: number, acl_index: number, paths: Fields[] = [path]): Fields => ({
  is_add: true,
  policy: { policy_id, acl_index, paths },
})
const map = (inside: string, inLength: number, outside: string, outLength: number): Fields => ({
  is_add: true,
  in_addr: inside,
  in_plen: inLength,
  out_addr: outside,
  out_plen: outLength,
})

/** Calls that succeed first, then one that is answered with the return value. */
type Row = readonly [what: string, expected: number, ...calls: readonly (readonly [message: string, fields: (at: Prepared) => Fields])[]]

const address = (prefix: string, is_add = true) =>
  ['sw_interface_add_del_address', ({ loop }: Prepared) => ({ sw_if_index: loop, is_add, prefix })] as const
const bridge = (bd_id: number, is_add = true) =>
  ['bridge_domain_add_del_v2', () => ({ bd_id, is_add, learn: true, forward: true })] as const
const member = (port_type = 0) =>
  ['sw_interface_set_l2_bridge', ({ loop }: Prepared) => ({ rx_sw_if_index: loop, bd_id: 10, port_type })] as const
const pair = (of: 'eth0' | 'loop' | 'vlan', host_if_name: string, netns = '') =>
  ['lcp_itf_pair_add_del_v3', (at: Prepared) => ({ is_add: true, sw_if_index: at[of], host_if_name, netns })] as const
const socket = (socket_id: number, socket_filename: string, is_add = true) =>
  ['memif_socket_filename_add_del_v2', () => ({ is_add, socket_id, socket_filename })] as const
const memif = (id: number, socket_id: number, role = 0) => ['memif_create_v2', () => ({ id, socket_id, role })] as const
const acl = (acl_index = none, rule: Fields = anyRule) => ['acl_add_replace', () => ({ acl_index, r: [rule] })] as const
const attach = (policy_id: number, priority = 1, is_add = true) =>
  ['abf_itf_attach_add_del', ({ loop }: Prepared) => ({ is_add, attach: { policy_id, sw_if_index: loop, priority } })] as const
const ra = (fields: Fields) => ['sw_interface_ip6nd_ra_config', ({ loop }: Prepared) => ({ sw_if_index: loop, ...fields })] as const
const pool = (start_addr: string, end_addr: string) =>
  ['nat64_add_del_pool_addr_range', () => ({ is_add: true, start_addr, end_addr })] as const

const refused: readonly Row[] = [
  ['an address again', -105, address('10.0.0.1/24'), address('10.0.0.1/24')],
  [
    'an overlapping network',
    -105,
    address('10.0.0.1/24'),
    ['sw_interface_add_del_address', ({ vlan }) => ({ sw_if_index: vlan, is_add: true, prefix: '10.0.0.9/25' })],
  ],
  ['an address that is not there', -60, address('10.0.0.1/24', false)],
  ['a VLAN again', -56, ['create_vlan_subif', ({ eth0 }) => ({ sw_if_index: eth0, vlan_id: 100 })]],
  ['VLAN 0', -55, ['create_vlan_subif', ({ eth0 }) => ({ sw_if_index: eth0, vlan_id: 0 })]],
  ['VLAN 4096', -55, ['create_vlan_subif', ({ eth0 }) => ({ sw_if_index: eth0, vlan_id: 4096 })]],
  [
    'the same tag under another number',
    -1,
    ['create_subif', ({ eth0 }) => ({ sw_if_index: eth0, sub_id: 9, sub_if_flags: 18, outer_vlan_id: 100 })],
  ],
  ['a loopback again', -31, ['create_loopback_instance', () => ({ is_specified: true, user_instance: 5 })]],
  ['a bridge again', -119, bridge(10), bridge(10)],
  ['a bridge with members taken away', -120, bridge(10), member(), bridge(10, false)],
  [
    'a second routed interface of a bridge',
    -152,
    member(1),
    ['sw_interface_set_l2_bridge', ({ vlan }) => ({ rx_sw_if_index: vlan, bd_id: 10, port_type: 1 })],
  ],
  ['a tag rewrite without tags', -72, ['l2_interface_vlan_tag_rewrite', ({ loop }) => ({ sw_if_index: loop, vtr_op: 3 })]],
  ['a twin again', -81, pair('loop', 'lo5'), pair('loop', 'lo6')],
  ['a twin in no namespace', -12, pair('loop', 'lo5', 'nowhere')],
  ['a twin whose parent has none', -2, pair('vlan', 'eth0.100')],
  ['a twin with a slash in its name', -73, pair('loop', 'lan/5')],
  ['a twin that is not there', -2, ['lcp_itf_pair_add_del_v3', ({ loop }) => ({ sw_if_index: loop })]],
  ['rules of two families', -57, acl(none, { ...anyRule, dst_prefix: '::/0' })],
  ['a list that is not there replaced', -6, acl(7)],
  ['a list in use', -149, acl(), ['abf_policy_add_del', () => policy(1, 0)], attach(1), ['acl_del', () => ({ acl_index: 0 })]],
  ['an attachment again, with another priority', -116, acl(), ['abf_policy_add_del', () => policy(1, 0)], attach(1), attach(1, 2)],
  ['an attachment that is not there', -6, attach(1, 1, false)],
  ['a policy that is not there', -7, ['abf_policy_add_del', () => ({ ...policy(9, 0), is_add: false })]],
  [
    'a map again',
    -81,
    ['det44_add_del_map', () => map('10.0.0.0', 24, '192.0.2.0', 30)],
    ['det44_add_del_map', () => map('10.0.0.0', 24, '192.0.2.0', 30)],
  ],
  ['a map that is not there', -6, ['det44_add_del_map', () => ({ ...map('10.0.0.0', 24, '192.0.2.0', 30), is_add: false })]],
  [
    'a side of det44 again',
    -7,
    ['det44_interface_add_del_feature', ({ loop }) => ({ is_add: true, sw_if_index: loop })],
    ['det44_interface_add_del_feature', ({ loop }) => ({ is_add: true, sw_if_index: loop })],
  ],
  ['a prefix of NAT64 of a wrong length', -7, ['nat64_add_del_prefix', () => ({ is_add: true, prefix: '64:ff9b::/95' })]],
  ['an address of a pool again', -81, pool('192.0.2.1', '192.0.2.4'), pool('192.0.2.4', '192.0.2.4')],
  ['advertisements without IPv6', -62, ra({ max_interval: 30 })],
  ['intervals too near', -7, address('2001:db8::1/64'), ra({ max_interval: 30, min_interval: 29 })],
  ['a memif again', -68, socket(1, '/run/a'), memif(0, 1), memif(0, 1)],
  ['a memif on no socket', -73, memif(0, 9)],
  ['a socket in use taken away', -74, socket(1, '/run/a'), memif(0, 1), socket(1, '/run/a', false)],
  ['a link that Linux lacks', -71, ['af_packet_create_v3', () => ({ host_if_name: 'eth9' })]],
  ['a host interface again', -79, ['af_packet_create_v3', () => ({ host_if_name: 'eth0' })]],
  ['a sub-interface up before its parent', -74, ['sw_interface_set_flags', ({ vlan }) => ({ sw_if_index: vlan, flags: 1 })]],
]

const takenInSilence: readonly Row[] = [
  ['a name that is in use', 0, ['sw_interface_set_interface_name', ({ eth1 }) => ({ sw_if_index: eth1, name: 'host-eth0' })]],
  ['a twin with a name that another pair has', 0, pair('loop', 'same'), pair('eth0', 'same')],
  ['a policy of no list', 0, ['abf_policy_add_del', () => policy(1, 55)], attach(1)],
  [
    'two policies of one priority',
    0,
    ['abf_policy_add_del', () => policy(1, 0)],
    ['abf_policy_add_del', () => policy(2, 0)],
    attach(1),
    attach(2),
  ],
  [
    'overlapping maps',
    0,
    ['det44_add_del_map', () => map('10.0.0.0', 24, '192.0.2.0', 30)],
    ['det44_add_del_map', () => map('10.0.0.0', 25, '192.0.2.0', 30)],
  ],
  ['an address on a bridged interface', 0, member(), address('10.0.0.1/24')],
  ['a port of a bridge that was not made', 0, member()],
  ['a socket in no directory', 0, socket(1, '/nowhere/a')],
  [
    'a route that is not there taken away',
    0,
    ['ip_route_add_del', () => ({ is_add: false, route: { prefix: '10.0.0.0/8', paths: [path] } })],
  ],
  ['a lifetime that is not told to be one', 0, address('2001:db8::1/64'), ra({ max_interval: 30, lifetime: 90 })],
  [
    'the same prefix of NAT64 again',
    0,
    ['nat64_add_del_prefix', () => ({ is_add: true, prefix: '64:ff9b::/96' })],
    ['nat64_add_del_prefix', () => ({ is_add: true, prefix: '64:ff9b::/96' })],
  ],
]

const fatal: readonly (readonly [
  what: string,
  signal: string,
  ...calls: readonly (readonly [message: string, fields: (at: Prepared) => Fields])[],
])[] = [
  ['an attachment of no policy', 'SIGSEGV', attach(9)],
  [
    'looking at attachments of a policy that is gone',
    'SIGSEGV',
    ['abf_policy_add_del', () => policy(1, 0)],
    attach(1),
    ['abf_policy_add_del', () => ({ ...policy(1, 0), is_add: false })],
    ['abf_itf_attach_dump', () => ({})],
  ],
  ['an outside larger than the inside', 'SIGFPE', ['det44_add_del_map', () => map('10.0.0.0', 30, '192.0.2.0', 24)]],
  ['a map larger than the heap', 'SIGABRT', ['det44_add_del_map', () => map('10.0.0.0', 16, '192.0.2.0', 24)]],
  [
    'det44 off after a side was taken away',
    'SIGSEGV',
    ['det44_plugin_enable_disable', () => ({ enable: true })],
    ['det44_interface_add_del_feature', ({ loop }) => ({ is_add: true, sw_if_index: loop })],
    ['det44_interface_add_del_feature', ({ loop }) => ({ is_add: false, sw_if_index: loop })],
    ['det44_plugin_enable_disable', () => ({ enable: false })],
  ],
]

suite('a fake VPP', () => {
  for (const [what, expected, ...calls] of [...refused, ...takenInSilence]) {
    test(`${expected === 0 ? 'takes in silence' : 'refuses'} ${what}`, async (t) => {
      const at = await prepared(t)
      for (const [message, fields] of calls.slice(0, -1)) assert.equal(await retval(at.client, message, fields(at)), 0, message)
      const [message, fields] = calls.at(-1) ?? assert.fail()
      assert.equal(await retval(at.client, message, fields(at)), expected)
    })
  }

  for (const [what, signal, ...calls] of fatal) {
    test(`dies of ${what}, and comes back empty`, async (t) => {
      const at = await prepared(t)
      for (const [message, fields] of calls.slice(0, -1)) assert.equal(await retval(at.client, message, fields(at)), 0, message)
      const [message, fields] = calls.at(-1) ?? assert.fail()
      await assert.rejects(at.client.request(message, fields(at)), /closed the connection/)
      assert.deepEqual(at.vpp.deaths, [signal])
      assert.equal((await (await clientFor(t, at.vpp.socket)).dump('sw_interface_dump')).length, 1)
    })
  }

  test('leaves attachments and features behind when an interface goes, for the next one with its index', async (t) => {
    const { client, loop, index } = await prepared(t)
    await client.call('abf_policy_add_del', policy(1, 0))
    await client.call('abf_itf_attach_add_del', { is_add: true, attach: { policy_id: 1, sw_if_index: loop, priority: 4 } })
    await client.call('det44_interface_add_del_feature', { is_add: true, is_inside: true, sw_if_index: loop })
    await client.call('delete_loopback', { sw_if_index: loop })
    assert.equal(await index('create_loopback_instance'), loop)
    const [attached] = await client.dump('abf_itf_attach_dump')
    assert.deepEqual(attached?.['attach'], { policy_id: 1, sw_if_index: loop, priority: 4, is_ipv6: false })
    assert.equal((await client.dump('det44_interface_dump'))[0]?.['sw_if_index'], loop)
  })

  test('adds paths to a policy that is there, and takes the policy with its last path', async (t) => {
    const { client } = await prepared(t)
    const other = { ...path, nh: { address: { ip4: '192.0.2.2' } } }
    const paths = async (): Promise<number[]> =>
      (await client.dump('abf_policy_dump')).map((row) => numberAt(row['policy'] as Fields, 'n_paths'))
    await client.call('abf_policy_add_del', policy(1, 0))
    await client.call('abf_policy_add_del', policy(1, 0, [other]))
    assert.deepEqual(await paths(), [2])
    await client.call('abf_policy_add_del', { ...policy(1, 0), is_add: false })
    assert.deepEqual(await paths(), [1])
    await client.call('abf_policy_add_del', { ...policy(1, 0, [other]), is_add: false })
    assert.deepEqual(await paths(), [])
  })

  test('gives deterministic ports as VPP does', async (t) => {
    const { client } = await prepared(t)
    await client.call('det44_add_del_map', map('10.0.0.77', 24, '198.51.100.0', 30))
    const block = async (in_addr: string): Promise<unknown[]> => {
      const reply = await client.call('det44_forward', { in_addr })
      return [reply['out_addr'], reply['out_port_lo'], reply['out_port_hi']]
    }
    assert.deepEqual(await block('10.0.0.1'), ['198.51.100.0', 2032, 3039])
    assert.deepEqual(await block('10.0.0.255'), ['198.51.100.3', 64528, 65535])
    assert.equal((await client.call('det44_reverse', { out_addr: '198.51.100.3', out_port: 2032 }))['in_addr'], '10.0.0.193')
    const [row] = await client.dump('det44_map_dump')
    assert.deepEqual([row?.['in_addr'], row?.['sharing_ratio'], row?.['ports_per_host']], ['10.0.0.0', 64, 1008])
  })

  test('takes sub-interfaces with a twin down with their parent, where they stay', async (t) => {
    const { client, eth0, vlan } = await prepared(t)
    for (const [sw_if_index, host_if_name] of [
      [eth0, 'lan'],
      [vlan, 'lan.100'],
    ] as const) {
      await client.call('lcp_itf_pair_add_del_v3', { is_add: true, sw_if_index, host_if_name })
      await client.call('sw_interface_set_flags', { sw_if_index, flags: 1 })
    }
    const flags = async (): Promise<unknown> => (await client.dump('sw_interface_dump', { sw_if_index: vlan }))[0]?.['flags']
    assert.equal(await flags(), 3)
    await client.call('sw_interface_set_flags', { sw_if_index: eth0, flags: 0 })
    await client.call('sw_interface_set_flags', { sw_if_index: eth0, flags: 1 })
    assert.equal(await flags(), 0)
  })
})
