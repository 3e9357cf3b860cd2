/** Deterministic NAT and NAT64 of a fake VPP. */
import {
  contains,
  formatAddress,
  formatPrefix,
  networkOf,
  parseAddress,
  parseInterfaceAddress,
  parsePrefix,
  sizeOf,
  type Prefix,
} from '@imp/kit/base/ip.ts'
import type { Fields } from '../api/layout.ts'
import { flagAt, numberAt, textAt } from '../api/fields.ts'
import { onInterface, type Handler, type Handlers, type Reply } from './handler.ts'
import type { FakeState } from './state.ts'

/** Bytes that det44 takes for every inside host as soon as a map is added: 1000 sessions of 24 bytes. */
const bytesPerHost = 24_000
/** What VPP needs for itself. */
const ownHeap = 40 << 20

function mapOf(fields: Fields): { readonly inside: string; readonly outside: string } {
  const masked = (address: string, length: string): string =>
    formatPrefix(networkOf(parseInterfaceAddress(`${textAt(fields, address)}/${numberAt(fields, length)}`, 4)))
  return { inside: masked('in_addr', 'in_plen'), outside: masked('out_addr', 'out_plen') }
}

function hostsOf(state: FakeState): number {
  return [...state.det44Maps.values()].reduce((sum, map) => sum + 2 ** (32 - numberAt(map, 'in_plen')), 0)
}

const changeMap: Handler = (state, fields, { heap }) => {
  const { inside, outside } = mapOf(fields)
  const key = `${inside} ${outside}`
  if (!flagAt(fields, 'is_add')) return state.det44Maps.delete(key) ? 0 : -6
  if (state.det44Maps.has(key)) return -81
  if (numberAt(fields, 'out_plen') < numberAt(fields, 'in_plen')) return { crash: 'SIGFPE' }
  const hosts = hostsOf(state) + 2 ** (32 - numberAt(fields, 'in_plen'))
  if (hosts * bytesPerHost + ownHeap > heap) return { crash: 'SIGABRT' }
  const ratio = 2 ** (numberAt(fields, 'out_plen') - numberAt(fields, 'in_plen'))
  const [inAddress = '', outAddress = ''] = [inside, outside].map((prefix) => prefix.slice(0, prefix.indexOf('/')))
  state.det44Maps.set(key, {
    in_addr: inAddress,
    in_plen: numberAt(fields, 'in_plen'),
    out_addr: outAddress,
    out_plen: numberAt(fields, 'out_plen'),
    sharing_ratio: ratio,
    ports_per_host: Math.floor(64_512 / ratio),
    ses_num: 0,
  })
  return 0
}

const enable: Handler = (state, fields) => {
  if (flagAt(fields, 'enable')) {
    if (state.det44) return 1
    state.det44 = true
    return 0
  }
  if (state.det44Loose) return { crash: 'SIGSEGV' }
  state.det44 = false
  state.det44Features.clear()
  state.det44Maps.clear()
  return 0
}

const changeFeature: Handler = (state, fields) => {
  const index = numberAt(fields, 'sw_if_index')
  if (!state.interfaces.has(index)) return -2
  const inside = flagAt(fields, 'is_inside')
  const key = `${index} ${inside}`
  if (flagAt(fields, 'is_add')) {
    if (state.det44Features.has(key)) return -7
    state.det44Features.set(key, { interface: index, inside })
    return 0
  }
  if (!state.det44Features.delete(key)) return -7
  // The list gets empty and the feature stays on the interface.
  state.det44Loose = true
  return 0
}

/** A map as numbers: VPP's arithmetic (src/plugins/nat/det44/det44_inlines.h), written down apart from ours, which it is to check. */
function worked(map: Fields): { readonly inside: Prefix; readonly outside: Prefix; readonly ratio: bigint; readonly ports: bigint } {
  const inside = parsePrefix(`${textAt(map, 'in_addr')}/${numberAt(map, 'in_plen')}`, 4)
  const outside = parsePrefix(`${textAt(map, 'out_addr')}/${numberAt(map, 'out_plen')}`, 4)
  const ratio = sizeOf(inside) / sizeOf(outside)
  return { inside, outside, ratio, ports: 64_512n / ratio }
}

function askForward(state: FakeState, text: string): Reply {
  const address = parseAddress(text, 4)
  const map = [...state.det44Maps.values()].map(worked).find(({ inside }) => contains(inside, address))
  if (map === undefined) return { retval: -6, out_port_lo: 0, out_port_hi: 0, out_addr: '0.0.0.0' }
  const offset = address.value - map.inside.value
  const first = 1024n + map.ports * (offset % map.ratio)
  const out_addr = formatAddress({ family: 4, value: map.outside.value + offset / map.ratio })
  return { out_port_lo: Number(first), out_port_hi: Number(first + map.ports - 1n), out_addr }
}

