import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { tracing } from './lines.ts'
import { parseTrace } from './parse.ts'
import { viewTrace } from './view.ts'

/** Of a VPP 25.06, shortened. */
const text = [
  '------------------- Start of thread 0 vpp_main -------------------',
  'Packet 1',
  '',
  '00:00:24:539021: af-packet-input',
  '  af_packet: hw_if_index 1 rx-queue 0 next-index 4',
  '    block 6:',
  '00:00:24:543814: ethernet-input',
  '  IP4: be:46:d5:84:e4:be -> 02:fe:66:5c:37:ec',
  '00:00:24:543825: ip4-input',
  '  ICMP: 10.99.0.2 -> 10.99.0.1',
  '    tos 0x00, ttl 64, length 84, checksum 0xe1e6 dscp CS0 ecn NON_ECN',
  '00:00:24:543857: lan-tx',
  '',
  'Packet 2',
  '',
  '00:00:24:603800: af-packet-input',
  '00:00:24:604899: ip6-input',
  '  IP6_HOP_BY_HOP_OPTIONS: :: -> ff02::16',
  '00:00:24:604909: error-drop',
  '  rx:lan',
  '00:00:24:604913: drop',
  '  ethernet-input: no error',
  '',
  '------------------- Start of thread 1 vpp_wk_0 -------------------',
  'No packets in trace buffer',
  '',
].join('\n')

suite('traces of VPP', () => {
  test('tell for each packet what it was, its way, and why it was dropped', () => {
    const [first, second, ...others] = parseTrace(text)
    assert.deepEqual(others, [])
    assert.deepEqual(
      [first?.what, first?.dropped, first?.nodes.map(({ node }) => node)],
      ['ICMP 10.99.0.2 -> 10.99.0.1', undefined, ['af-packet-input', 'ethernet-input', 'ip4-input', 'lan-tx']],
    )
    assert.deepEqual([second?.what, second?.dropped], ['IP6_HOP_BY_HOP_OPTIONS :: -> ff02::16', 'ethernet-input: no error'])
  })

  test('are drawn as ways, or with all that the nodes say', () => {
    const packets = parseTrace(text)
    assert.equal(
      viewTrace(packets, false),
      [
        'packet 1  00:00:24:539021  ICMP 10.99.0.2 -> 10.99.0.1',
        '  af-packet-input > ethernet-input > ip4-input > lan-tx',
        'packet 2  00:00:24:603800  IP6_HOP_BY_HOP_OPTIONS :: -> ff02::16  dropped',
        '  af-packet-input > ip6-input > error-drop > drop',
        '  dropped: ethernet-input: no error',
      ].join('\n'),
    )
    assert.match(viewTrace(packets, true), /\n {2}ip4-input\n {4}ICMP: 10\.99\.0\.2 -> 10\.99\.0\.1\n/)
  })

  test('are none when nothing came', () => {
    assert.deepEqual(parseTrace('------------------- Start of thread 0 vpp_main -------------------\nNo packets in trace buffer\n'), [])
  })

  test('begin without what was there before, and count only packets of the addresses', () => {
    assert.deepEqual(tracing({ nodes: ['memif-input'], count: 5, source: '2001:db8::1', through: 'ip6-lookup' }), [
      'clear trace',
      'trace filter none',
      'classify filter trace del',
      'classify filter trace mask l3 ip6 src match l3 ip6 src 2001:db8::1',
      'trace filter include ip6-lookup 5',
      'trace add memif-input 5 filter',
    ])
    assert.deepEqual(tracing({ nodes: ['memif-input', 'dpdk-input'], count: 5 }).slice(3), [
      'trace add memif-input 5',
      'trace add dpdk-input 5',
    ])
    assert.match(
      tracing({ nodes: [], count: 1, source: '192.0.2.1', destination: '198.51.100.1' })[3] ?? '',
      /mask l3 ip4 src dst match l3 ip4 src 192\.0\.2\.1 dst 198\.51\.100\.1$/,
    )
  })
})
