/** Interfaces of a fake VPP: sub-interfaces, loopbacks, addresses, names, router advertisements. */
import { contains, formatPrefix, networkOf, parseInterfaceAddress } from '@imp/kit/base/ip.ts'
import type { Fields } from '../api/layout.ts'
import { flagAt, numberAt, listAt, textAt } from '../api/fields.ts'
import { onInterface, type Handlers, type Reply } from './handler.ts'
import { addInterface, noAdvertisements, noInterface, removeInterface, type FakeInterface, type FakeState } from './state.ts'

const adminUp = 1
const linkUp = 2
const exact = 16
const twoTags = 4
const dot1ad = 8

function details(each: FakeInterface): Fields {
  return {
    sw_if_index: each.index,
    sup_sw_if_index: each.parent,
    l2_address: each.mac,
    flags: each.up ? adminUp | linkUp : 0,
    type: each.parent === each.index ? 0 : 1,
    link_mtu: each.driver === 'local' ? 0 : 9000,
    mtu: each.mtu,
    sub_id: each.subId,
    sub_number_of_tags: each.subFlags === 0 ? 0 : (each.subFlags & twoTags) === 0 ? 1 : 2,
    sub_outer_vlan_id: each.outer,
    sub_inner_vlan_id: each.inner,
    sub_if_flags: each.subFlags,
    vtr_op: numberAt(each.rewrite, 'vtr_op'),
    vtr_push_dot1q: numberAt(each.rewrite, 'push_dot1q'),
    vtr_tag1: numberAt(each.rewrite, 'tag1'),
    vtr_tag2: numberAt(each.rewrite, 'tag2'),
    interface_name: each.name,
    interface_dev_type: each.driver,
    tag: each.tag,
  }
}

/** An address may be in a table only once, and no two networks may overlap. */
function addAddress(state: FakeState, each: FakeInterface, prefix: string): Reply {
  const address = parseInterfaceAddress(prefix)
  const network = networkOf(address)
  const taken = [...state.interfaces.values()].some((other) =>
    other.addresses.some((present) => {
      const there = parseInterfaceAddress(present)
      if (other.index === each.index && there.value !== address.value && formatPrefix(networkOf(there)) === formatPrefix(network))
        return false
      return contains(networkOf(there), network) || contains(network, networkOf(there))
    }),
  )
  if (taken) return -105
  if ((each.subFlags & exact) === 0 && each.parent !== each.index) return -126
  each.addresses.push(prefix)
  if (address.family === 6) each.ip6 = true
  return 0
}

function changeAddress(each: FakeInterface, fields: Fields, state: FakeState): Reply {
  const prefix = textAt(fields, 'prefix')
  if (flagAt(fields, 'del_all')) {
    each.addresses = []
    return 0
  }
  if (flagAt(fields, 'is_add')) return addAddress(state, each, prefix)
  if (!each.addresses.includes(prefix)) return -60
  each.addresses = each.addresses.filter((present) => present !== prefix)
  return 0
}

function addSubinterface(state: FakeState, parent: FakeInterface, subId: number, subFlags: number, outer: number, innerTag: number): Reply {
  const siblings = [...state.interfaces.values()].filter((each) => each.parent === parent.index && each.index !== parent.index)
  if (siblings.some((each) => each.subId === subId)) return -56
  const same = (each: FakeInterface): boolean =>
    each.outer === outer && each.inner === innerTag && ((each.subFlags ^ subFlags) & dot1ad) === 0
  if (siblings.some(same)) return -1
  const { driver, mac, index, name } = parent
  const made = addInterface(state, {
    name: `${name}.${subId}`,
    driver,
    mac,
    parent: index,
    subId,
    subFlags,
    outer,
    inner: innerTag,
    mtu: [0, 0, 0, 0],
  })
  return { sw_if_index: made.index }
}

