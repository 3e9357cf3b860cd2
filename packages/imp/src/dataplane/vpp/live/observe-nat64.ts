/** What NAT64 of a VPP process has, and the neighbours that it was told. */
import { formatPrefix, parsePrefix } from '@imp/kit/base/ip.ts'
import type { VppClient } from '../api/client.ts'
import { fieldsAt, numberAt, textAt } from '../api/fields.ts'
import type { Fields } from '../api/layout.ts'
import type { Things } from '../desired.ts'
import { all, natInside, staticNeighbour } from '../values.ts'

/** address_family */
const ipv6 = 1

/** Sides of interfaces by their number. */
export function nat64Sides(rows: readonly Fields[]): (readonly [index: number, side: 'inside' | 'outside'])[] {
  return rows.map((row) => [numberAt(row, 'sw_if_index'), (numberAt(row, 'flags') & natInside) === 0 ? 'outside' : 'inside'])
}

export function nat64Things(prefixes: readonly Fields[], addresses: readonly Fields[]): Pick<Things, 'prefixes' | 'poolAddresses'> {
  return {
    prefixes: Object.fromEntries(prefixes.map((row) => [formatPrefix(parsePrefix(textAt(row, 'prefix'))), {}])),
    poolAddresses: Object.fromEntries(addresses.map((row) => [textAt(row, 'address'), {}])),
  }
}

/** Timeouts by service; none where VPP lacks the plugin. */
export async function observeTimeouts(client: VppClient): Promise<Things['timeouts']> {
  if (!client.serves('nat64_get_timeouts')) return {}
  const row = await client.request('nat64_get_timeouts')
  const nat64 = {
    udp: numberAt(row, 'udp'),
    tcpEstablished: numberAt(row, 'tcp_established'),
    tcpTransitory: numberAt(row, 'tcp_transitory'),
    icmp: numberAt(row, 'icmp'),
  }
  return { nat64 }
}

/** Neighbours of IPv6 that were told. */
export async function observeNeighbours(client: VppClient, names: ReadonlyMap<number, string>): Promise<Things['neighbours']> {
  const rows = (await client.dump('ip_neighbor_dump', { sw_if_index: all, af: ipv6 })).map((row) => fieldsAt(row, 'neighbor'))
  const pairs = rows.flatMap((row) => {
    const name = names.get(numberAt(row, 'sw_if_index'))
    if (name === undefined || (numberAt(row, 'flags') & staticNeighbour) === 0) return []
    return [[`${textAt(row, 'ip_address')} ${name}`, { mac: textAt(row, 'mac_address') }] as const]
  })
  return Object.fromEntries(pairs)
}
