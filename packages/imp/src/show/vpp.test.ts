/** Answers of a VPP 25.06 with two ports, a VLAN and det44, as it gave them. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Question, VppAnswers } from './vpp.ts'
import { viewCounters } from './counters.ts'
import { lookAtVppCounters } from './vpp-counters.ts'
import { parseVppErrors, viewVppErrors } from './vpp-errors.ts'
import { lookAtVppFib } from './vpp-fib.ts'
import { lookAtVppInterfaces, parseVppCounters } from './vpp-interfaces.ts'
import { lookAtVppNat } from './vpp-nat.ts'
import { parseVppRuntime, viewVppRuntime } from './vpp-runtime.ts'

const showInterface = [
  '              Name               Idx    State  MTU (L3/IP4/IP6/MPLS)     Counter          Count     ',
  'lan                               1      up          9000/0/0/0     rx packets                    25',
  '                                                                    rx bytes                    2042',
  '                                                                    tx packets                     9',
  '                                                                    tx bytes                     770',
  '                                                                    drops                         17',
  '                                                                    ip4                            7',
  'local0                            0     down          0/0/0/0       ',
  'a-name-that-is-longer-than-the-c1234      up          9000/0/0/0     tx-error                       3',
  '',
].join('\n')

const showErrors = [
  '   Count                  Node                              Reason               Severity ',
  '        21          af-packet-input                    timed out block             error  ',
  '         1             arp-reply             ARP request IP4 source address lear   info   ',
  '         4            det44-in2out                     Out of ports                error  ',
  '         5            det44-out2in                    No translation               error  ',
  '         6            det44-in2out                    No translation               error  ',
  '',
].join('\n')

const row = {
  sup_sw_if_index: 1,
  l2_address: '02:fe:66:5c:37:ec',
  flags: 3,
  type: 0,
  mtu: [9000, 0, 0, 0],
  interface_dev_type: 'af-packet',
}
const interfaces = [
  { ...row, sw_if_index: 0, sup_sw_if_index: 0, interface_name: 'local0', interface_dev_type: 'local', flags: 0 },
  { ...row, sw_if_index: 1, interface_name: 'lan' },
  { ...row, sw_if_index: 2, interface_name: 'lan.100', type: 1, mtu: [0, 0, 0, 0], flags: 1 },
  { ...row, sw_if_index: 3, sup_sw_if_index: 3, interface_name: 'tap4096', interface_dev_type: 'virtio' },
]

function path(type: number, ip4 = '0.0.0.0', sw_if_index = 0xffff_ffff): unknown {
  return { sw_if_index, weight: 1, preference: 0, type, proto: 0, nh: { address: { ip4, ip6: '::' } } }
}
const routes = [
  { prefix: '0.0.0.0/0', src: 2, paths: [path(2)] },
  { prefix: '10.99.0.1/24', src: 4, paths: [path(0, '0.0.0.0', 1)] },
  { prefix: '198.18.0.0/16', src: 9, paths: [path(0, '10.99.0.2', 1), path(0, '10.99.0.3')] },
]

type Answer = (fields: Question) => unknown
const dumps: Readonly<Record<string, Answer>> = {
  sw_interface_dump: () => interfaces,
  lcp_itf_pair_get_v2: () => [{ phy_sw_if_index: 1, host_sw_if_index: 3 }],
  ip_address_dump: ({ sw_if_index, is_ipv6 }) => (sw_if_index === 1 && is_ipv6 === false ? [{ prefix: '10.99.0.1/24' }] : []),
  ip_route_v2_dump: ({ table }) => ((table as { is_ip6: boolean }).is_ip6 ? [] : routes.map((route) => ({ route }))),
  fib_source_dump: () => [{ src: { id: 4, name: 'interface' } }, { src: { id: 9, name: 'CLI' } }],
  det44_map_dump: () => [
    { in_plen: 24, ports_per_host: 1008, ses_num: 2 },
    { in_plen: 30, ports_per_host: 504, ses_num: 1 },
  ],
  det44_session_dump: () => [
    { in_port: 3333, ext_addr: '10.98.0.2', ext_port: 53, out_port: 3349, state: 1 },
    { in_port: 40000, ext_addr: '10.98.0.2', ext_port: 443, out_port: 3350, state: 3 },
  ],
}
const replies: Readonly<Record<string, Answer>> = {
  ip_route_lookup_v2: ({ prefix }) => (prefix === '203.0.113.0/24' ? { retval: -6, route: {} } : { retval: 0, route: routes[2] }),
  det44_forward: ({ in_addr }) => ({ retval: in_addr === '10.99.0.2' ? 0 : -6, out_addr: '203.0.113.64' }),
}
const vpp: VppAnswers & { serves(message: string): boolean } = {
  name: 'VPP (core)',
  serves: () => true,
  dump: (message, fields = {}) => Promise.resolve(dumps[message]?.(fields) as unknown[]),
  request: (message, fields = {}) => Promise.resolve(replies[message]?.(fields)),
  call: () => Promise.reject(new Error('nothing is changed')),
  cli: (line) => Promise.resolve(line === 'show interface' ? showInterface : showErrors),
}

suite('looking at VPP', () => {
  test('shows ports and VLANs as those of Linux are shown, without the taps behind their twins', async () => {
    const [lan, vlan, ...others] = await lookAtVppInterfaces(vpp)
    assert.deepEqual(others, [])
    assert.deepEqual(lan, {
      name: 'lan',
      state: 'up',
      kind: 'af-packet',
      mac: '02:fe:66:5c:37:ec',
      mtu: 9000,
      addresses: ['10.99.0.1/24'],
      received: { bytes: 2042, packets: 25, errors: 0, dropped: 17 },
      sent: { bytes: 770, packets: 9, errors: 0, dropped: 0 },
    })
    assert.deepEqual([vlan?.name, vlan?.kind, vlan?.state, vlan?.mtu, vlan?.received.packets], ['lan.100', 'vlan', 'no carrier', 9000, 0])
  })

  test('finds counters by number where VPP cuts the name', () => {
    assert.deepEqual([...(parseVppCounters(showInterface).get(1234) ?? [])], [['tx-error', 3]])
  })

  test('shows the forwarding table with who made each entry', async () => {
    assert.deepEqual(await lookAtVppFib(vpp), [
      { prefix: '0.0.0.0/0', type: 'blackhole', protocol: 'source 2', metric: 0, hops: [] },
      { prefix: '10.99.0.0/24', type: 'unicast', protocol: 'interface', metric: 0, hops: [{ interface: 'lan', weight: 1 }] },
      {
        prefix: '198.18.0.0/16',
        type: 'unicast',
        protocol: 'CLI',
        metric: 0,
        hops: [
          { address: '10.99.0.2', interface: 'lan', weight: 1 },
          { address: '10.99.0.3', weight: 1 },
        ],
      },
    ])
  })

  test('shows the entry of one destination, and none for a prefix that is not there', async () => {
    assert.deepEqual(
      (await lookAtVppFib(vpp, '198.18.3.4')).map(({ prefix }) => prefix),
      ['198.18.0.0/16'],
    )
    assert.deepEqual(await lookAtVppFib(vpp, '203.0.113.0/24'), [])
  })

  test('counts sessions of det44, at most 1000 for each host, and what was lost', async () => {
    assert.deepEqual(await lookAtVppNat(vpp, []), {
      mappings: [],
      tracked: 3,
      maximum: 256 * 1000 + 4 * 504,
      insertFailed: 4,
      untranslatable: 11,
    })
  })

  test('shows the flows of an inside host, and none of a host that is not mapped', async () => {
    const { flows } = await lookAtVppNat(vpp, [], '10.99.0.2')
    assert.deepEqual(flows?.[1], {
      protocol: 'tcp',
      state: 'ESTABLISHED',
      inside: '10.99.0.2:40000',
      destination: '10.98.0.2:443',
      outside: '203.0.113.64:3350',
      answered: true,
    })
    assert.deepEqual((await lookAtVppNat(vpp, [], '192.0.2.1')).flows, [])
  })

  test('reads counters of nodes by their columns, since both texts have spaces', () => {
    assert.deepEqual(parseVppErrors(showErrors)[1], {
      count: 1,
      node: 'arp-reply',
      reason: 'ARP request IP4 source address lear',
      severity: 'info',
    })
    assert.match(viewVppErrors(parseVppErrors(showErrors)).split('\n')[1] ?? '', /^21 +af-packet-input +timed out block +error$/)
  })

  test('adds up what each thread of a node counted, and shows it with the counters of the kernel', async () => {
    const twice = { ...vpp, cli: () => Promise.resolve(showErrors + showErrors) }
    const counted = await lookAtVppCounters(twice, 'nat')
    assert.equal(counted.length, parseVppErrors(showErrors).length)
    assert.deepEqual(
      counted.find(({ reason }) => reason === 'Out of ports'),
      { instance: 'nat', count: 8, node: 'det44-in2out', reason: 'Out of ports', severity: 'error' },
    )
    const shown = viewCounters({ kernel: { IpForwDatagrams: 4 }, rules: [], vpp: counted })
    assert.match(shown, /VPP \(nat\) det44-in2out: Out of ports +8\n[^]*IpForwDatagrams +4$/)
  })

  test('shows nodes that forward, the busiest first, on each thread', () => {
    const text = [
      'Thread 0 vpp_main (lcore 1)',
      '             Name                 State         Calls          Vectors        Suspends         Clocks       Vectors/Call  ',
      'af-packet-input               interrupt wa              42              50               0          4.31e7            1.19',
      'bfd-process                   "event wait"               0               0               1          5.56e3            0.00',
      'Thread 1 vpp_wk_0 (lcore 2)',
      'ip4-lookup                       active                  9               9               0          9.26e3            1.00',
      '',
    ].join('\n')
    const nodes = parseVppRuntime(text)
    assert.deepEqual(
      nodes.map(({ thread, node, state }) => [thread, node, state]),
      [
        ['vpp_main', 'af-packet-input', 'interrupt wa'],
        ['vpp_main', 'bfd-process', 'event wait'],
        ['vpp_wk_0', 'ip4-lookup', 'active'],
      ],
    )
    assert.deepEqual(
      viewVppRuntime(nodes)
        .split('\n')
        .slice(1)
        .map((line) => line.split(/ +/)[1]),
      ['af-packet-input', 'ip4-lookup'],
    )
  })
})
