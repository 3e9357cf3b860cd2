/** What NAT64 of a VPP process has, from the rows of its dumps. */
import { formatPrefix, parsePrefix } from '@imp/kit/base/ip.ts'
import type { VppClient } from './api/client.ts'
import { numberAt, textAt } from './api/fields.ts'
import type { Fields } from './api/layout.ts'
import type { Things } from './desired.ts'
import { natInside } from './values.ts'

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
