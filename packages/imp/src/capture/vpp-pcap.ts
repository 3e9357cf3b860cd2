/** Recording by VPP itself: its pcap takes what comes in and goes out on one port, or on all of them. */
import { z } from 'zod'
import { Fault } from '@imp/kit/base/fault.ts'
import { parse } from '@imp/kit/base/schema.ts'
import { ethertypes, type Match } from './vpp-filter.ts'
import { patternOf, vectorBytes, type Pattern, type Tag } from './vpp-pattern.ts'

type Question = Readonly<Record<string, unknown>>

/** What recording needs of a client of VPP's binary API. */
export interface Vpp {
  /** For messages: `VPP (core)`. */
  readonly name: string
  /** The reply, whatever its return value. */
  request(message: string, fields?: Question): Promise<unknown>
  /** The reply; an `exec` fault when VPP refuses. */
  call(message: string, fields?: Question): Promise<unknown>
  dump(message: string, fields?: Question): Promise<readonly unknown[]>
  /** What a line of VPP's command line prints; only for what no message tells. */
  cli(line: string): Promise<string>
}

const Row = z.looseObject({
  sw_if_index: z.int(),
  sup_sw_if_index: z.int(),
  link_mtu: z.int(),
  mtu: z.array(z.int()),
  sub_number_of_tags: z.int(),
  sub_if_flags: z.int(),
  sub_outer_vlan_id: z.int(),
  sub_inner_vlan_id: z.int(),
  interface_name: z.string(),
  interface_dev_type: z.string(),
})
type Row = z.output<typeof Row>
const Retval = z.looseObject({ retval: z.int() })
const NewTable = z.looseObject({ new_table_index: z.int() })
const Tables = z.looseObject({ retval: z.int(), indices: z.array(z.int()) })

/** sub_if_flags of VPP's interface_types.api: its outer tag is of a service VLAN. */
const dot1ad = 8

/** What VPP calls all interfaces here, and no table. */
const anyInterface = 0
const none = 0xffff_ffff

/** Bytes for the entries of one table; VPP takes 2 MiB of its main heap unless told. */
const tableMemory = 128 * 1024

/** Bytes that VPP keeps of a packet, of all that it allows. */
const [leastBytes, mostBytes] = [32, 9000]
/** Bytes before the packet in a frame: addresses, type and two tags. */
const frameBytes = 22

/** Where VPP records: the number of a port, and the tags by which the packets of a VLAN on it are told. */
export interface Port {
  readonly index: number
  readonly tags: readonly Tag[]
  /** Bytes of its longest frame. */
  readonly bytes: number
}

function frameSize({ link_mtu, mtu }: Row): number {
  return Math.min(mostBytes, Math.max(leastBytes, Math.max(link_mtu, ...mtu) + frameBytes))
}

function tagsOf(row: Row): Tag[] {
  const outer = (row.sub_if_flags & dot1ad) === 0 ? ethertypes.vlan : ethertypes.serviceVlan
  return [
    ...(row.sub_number_of_tags > 0 ? [{ ethertype: outer, id: row.sub_outer_vlan_id }] : []),
    ...(row.sub_number_of_tags > 1 ? [{ ethertype: ethertypes.vlan, id: row.sub_inner_vlan_id }] : []),
  ]
}

/** Finds where to record. Faults: `not-found` for a name that VPP has not, `unsupported` for a loopback, on which no frames come in. */
export async function findPort(vpp: Vpp, name: string): Promise<Port> {
  const rows = parse(z.array(Row), await vpp.dump('sw_interface_dump'), 'sw_interface_dump')
  if (name === 'any') return { index: anyInterface, tags: [], bytes: Math.max(leastBytes, ...rows.map(frameSize)) }
  const row = rows.find((each) => each.interface_name === name)
  if (row === undefined) {
    const names = rows.map((each) => each.interface_name).filter((each) => !/^(local0|tap\d+.*)$/.test(each))
    throw new Fault('not-found', `${vpp.name} has no interface ${name}`, { hint: `there are any, ${names.join(', ')}` })
  }
  if (row.interface_dev_type === 'Loopback')
    throw new Fault('unsupported', `VPP records frames, and ${name} has none of its own`, {
      hint: 'record on the ports behind it, or on any',
    })
  const port = rows.find((each) => each.sw_if_index === row.sup_sw_if_index) ?? row
  return { index: port.sw_if_index, tags: tagsOf(row), bytes: frameSize(port) }
}