function addLoopback(state: FakeState, fields: Fields): Reply {
  const taken = (instance: number): boolean =>
    [...state.interfaces.values()].some((each) => each.driver === 'Loopback' && each.instance === instance)
  const asked = numberAt(fields, 'user_instance')
  if (flagAt(fields, 'is_specified') && (asked >= 16 * 1024 || taken(asked))) return -31
  const free = Array.from({ length: 16 * 1024 }, (_, instance) => instance).find((instance) => !taken(instance)) ?? 0
  const instance = flagAt(fields, 'is_specified') ? asked : free
  return { sw_if_index: addInterface(state, { name: `loop${instance}`, driver: 'Loopback', instance }).index }
}

function setFlags(each: FakeInterface, fields: Fields, state: FakeState): Reply {
  const up = (numberAt(fields, 'flags') & adminUp) !== 0
  const parent = state.interfaces.get(each.parent)
  if (up && parent !== undefined && parent !== each && !parent.up) return -1
  each.up = up
  if (up) return 0
  // Sub-interfaces with a twin follow their parent down, and stay there.
  for (const other of state.interfaces.values()) if (other.parent === each.index && state.pairs.has(other.index)) other.up = false
  return 0
}

/** Names are not unique. What a sub-interface is called follows from its port, so that naming it names the port. */
function rename(each: FakeInterface, fields: Fields, state: FakeState): Reply {
  const port = state.interfaces.get(each.parent) ?? each
  port.name = textAt(fields, 'name')
  for (const other of state.interfaces.values()) {
    if (other.parent === port.index && other !== port) other.name = `${port.name}.${other.subId}`
  }
  return 0
}

function configureAdvertisements(each: FakeInterface, fields: Fields): Reply {
  if (!each.ip6) return -62
  const ra = each.advertisements
  const no = flagAt(fields, 'is_no')
  const given = numberAt(fields, 'max_interval')
  const maximum = given === 0 ? ra.maximum : no ? 600 : given
  const least = numberAt(fields, 'min_interval') === 0 && given !== 0 ? Math.floor(0.75 * given) : numberAt(fields, 'min_interval')
  const minimum = least === 0 ? ra.minimum : no ? 200 : least
  const lifetime = flagAt(fields, 'default_router') ? (no ? 1800 : numberAt(fields, 'lifetime')) : ra.lifetime
  if (lifetime !== 0 && lifetime <= maximum) return -7
  if (minimum > 0.75 * maximum || minimum < 3) return -7
  const managed = flagAt(fields, 'managed') ? !no : ra.managed
  const other = flagAt(fields, 'other') ? !no : ra.other
  Object.assign(ra, { send: flagAt(fields, 'suppress') ? no : true, managed, other, maximum, minimum, lifetime })
  return 0
}

function advertisePrefix(each: FakeInterface, fields: Fields): Reply {
  if (!each.ip6) return -62
  const { prefixes } = each.advertisements
  const prefix = textAt(fields, 'prefix')
  if (!flagAt(fields, 'is_no')) {
    const endless = [numberAt(fields, 'val_lifetime'), numberAt(fields, 'pref_lifetime')].includes(0xffff_ffff)
    // A new prefix counts down; endless lifetimes stop that for good.
    const counting = !endless && prefixes.get(prefix)?.['counting'] !== false
    const lifetimes = endless ? { val_lifetime: 0xffff_ffff, pref_lifetime: 0xffff_ffff } : {}
    prefixes.set(prefix, { ...fields, ...lifetimes, counting })
    return 0
  }
  return prefixes.delete(prefix) ? 0 : -7
}

function advertisementDetails({ index, advertisements: ra }: FakeInterface): Fields {
  return {
    sw_if_index: index,
    cur_hop_limit: 64,
    adv_managed_flag: ra.managed,
    adv_other_flag: ra.other,
    adv_router_lifetime: ra.lifetime,
    send_radv: ra.send,
    max_radv_interval: ra.maximum,
    min_radv_interval: ra.minimum,
    prefixes: [...ra.prefixes].map(([prefix, fields]) => ({
      prefix,
      onlink_flag: !flagAt(fields, 'off_link') && !flagAt(fields, 'no_onlink'),
      autonomous_flag: !flagAt(fields, 'no_autoconfig'),
      val_lifetime: numberAt(fields, 'val_lifetime'),
      pref_lifetime: numberAt(fields, 'pref_lifetime'),
      decrement_lifetime_flag: flagAt(fields, 'counting'),
      no_advertise: flagAt(fields, 'no_advertise'),
    })),
  }
}