/** Ports under 1024 are answered with the first host of the address. */
function askReverse(state: FakeState, text: string, port: number): Reply {
  const address = parseAddress(text, 4)
  const map = [...state.det44Maps.values()].map(worked).find(({ outside }) => contains(outside, address))
  if (map === undefined) return { retval: -6, in_addr: '0.0.0.0' }
  const place = BigInt(Math.max(0, port - 1024)) / map.ports
  const value = map.inside.value + (address.value - map.outside.value) * map.ratio + place
  return { in_addr: formatAddress({ family: 4, value }) }
}

/** Lengths of prefixes for addresses that hold an IPv4 address (RFC 6052 2.2). */
const embeddingLengths = new Set([32, 40, 48, 56, 64, 96])

const changePool: Handler = (state, fields) => {
  const first = parseAddress(textAt(fields, 'start_addr'), 4).value
  const last = parseAddress(textAt(fields, 'end_addr'), 4).value
  const range = Array.from({ length: Number(last - first) + 1 }, (_, offset) =>
    formatPrefix({ family: 4, value: first + BigInt(offset), length: 32 }),
  )
  const add = flagAt(fields, 'is_add')
  if (add && range.some((address) => state.nat64Pool.has(address))) return -81
  if (!add && !range.every((address) => state.nat64Pool.has(address))) return -6
  for (const address of range) {
    if (add) state.nat64Pool.set(address, numberAt(fields, 'vrf_id'))
    else state.nat64Pool.delete(address)
  }
  return 0
}

const inside64 = 32
const outside64 = 16

export const translationHandlers: Handlers = {
  det44_plugin_enable_disable: enable,
  det44_interface_add_del_feature: changeFeature,
  det44_interface_dump: (state) =>
    [...state.det44Features.values()].map(({ interface: index, inside }) => ({
      is_inside: inside,
      is_outside: !inside,
      sw_if_index: index,
    })),
  det44_add_del_map: changeMap,
  det44_map_dump: (state) => [...state.det44Maps.values()],
  det44_forward: (state, fields) => askForward(state, textAt(fields, 'in_addr')),
  det44_reverse: (state, fields) => askReverse(state, textAt(fields, 'out_addr'), numberAt(fields, 'out_port')),
  det44_get_timeouts: (state) => state.det44Timeouts,
  det44_set_timeouts: (state, fields) => {
    const { udp = 0, tcp_established = 0, tcp_transitory = 0, icmp = 0 } = fields
    state.det44Timeouts = { udp, tcp_established, tcp_transitory, icmp }
    return 0
  },
  det44_session_dump: () => [],
  det44_close_session_out: () => -6,
  det44_close_session_in: () => -6,
  nat64_plugin_enable_disable: (state, fields) => {
    if (state.nat64 === flagAt(fields, 'enable')) return 1
    state.nat64 = flagAt(fields, 'enable')
    return 0
  },
  nat64_add_del_prefix: (state, fields) => {
    const prefix = textAt(fields, 'prefix')
    const table = numberAt(fields, 'vrf_id')
    if (!embeddingLengths.has(parsePrefix(prefix, 6).length)) return -7
    if (flagAt(fields, 'is_add')) state.nat64Prefixes.set(table, prefix)
    else if (!state.nat64Prefixes.delete(table)) return -6
    return 0
  },
  nat64_prefix_dump: (state) => [...state.nat64Prefixes].map(([vrf_id, prefix]) => ({ prefix, vrf_id })),
  nat64_add_del_pool_addr_range: changePool,
  nat64_pool_addr_dump: (state) => [...state.nat64Pool].map(([prefix, vrf_id]) => ({ address: prefix.slice(0, -3), vrf_id })),
  nat64_add_del_interface: onInterface('sw_if_index', (each, fields, state) => {
    const flags = numberAt(fields, 'flags') & (inside64 | outside64)
    const present = state.nat64Interfaces.get(each.index) ?? 0
    if (flagAt(fields, 'is_add')) state.nat64Interfaces.set(each.index, present | flags)
    else if ((present & flags) === 0) return -6
    else if ((present & ~flags) === 0) state.nat64Interfaces.delete(each.index)
    else state.nat64Interfaces.set(each.index, present & ~flags)
    return 0
  }),
  nat64_interface_dump: (state) => [...state.nat64Interfaces].map(([sw_if_index, flags]) => ({ sw_if_index, flags })),
  nat64_bib_dump: () => [],
  nat64_st_dump: () => [],
  nat64_get_timeouts: (state) => state.nat64Timeouts,
  nat64_set_timeouts: (state, fields) => {
    const { udp = 0, tcp_established = 0, tcp_transitory = 0, icmp = 0 } = fields
    state.nat64Timeouts = { udp, tcp_established, tcp_transitory, icmp }
    return 0
  },
}