/** Patterns of one mask share a table; the tables are asked one after the other. */
async function addTables(vpp: Vpp, patterns: readonly Pattern[]): Promise<number> {
  let first = none
  for (const [, alike] of Map.groupBy(patterns, ({ mask }) => mask.toString('hex'))) {
    const mask = [...(alike[0]?.mask ?? [])]
    const shape = { memory_size: tableMemory, match_n_vectors: mask.length / vectorBytes, next_table_index: first, mask }
    const reply = await vpp.call('classify_add_del_table', { is_add: true, ...shape })
    first = parse(NewTable, reply, 'classify_add_del_table').new_table_index
    for (const { bytes } of alike) await vpp.call('classify_add_del_session', { is_add: true, table_index: first, match: [...bytes] })
  }
  return first
}

/** Takes the filter away; VPP deletes its tables with it, and refuses to tell them where there never was one. */
async function removeFilter(vpp: Vpp): Promise<void> {
  const reply = await vpp.request('classify_pcap_get_tables', { sw_if_index: anyInterface })
  const { retval, indices } = parse(Tables, reply, 'classify_pcap_get_tables')
  if (retval === 0 && indices.length > 0) await vpp.call('classify_pcap_set_table', { sw_if_index: anyInterface, table_index: none })
}

export interface Recording {
  readonly file: string
  readonly packets: number
  readonly bytes: number
}

/** Begins to record. A `conflict` fault when VPP records already: it does one recording at a time. */
export async function beginRecording(vpp: Vpp, port: Port, matches: readonly Match[], { file, packets, bytes }: Recording): Promise<void> {
  const present = await findRecording(vpp)
  if (present !== undefined)
    throw new Fault('conflict', `${vpp.name} records already, into ${present.file}, and does one recording at a time`, {
      hint: 'imp capture list shows captures; imp shell core: pcap trace off ends one that is none of them',
    })
  const patterns = matches.map((match) => patternOf(match, port.tags))
  const filter = patterns.some(({ mask }) => mask.some((byte) => byte !== 0))
  await removeFilter(vpp)
  if (filter) await vpp.call('classify_pcap_set_table', { sw_if_index: anyInterface, table_index: await addTables(vpp, patterns) })
  // VPP dies of an interface that is not there: the number was asked for just now.
  await vpp.call('pcap_trace_on', {
    capture_rx: true,
    capture_tx: true,
    filter,
    preallocate_data: true,
    free_data: true,
    max_packets: packets,
    max_bytes_per_packet: bytes,
    sw_if_index: port.index,
    filename: file,
  })
}

/** What VPP records now: the name of its file, and how many packets it has of those that it will keep. No message tells it. */
export async function findRecording(
  vpp: Vpp,
): Promise<{ readonly file: string; readonly captured: number; readonly most: number } | undefined> {
  const text = await vpp.cli('pcap trace status')
  const [, captured, most] = /enabled: (\d+) of (\d+) pkts/.exec(text) ?? []
  const file = /^capture to file (?:.*\/)?(\S+)$/m.exec(text)?.[1]
  return captured === undefined || file === undefined ? undefined : { file, captured: Number(captured), most: Number(most) }
}

/** pcap_trace_off had nothing to write, or nothing was recorded. */
const [nothingCaptured, notRecording] = [-6, -81]

/** Gives back the memory that VPP keeps for the next recording: one of no packets, which frees it as it begins. */
async function releaseMemory(vpp: Vpp): Promise<void> {
  await vpp.call('pcap_trace_on', {
    capture_rx: true,
    free_data: true,
    max_packets: 0,
    max_bytes_per_packet: leastBytes,
    filename: 'imp-none',
  })
  await vpp.request('pcap_trace_off')
}

export type Ended = 'written' | 'empty' | 'not recording'

/** Ends the recording into this file, and has VPP write what it has. An `exec` fault when it cannot write it. */
export async function endRecording(vpp: Vpp, file: string): Promise<Ended> {
  if ((await findRecording(vpp))?.file !== file) return 'not recording'
  const { retval } = parse(Retval, await vpp.request('pcap_trace_off'), 'pcap_trace_off')
  if (retval === notRecording) return 'not recording'
  await removeFilter(vpp)
  await releaseMemory(vpp)
  if (retval === nothingCaptured) return 'empty'
  if (retval < 0) throw new Fault('exec', `${vpp.name} could not write ${file} (${retval})`, { hint: 'is there room in its /tmp?' })
  return 'written'
}
