/** What a fake VPP says of itself, its command line, and its traces. */
import { textAt } from '../api/fields.ts'
import type { Handlers } from './handler.ts'
import { recordingStatus } from './recording.ts'

/** Lines of the command line that are known, with what the real one prints. */
const lines: Readonly<Record<string, (heap: number) => string>> = {
  'show version': () => 'vpp v25.06-release built by root on host at 2025-06-25T00:00:00\n',
  // It forwards nothing, so that nothing was counted.
  'show errors': () => '   Count                  Node                              Reason               Severity \n',
  'show memory main-heap': (heap) => {
    const total = (heap / 2 ** 20).toFixed(2)
    const free = (heap / 2 ** 20 - 40).toFixed(2)
    return `Thread 0 vpp_main\n  base 0x7f0000000000, size ${Math.round(heap / 2 ** 20)}m, name 'main heap'\n    total: ${total}M, used: 40.00M, free: ${free}M, trimmable: ${free}M\n`
  },
}

export const watchHandlers: Handlers = {
  show_version: () => ({
    program: 'vpe',
    version: '25.06-release',
    build_date: '2025-06-25T00:00:00',
    build_directory: '/w/workspace/vpp',
  }),
  cli_inband: (state, fields, { heap }) => {
    const line = textAt(fields, 'cmd').trim()
    if (line === 'pcap trace status') return { reply: recordingStatus(state) }
    const known = lines[line]
    return known === undefined ? { retval: -1, reply: `unknown input \`${line}'\n` } : { reply: known(heap) }
  },
  trace_capture_packets: () => 0,
  trace_clear_cache: () => 0,
  trace_set_filters: () => 0,
  trace_filter_function_dump: () => [{ selected: true, name: 'vnet_is_packet_traced' }],
}
