/** How a fake VPP records packets: its pcap, and the tables of its classifier that filter what pcap takes. */
import { flagAt, listAt, numberAt, textAt } from '../api/fields.ts'
import type { Handlers, Reply } from './handler.ts'
import { noInterface, type FakeState } from './state.ts'

const none = noInterface

/** Of a table with all that come after it. */
function chainOf({ tables }: FakeState, first: number): number[] {
  const chain: number[] = []
  for (let index = first; tables.has(index); index = tables.get(index)?.next ?? none) chain.push(index)
  return chain
}

function addTable(state: FakeState, mask: readonly number[], next: number): Reply {
  const index = state.tables.size === 0 ? 0 : Math.max(...state.tables.keys()) + 1
  state.tables.set(index, { mask, next, sessions: [] })
  return { new_table_index: index, skip_n_vectors: 0, match_n_vectors: mask.length / 16 }
}

/** What `pcap trace status` prints. */
export function recordingStatus({ pcap }: FakeState): string {
  if (pcap?.on !== true) return 'pcap dispatch capture disabled\n'
  return `pcap rx and tx dispatch capture enabled: ${pcap.captured} of ${pcap.most} pkts...\ncapture to file /tmp/${pcap.file}\n`
}

export const recordingHandlers: Handlers = {
  classify_add_del_table: (state, fields) => {
    const mask = listAt(fields, 'mask').map(Number)
    if (mask.length !== 16 * numberAt(fields, 'match_n_vectors')) return -7
    return flagAt(fields, 'is_add') ? addTable(state, mask, numberAt(fields, 'next_table_index')) : -9
  },
  classify_add_del_session: ({ tables }, fields) => {
    const table = tables.get(numberAt(fields, 'table_index'))
    if (table === undefined) return -66
    table.sessions.push(listAt(fields, 'match').map(Number))
    return 0
  },
  classify_pcap_set_table: (state, fields) => {
    const index = numberAt(fields, 'table_index')
    if (index !== none && !state.tables.has(index)) return -7
    if (index === none) for (const each of state.pcapTables ?? []) state.tables.delete(each)
    state.pcapTables = chainOf(state, index)
    return { table_index: index }
  },
  classify_pcap_get_tables: ({ pcapTables }) => (pcapTables === undefined ? -7 : { count: pcapTables.length, indices: [...pcapTables] }),
  pcap_trace_on: (state, fields) => {
    const index = numberAt(fields, 'sw_if_index')
    if (!state.interfaces.has(index)) return { crash: 'SIGSEGV' }
    const file = textAt(fields, 'filename')
    if (file === '' || /[/]|[.][.]/.test(file)) return -133
    if (state.pcap?.on === true) return -7
    const bytes = numberAt(fields, 'max_bytes_per_packet')
    if (bytes < 32 || bytes > 9000) return -70
    const most = numberAt(fields, 'max_packets')
    state.pcap = { file, interface: index, filter: flagAt(fields, 'filter'), most, captured: 0, on: true }
    return 0
  },
  pcap_trace_off: (state, _fields, { writes }) => {
    const { pcap } = state
    if (pcap?.on !== true) return -81
    pcap.on = false
    if (pcap.captured === 0) return -6
    writes?.(`/tmp/${pcap.file}`, pcap.captured)
    return 0
  },
}