function isSubinterface(each: FakeInterface): boolean {
  return each.parent !== each.index
}

function chosen(state: FakeState, fields: Fields): FakeInterface[] {
  const index = numberAt(fields, 'sw_if_index')
  return [...state.interfaces.values()].filter((each) => index === noInterface || each.index === index)
}

export const interfaceHandlers: Handlers = {
  sw_interface_dump: (state, fields) =>
    chosen(state, fields)
      .toSorted((a, b) => a.index - b.index)
      .map(details),
  sw_interface_set_flags: onInterface('sw_if_index', setFlags),
  sw_interface_add_del_address: onInterface('sw_if_index', changeAddress),
  ip_address_dump: (state, fields) =>
    chosen(state, fields).flatMap(({ index, addresses }) =>
      addresses.filter((prefix) => prefix.includes(':') === flagAt(fields, 'is_ipv6')).map((prefix) => ({ sw_if_index: index, prefix })),
    ),
  sw_interface_set_mtu: onInterface('sw_if_index', (each, fields) => {
    each.mtu = listAt(fields, 'mtu').map(Number)
    return 0
  }),
  hw_interface_set_mtu: onInterface('sw_if_index', () => 0),
  sw_interface_set_interface_name: onInterface('sw_if_index', rename),
  sw_interface_tag_add_del: onInterface('sw_if_index', (each, fields) => {
    each.tag = flagAt(fields, 'is_add') ? textAt(fields, 'tag') : ''
    return 0
  }),
  sw_interface_set_mac_address: onInterface('sw_if_index', (each, fields) => {
    each.mac = textAt(fields, 'mac_address')
    return 0
  }),
  sw_interface_ip6_enable_disable: onInterface('sw_if_index', (each, fields) => {
    const enable = flagAt(fields, 'enable')
    if (each.ip6 === enable) return enable ? -81 : -62
    each.ip6 = enable
    if (!enable) each.advertisements = noAdvertisements()
    return 0
  }),
  sw_interface_set_table: onInterface('sw_if_index', () => 0),
  sw_interface_set_unnumbered: onInterface('sw_if_index', () => 0),
  create_vlan_subif: onInterface('sw_if_index', (parent, fields, state) => {
    const vlan = numberAt(fields, 'vlan_id')
    return vlan < 1 || vlan > 4095 ? -55 : addSubinterface(state, parent, vlan, 2 | exact, vlan, 0)
  }),
  create_subif: onInterface('sw_if_index', (parent, fields, state) =>
    addSubinterface(
      state,
      parent,
      numberAt(fields, 'sub_id'),
      numberAt(fields, 'sub_if_flags'),
      numberAt(fields, 'outer_vlan_id'),
      numberAt(fields, 'inner_vlan_id'),
    ),
  ),
  delete_subif: onInterface('sw_if_index', (each, _fields, state) => {
    if (!isSubinterface(each)) return -98
    removeInterface(state, each.index)
    return 0
  }),
  create_loopback_instance: addLoopback,
  delete_loopback: onInterface('sw_if_index', (each, _fields, state) => {
    if (each.driver !== 'Loopback') return -2
    removeInterface(state, each.index)
    return 0
  }),
  want_interface_events: () => 0,
  sw_interface_ip6nd_ra_config: onInterface('sw_if_index', configureAdvertisements),
  sw_interface_ip6nd_ra_prefix: onInterface('sw_if_index', advertisePrefix),
  sw_interface_ip6nd_ra_dump: (state, fields) =>
    chosen(state, fields)
      .filter((each) => each.ip6)
      .map(advertisementDetails),
}
