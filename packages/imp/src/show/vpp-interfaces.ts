/** Interfaces of VPP with their states, addresses and counters, in the form in which those of Linux are shown. */
import { z } from 'zod'
import { formatPrefix, parseInterfaceAddress } from '@imp/kit/base/ip.ts'
import { parse } from '@imp/kit/base/schema.ts'
import type { ShownInterface } from './interfaces.ts'
import type { VppAnswers } from './vpp.ts'

const Row = z.looseObject({
  sw_if_index: z.int(),
  sup_sw_if_index: z.int(),
  l2_address: z.string(),
  flags: z.int(),
  type: z.int(),
  mtu: z.tuple([z.int()], z.int()),
  interface_name: z.string(),
  interface_dev_type: z.string(),
})
type Row = z.output<typeof Row>

const Address = z.looseObject({ prefix: z.string() })
const Pair = z.looseObject({ host_sw_if_index: z.int() })

/** if_status_flags and if_type of VPP's interface_types.api. */
const adminUp = 1
const linkUp = 2
const subInterface = 1
/** `show interface` cuts names here, and the index follows. */
const indexColumn = 32

type Counters = ReadonlyMap<string, number>

/** The counters of `show interface` by the number of the interface: names may be cut there, and no message has counters. */
export function parseVppCounters(text: string): ReadonlyMap<number, Counters> {
  const all = new Map<number, Map<string, number>>()
  let current = new Map<string, number>()
  for (const line of text.split('\n').slice(1)) {
    const index = /^\S/.test(line) ? /^\s*(\d+)\s+(?:up|down)\b/.exec(line.slice(indexColumn))?.[1] : undefined
    if (index !== undefined) {
      current = new Map()
      all.set(Number(index), current)
    }
    const [, counter, value] = /\s([a-z][\w -]*?)\s+(\d+)\s*$/.exec(line) ?? []
    if (counter !== undefined) current.set(counter, Number(value))
  }
  return all
}

function directions(counters: Counters): Pick<ShownInterface, 'received' | 'sent'> {
  const of = (name: string): number => counters.get(name) ?? 0
  return {
    received: {
      bytes: of('rx bytes'),
      packets: of('rx packets'),
      errors: of('rx-error'),
      // VPP counts a packet that it drops where it came in.
      dropped: of('drops') + of('rx-miss') + of('rx-no-buf'),
    },
    sent: { bytes: of('tx bytes'), packets: of('tx packets'), errors: of('tx-error'), dropped: 0 },
  }
}

function stateOf(flags: number): ShownInterface['state'] {
  if ((flags & adminUp) === 0) return 'down'
  return (flags & linkUp) === 0 ? 'no carrier' : 'up'
}

/** A sub-interface of which none was set has that of its port. */
function mtuOf(row: Row, rows: ReadonlyMap<number, Row>): number {
  return row.mtu[0] === 0 ? (rows.get(row.sup_sw_if_index)?.mtu[0] ?? 0) : row.mtu[0]
}

async function addressesOf(vpp: VppAnswers, index: number): Promise<string[]> {
  const dumps = await Promise.all([false, true].map((is_ipv6) => vpp.dump('ip_address_dump', { sw_if_index: index, is_ipv6 })))
  return parse(z.array(Address), dumps.flat(), 'ip_address_dump').map(({ prefix }) => formatPrefix(parseInterfaceAddress(prefix)))
}

/** Numbers of the taps behind the twins in Linux: they belong to VPP itself. */
async function tapsOf(vpp: VppAnswers & { serves(message: string): boolean }): Promise<ReadonlySet<number>> {
  if (!vpp.serves('lcp_itf_pair_get_v2')) return new Set()
  const pairs = parse(z.array(Pair), await vpp.dump('lcp_itf_pair_get_v2', { sw_if_index: 0xffff_ffff }), 'lcp_itf_pair_get_v2')
  return new Set(pairs.map((pair) => pair.host_sw_if_index))
}

export async function lookAtVppInterfaces(vpp: VppAnswers & { serves(message: string): boolean }): Promise<ShownInterface[]> {
  const [dump, counters, taps] = await Promise.all([vpp.dump('sw_interface_dump'), vpp.cli('show interface'), tapsOf(vpp)])
  const rows = new Map(parse(z.array(Row), dump, 'sw_interface_dump').map((row) => [row.sw_if_index, row]))
  const counted = parseVppCounters(counters)
  const ours = [...rows.values()].filter((row) => !taps.has(row.sw_if_index) && row.interface_dev_type !== 'local')
  return Promise.all(
    ours.map(async (row) => ({
      name: row.interface_name,
      state: stateOf(row.flags),
      kind: row.type === subInterface ? 'vlan' : row.interface_dev_type.toLowerCase(),
      mac: row.l2_address,
      mtu: mtuOf(row, rows),
      addresses: await addressesOf(vpp, row.sw_if_index),
      ...directions(counted.get(row.sw_if_index) ?? new Map()),
    })),
  )
}
