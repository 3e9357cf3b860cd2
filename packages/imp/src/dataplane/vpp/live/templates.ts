/** Messages of VPP's API that bring about one thing each, as templates. Pure. */
import { parseAddress, type Family } from '@imp/kit/base/ip.ts'
import type { Making, VppInterface } from '../desired.ts'
import type { Message, MessageDisruption, Reference, Template } from './message.ts'
import { all, anyPort, dot1ad, exactMatch, oneTag, staticNeighbour, twoTags, up } from '../values.ts'

type Extra = { readonly makes?: Reference; readonly allowed?: readonly number[]; readonly disruption?: MessageDisruption }

function make(about: string, message: string, fields: Message['fields'], summary: string, extra: Extra = {}): Message {
  return { message, fields, summary, about, disruption: 'none', ...extra }
}

function onInterface(name: string, message: string, fields: Message['fields'], summary: string, extra: Extra = {}): Message {
  return make(`interfaces ${name}`, message, { sw_if_index: { interface: name }, ...fields }, summary, extra)
}

const brief = { disruption: 'brief' } as const

/** Number of memif interfaces on their socket: there is one on each. */
const memifNumber = 0

function subinterface(name: string, making: Extract<Making, { driver: 'vlan' }>): Message {
  const { port, number, outer, inner, protocol, exact } = making
  const flags = (inner === 0 ? oneTag : twoTags) + (protocol === 'dot1ad' ? dot1ad : 0) + (exact ? exactMatch : 0)
  const fields = { sw_if_index: { interface: port }, sub_id: number, sub_if_flags: flags, outer_vlan_id: outer, inner_vlan_id: inner }
  const tags = inner === 0 ? String(outer) : `${outer}.${inner}`
  return make(`interfaces ${name}`, 'create_subif', fields, `add VLAN ${tags} on ${port}`, { makes: { interface: name } })
}

/** What makes an interface; undefined for a card, which VPP has from its start or never. */
export function create(name: string, making: Making): Message | undefined {
  const extra = { makes: { interface: name } }
  const about = `interfaces ${name}`
  switch (making.driver) {
    case 'vlan':
      return subinterface(name, making)
    case 'af-packet': {
      const fields = { mode: 1, use_random_hw_addr: true, host_if_name: making.link, num_rx_queues: 1, num_tx_queues: 1 }
      return make(about, 'af_packet_create_v3', fields, `take ${making.link} as ${name}`, extra)
    }
    case 'loopback':
      return make(about, 'create_loopback_instance', { is_specified: true, user_instance: making.instance }, `add loopback ${name}`, extra)
    case 'memif': {
      const role = making.role === 'master' ? 0 : 1
      const fields = {
        role,
        mode: 0,
        rx_queues: 1,
        tx_queues: 1,
        id: memifNumber,
        socket_id: making.socket,
        ring_size: 1024,
        buffer_size: 2048,
        hw_addr: making.mac,
      }
      return make(about, 'memif_create_v2', fields, `add ${name}`, extra)
    }
    case 'card':
    default:
      return undefined
  }
}

export function destroy(name: string, making: Making): Message | undefined {
  const summary = `remove ${name}`
  switch (making.driver) {
    case 'vlan':
      return onInterface(name, 'delete_subif', {}, summary, brief)
    case 'af-packet':
      return make(`interfaces ${name}`, 'af_packet_delete', { host_if_name: making.link }, summary, brief)
    case 'loopback':
      return onInterface(name, 'delete_loopback', {}, summary, brief)
    case 'memif':
      return onInterface(name, 'memif_delete', {}, summary, brief)
    case 'card':
    default:
      return undefined
  }
}

export function rename(name: string): Message {
  return onInterface(name, 'sw_interface_set_interface_name', { name }, `name it ${name}`)
}

export function setMtu(name: string, mtu: number): Message {
  return onInterface(name, 'sw_interface_set_mtu', { mtu: [mtu, 0, 0, 0] }, `MTU ${mtu} on ${name}`)
}

