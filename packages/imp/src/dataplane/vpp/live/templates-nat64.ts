/** Messages of VPP's API that bring NAT64 about, as templates. Pure. */
import type { Things } from '../desired.ts'
import type { Message } from './message.ts'
import { natInside, natOutside } from '../values.ts'

/** No table of its own: the first one (nat/nat64/nat64.api). */
const mainTable = 0

/**
 * Buckets of the tables of bindings and sessions: VPP keeps at most ten entries for each (nat/nat64/nat64_db.c), and 20,480 sessions
 * unless told.
 */
export const bindingBuckets = 32_768
export const sessionBuckets = 65_536
/** Bytes that the tables may take (nat/nat64/nat64.c, nat64_plugin_enable: what it takes unless told). */
const bindingMemory = 128 << 20
const sessionMemory = 256 << 20

/** Where it runs already VPP answers with a positive number. */
export function enableNat64(): Message {
  const fields = {
    bib_buckets: bindingBuckets,
    bib_memory_size: bindingMemory,
    st_buckets: sessionBuckets,
    st_memory_size: sessionMemory,
    enable: true,
  }
  return { message: 'nat64_plugin_enable_disable', fields, summary: 'switch NAT64 on', about: 'services nat64', disruption: 'none' }
}

export function nat64Side(name: string, side: 'inside' | 'outside'): Message {
  const fields = { is_add: true, flags: side === 'inside' ? natInside : natOutside, sw_if_index: { interface: name } }
  return {
    message: 'nat64_add_del_interface',
    fields,
    summary: `${name} is the ${side} of NAT64`,
    about: `interfaces ${name}`,
    disruption: 'none',
  }
}

/** VPP has one prefix for each table: taking any away takes away the one that is there. */
export function nat64Prefix(prefix: string, isAdd: boolean): Message {
  return {
    message: 'nat64_add_del_prefix',
    fields: { prefix, vrf_id: mainTable, is_add: isAdd },
    summary: isAdd ? `let ${prefix} stand for IPv4` : `let ${prefix} no longer stand for IPv4`,
    about: `prefixes ${prefix}`,
    disruption: isAdd ? 'none' : 'brief',
  }
}

/** The sessions of an address end with it. */
export function poolAddress(address: string, isAdd: boolean): Message {
  return {
    message: 'nat64_add_del_pool_addr_range',
    fields: { start_addr: address, end_addr: address, vrf_id: mainTable, is_add: isAdd },
    summary: isAdd ? `share ${address}` : `no longer share ${address}`,
    about: `poolAddresses ${address}`,
    disruption: isAdd ? 'none' : 'brief',
  }
}

/** Sessions that are there keep the time that they have. */
export function nat64Timeouts({ udp, tcpEstablished, tcpTransitory, icmp }: Things['timeouts'][string]): Message {
  const fields = { udp, tcp_established: tcpEstablished, tcp_transitory: tcpTransitory, icmp }
  const summary = `keep sessions of NAT64 for ${udp} s (UDP), ${tcpEstablished} and ${tcpTransitory} s (TCP), ${icmp} s (ICMP)`
  return { message: 'nat64_set_timeouts', fields, summary, about: 'timeouts nat64', disruption: 'none' }
}
