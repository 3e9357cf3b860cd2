/**
 * What VPP 25.06 refuses, takes in silence and dies of, as calls: the fake is held to it, and so is a real one where there is one.
 */
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { VppClient } from '../api/client.ts'
import { numberAt } from '../api/fields.ts'
import type { Fields } from '../api/layout.ts'

const none = 0xffff_ffff

/** Numbers of what every row begins with: two host interfaces, a loopback and a VLAN. */
export interface Prepared {
  readonly eth0: number
  readonly eth1: number
  readonly loop: number
  readonly vlan: number
}

/** Makes what every row begins with, on a VPP that has nothing but the links eth0 and eth1. */
export async function prepare(client: VppClient): Promise<Prepared> {
  const index = async (message: string, fields: Fields): Promise<number> => numberAt(await client.call(message, fields), 'sw_if_index')
  const eth0 = await index('af_packet_create_v3', { mode: 1, use_random_hw_addr: true, host_if_name: 'eth0' })
  const eth1 = await index('af_packet_create_v3', { mode: 1, use_random_hw_addr: true, host_if_name: 'eth1' })
  const loop = await index('create_loopback_instance', { is_specified: true, user_instance: 5 })
  const vlan = await index('create_vlan_subif', { sw_if_index: eth0, vlan_id: 100 })
  return { eth0, eth1, loop, vlan }
}

type Call = readonly [message: string, fields: (at: Prepared) => Fields]

/** A socket that nobody else uses. */
const ownSocket = join(tmpdir(), `imp-contract-${process.pid}.sock`)

const anyRule = {
  is_permit: 1,
  src_prefix: '10.0.0.0/8',
  dst_prefix: '0.0.0.0/0',
  srcport_or_icmptype_last: 65535,
  dstport_or_icmpcode_last: 65535,
}
export const path = { sw_if_index: 1, proto: 0, weight: 1, nh: { address: { ip4: '192.0.2.1' } } }
export const policy = (policy_id: number, acl_index: number, paths: Fields[] = [path]): Fields => ({
  is_add: true,
  policy: { policy_id, acl_index, paths },
})
export const map = (inside: string, inLength: number, outside: string, outLength: number): Fields => ({
  is_add: true,
  in_addr: inside,
  in_plen: inLength,
  out_addr: outside,
  out_plen: outLength,
})

/** Calls that succeed first, then one that is answered with the return value. */
export type Row = readonly [what: string, expected: number, ...calls: readonly Call[]]

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

export const refused: readonly Row[] = [
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
  ['a memif again', -68, socket(1, ownSocket), memif(0, 1), memif(0, 1)],
  ['a memif on no socket', -73, memif(0, 9)],
  ['a socket in use taken away', -74, socket(1, ownSocket), memif(0, 1), socket(1, ownSocket, false)],
  ['a link that Linux lacks', -71, ['af_packet_create_v3', () => ({ mode: 1, host_if_name: 'eth9' })]],
  ['a host interface again', -79, ['af_packet_create_v3', () => ({ mode: 1, host_if_name: 'eth0' })]],
  ['a sub-interface up before its parent', -1, ['sw_interface_set_flags', ({ vlan }) => ({ sw_if_index: vlan, flags: 1 })]],
]

export const takenInSilence: readonly Row[] = [
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

/** Calls that succeed first, then one of which the process dies, with the signal. */
export const fatal: readonly (readonly [what: string, signal: string, ...calls: readonly Call[]])[] = [
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