export function setState(name: string, isUp: boolean): Message {
  return onInterface(name, 'sw_interface_set_flags', { flags: isUp ? up : 0 }, `${name} ${isUp ? 'up' : 'down'}`, isUp ? {} : brief)
}

/** Twins are TAP devices in VPP's default network namespace: in another one VPP would not follow what Linux says. */
export function pair(name: string, twin: string, isAdd: boolean): Message {
  const fields = isAdd ? { is_add: true, host_if_name: twin, host_if_type: 0 } : { is_add: false }
  const summary = isAdd ? `show ${name} to Linux as ${twin}` : `take ${twin} away from Linux`
  return onInterface(name, 'lcp_itf_pair_add_del_v3', fields, summary, isAdd ? {} : brief)
}

/** An interface that IPv6 came to by itself is taken as well: the call keeps it there. */
export function enableIpv6(name: string): Message {
  return onInterface(name, 'sw_interface_ip6_enable_disable', { enable: true }, `IPv6 on ${name}`, { allowed: [-81] })
}

export function address(name: string, prefix: string, isAdd: boolean): Message {
  const summary = isAdd ? `add ${prefix} to ${name}` : `remove ${prefix} from ${name}`
  return onInterface(name, 'sw_interface_add_del_address', { is_add: isAdd, prefix }, summary, isAdd ? {} : brief)
}

export function joinBridge(name: string, { id, routed }: NonNullable<VppInterface['bridge']>): Message {
  const fields = { rx_sw_if_index: { interface: name }, bd_id: id, port_type: routed ? 1 : 0, enable: true }
  return make(`interfaces ${name}`, 'sw_interface_set_l2_bridge', fields, `put ${name} into bridge ${id}`, brief)
}

export function leaveBridge(name: string, { id }: NonNullable<VppInterface['bridge']>): Message {
  const fields = { rx_sw_if_index: { interface: name }, bd_id: id, enable: false }
  return make(`interfaces ${name}`, 'sw_interface_set_l2_bridge', fields, `take ${name} out of bridge ${id}`, brief)
}

export function crossConnect(name: string, other: string, isAdd: boolean): Message {
  const fields = { rx_sw_if_index: { interface: name }, tx_sw_if_index: isAdd ? { interface: other } : all, enable: isAdd }
  const summary = isAdd ? `pass frames from ${name} to ${other}` : `no longer pass frames from ${name}`
  return make(`interfaces ${name}`, 'sw_interface_set_l2_xconnect', fields, summary, isAdd ? {} : brief)
}

export function popTags(name: string, popped: number): Message {
  return onInterface(name, 'l2_interface_vlan_tag_rewrite', { vtr_op: popped === 0 ? 0 : popped + 2 }, `take ${popped} tags off on ${name}`)
}

export function bridge(id: string, isAdd: boolean): Message {
  const flags = isAdd ? { flood: true, uu_flood: true, forward: true, learn: true } : {}
  return make(
    `bridges ${id}`,
    'bridge_domain_add_del_v2',
    { bd_id: Number(id), ...flags, is_add: isAdd },
    `${isAdd ? 'add' : 'remove'} bridge ${id}`,
  )
}

export function socket(id: string, path: string, isAdd: boolean): Message {
  const fields = { is_add: isAdd, socket_id: Number(id), socket_filename: path }
  return make(`sockets ${id}`, 'memif_socket_filename_add_del_v2', fields, `${isAdd ? 'use' : 'no longer use'} the socket ${path}`)
}

function toRule(text: string): Template {
  const [action, src_prefix = '', dst_prefix = ''] = text.split(' ')
  return {
    is_permit: action === 'permit' ? 1 : 0,
    src_prefix,
    dst_prefix,
    srcport_or_icmptype_last: anyPort,
    dstport_or_icmpcode_last: anyPort,
  }
}

