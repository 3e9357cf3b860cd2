import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { formatPrefix } from '@imp/kit/base/ip.ts'
import { parseVppFilter, type Match } from './vpp-filter.ts'
import { patternOf } from './vpp-pattern.ts'

/** `ip icmp 192.0.2.1/32 > 198.51.100.0/24 :1 > :2`, as far as a match says it. */
function written({ vlan, ethertype, protocol, source, destination, sourcePort, destinationPort }: Match): string {
  const words = [
    vlan === undefined ? '' : `vlan ${vlan}`,
    ethertype === undefined ? '' : `0x${ethertype.toString(16)}`,
    protocol === undefined ? '' : `protocol ${protocol}`,
    source === undefined ? '' : `from ${formatPrefix(source)}`,
    destination === undefined ? '' : `to ${formatPrefix(destination)}`,
    sourcePort === undefined ? '' : `from :${sourcePort}`,
    destinationPort === undefined ? '' : `to :${destinationPort}`,
  ]
  return words.filter((word) => word !== '').join(' ')
}

const understood: readonly (readonly [filter: string, ...matches: string[]])[] = [
  ['arp', '0x806'],
  ['icmp', '0x800 protocol 1'],
  ['icmp6 and vlan 40', 'vlan 40 0x86dd protocol 58'],
  ['host 192.0.2.1', '0x800 from 192.0.2.1/32', '0x800 to 192.0.2.1/32'],
  ['src host 192.0.2.1 and dst net 198.51.100.0/24', '0x800 from 192.0.2.1/32 to 198.51.100.0/24'],
  ['dst 2001:db8::1', '0x86dd to 2001:db8::1/128'],
  ['tcp', '0x800 protocol 6', '0x86dd protocol 6'],
  ['host 192.0.2.1 and tcp dst port 179', '0x800 protocol 6 from 192.0.2.1/32 to :179', '0x800 protocol 6 to 192.0.2.1/32 to :179'],
  ['ip6  &&  udp port 53', '0x86dd protocol 17 from :53', '0x86dd protocol 17 to :53'],
  ['src net 10.0.0.0/8 and src host 10.0.0.1', '0x800 from 10.0.0.1/32'],
]

const refused: readonly (readonly [filter: string, why: RegExp])[] = [
  ['tcp or udp', /cannot filter packets by "tcp or udp"/],
  ['not arp', /cannot filter/],
  ['icmp[icmptype] == icmp-echo', /cannot filter/],
  ['host example.net', /cannot filter packets by "host example.net"/],
  ['port 70000', /cannot filter/],
  ['vlan 4095', /cannot filter/],
  ['net 10.0.0.1/8', /cannot filter/],
  ['192.0.2.1', /cannot filter/],
  ['icmp and ip6', /no packet can meet/],
  ['src host 10.0.0.1 and src host 10.0.0.2', /no packet can meet/],
  ['port 53 and host 192.0.2.1 and host 192.0.2.2 and port 99 and', /cannot filter/],
]

suite('filters of captures of VPP', () => {
  for (const [filter, ...matches] of understood) {
    test(`read ${JSON.stringify(filter)}`, () => assert.deepEqual(parseVppFilter(filter).map(written), matches))
  }
  for (const [filter, why] of refused) {
    test(`refuse ${JSON.stringify(filter)}`, () =>
      assert.throws(
        () => parseVppFilter(filter),
        (error: Error & { code?: string }) => error.code === 'input' && why.test(error.message),
      ))
  }
})

/** A frame, or a mask, without the zeros at its end. */
function hex(bytes: Buffer): string {
  return bytes.toString('hex').replace(/(00)+$/, '')
}

suite('patterns of frames', () => {
  test('are the bytes of the header, in whole vectors', () => {
    const [match = {}] = parseVppFilter('src net 10.0.0.0/12 and tcp dst port 179')
    const { mask, bytes } = patternOf(match, [])
    const zeros = '00'.repeat(12)
    assert.equal(hex(mask), `${zeros}ffff0f${'00'.repeat(5)}1fff00ff0000fff0${'00'.repeat(8)}ffff`)
    assert.equal(hex(bytes), `${zeros}080005${'00'.repeat(8)}0600000a${'00'.repeat(10)}b3`)
    assert.deepEqual([mask.length, bytes.length], [48, 48])
  })

  test('have the tags of a VLAN before the header', () => {
    const { mask, bytes } = patternOf({ ethertype: 0x0806 }, [
      { ethertype: 0x88a8, id: 300 },
      { ethertype: 0x8100, id: 40 },
    ])
    assert.equal(hex(mask), `${'00'.repeat(12)}ffff0fffffff0fffffff`)
    assert.equal(hex(bytes), `${'00'.repeat(12)}88a8012c810000280806`)
  })

  test('of IPv6 under two tags fit into what VPP compares', () => {
    const [match = {}] = parseVppFilter('vlan 5 and src host 2001:db8::1 and dst host 2001:db8::2 and udp src port 1 and dst port 2')
    const { mask } = patternOf(match, [{ ethertype: 0x88a8, id: 1 }])
    assert.equal(mask.length, 80)
  })
})