/** A list that is there is replaced in place: who uses it goes on using it, and no packet sees half of it. */
export function accessList(tag: string, rules: readonly string[], isThere: boolean): Message {
  const fields = { acl_index: isThere ? { list: tag } : all, tag, r: rules.map(toRule) }
  return make(
    `lists ${tag}`,
    'acl_add_replace',
    fields,
    `${isThere ? 'replace' : 'add'} access list ${tag}`,
    isThere ? {} : { makes: { list: tag } },
  )
}

export function removeAccessList(tag: string): Message {
  return make(`lists ${tag}`, 'acl_del', { acl_index: { list: tag } }, `remove access list ${tag}`)
}

/** A next hop: `169.254.1.5 memif1/0`. */
export function path(text: string): Template {
  const [hop = '', name = ''] = text.split(' ')
  const { family } = parseAddress(hop)
  return {
    sw_if_index: { interface: name },
    table_id: 0,
    rpf_id: all,
    weight: 1,
    proto: family === 4 ? 0 : 1,
    nh: { address: family === 4 ? { ip4: hop } : { ip6: hop }, obj_id: all },
  }
}

export function policyPaths(id: string, list: string, paths: readonly string[], isAdd: boolean): Message {
  const policy = { policy_id: Number(id), acl_index: isAdd ? { list } : all, paths: paths.map(path) }
  const summary = isAdd ? `steer what ${list} permits to ${paths.join(', ')}` : `no longer steer to ${paths.join(', ')}`
  return make(`policies ${id}`, 'abf_policy_add_del', { is_add: isAdd, policy }, summary)
}

export function attachment(
  name: string,
  each: { readonly policy: number; readonly priority: number; readonly family: Family },
  isAdd: boolean,
): Message {
  const attach = { policy_id: each.policy, sw_if_index: { interface: name }, priority: each.priority, is_ipv6: each.family === 6 }
  const summary = `${isAdd ? 'steer' : 'no longer steer'} IPv${each.family} from ${name} by policy ${each.policy}`
  return make(`interfaces ${name}`, 'abf_itf_attach_add_del', { is_add: isAdd, attach }, summary)
}

/** The only path of a route: others of the same prefix go. */
export function route(prefix: string, text: string, isAdd: boolean): Message {
  const fields = { is_add: isAdd, is_multipath: false, route: { prefix, paths: [path(text)] } }
  return make(
    `routes ${prefix}`,
    'ip_route_add_del',
    fields,
    isAdd ? `route ${prefix} via ${text}` : `remove the route ${prefix}`,
    isAdd ? {} : brief,
  )
}

/** A neighbour whose hardware address is known without asking: `fd00::1 memif1/0`. */
export function neighbour(key: string, mac: string, isAdd: boolean): Message {
  const [address = '', name = ''] = key.split(' ')
  const fields = { sw_if_index: { interface: name }, flags: staticNeighbour, mac_address: mac, ip_address: address }
  const summary = `${isAdd ? 'know' : 'forget'} ${address} on ${name}`
  return make(`neighbours ${key}`, 'ip_neighbor_add_del', { is_add: isAdd, neighbor: fields }, summary, isAdd ? {} : brief)
}

export function enableDet44(): Message {
  return make('services det44', 'det44_plugin_enable_disable', { enable: true }, 'switch deterministic NAT on')
}

/** A side that an earlier interface with the same number left behind is there already. */
export function det44Side(name: string, side: 'inside' | 'outside'): Message {
  const fields = { is_add: true, is_inside: side === 'inside' }
  return onInterface(name, 'det44_interface_add_del_feature', fields, `${name} is the ${side} of NAT`, { allowed: [-7] })
}

export function det44Map(key: string, isAdd: boolean): Message {
  const [inside = '', outside = ''] = key.split(' ')
  const [in_addr = '', in_plen] = inside.split('/')
  const [out_addr = '', out_plen] = outside.split('/')
  const fields = { is_add: isAdd, in_addr, in_plen: Number(in_plen), out_addr, out_plen: Number(out_plen) }
  const summary = isAdd ? `translate ${inside} to ${outside}` : `no longer translate ${inside} to ${outside}`
  return make(`maps ${key}`, 'det44_add_del_map', fields, summary, isAdd ? {} : brief)
}
