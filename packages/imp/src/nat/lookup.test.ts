import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Fault } from '@imp/kit/base/fault.ts'
import { blockOf, holderOf, parseEndpoint } from './lookup.ts'
import type { Nat } from './model.ts'

const nat: Nat = {
  mappings: [
    { inside: '192.168.0.0/16', outside: '198.51.100.96/30' },
    { inside: '10.0.0.0/24', outside: '203.0.113.0/30' },
  ],
  bypass: [
    { source: '192.168.107.0/24', destination: '192.0.2.0/24' },
    { source: '10.0.0.0/8', destination: '172.16.0.0/12' },
  ],
}

function refused(look: () => unknown, message: RegExp, hint: RegExp): void {
  assert.throws(look, (error) => {
    assert.ok(error instanceof Fault && error.code === 'not-found')
    assert.match(error.message, message)
    assert.match(error.hint ?? '', hint)
    return true
  })
}

suite('NAT lookup', () => {
  test('finds the host behind an address and port', () => {
    const block = { address: '198.51.100.97', firstPort: 34567, lastPort: 34569 }
    assert.deepEqual(holderOf(nat, '198.51.100.97', 34567), { inside: '192.168.107.173', block, untranslated: ['192.0.2.0/24'] })
    assert.deepEqual(blockOf(nat, '192.168.107.173').block, block)
  })

  test('picks the mapping that has the address', () => {
    const found = holderOf(nat, '203.0.113.3', 65535)
    assert.deepEqual([found.inside, found.untranslated], ['10.0.0.255', ['172.16.0.0/12']])
    assert.deepEqual(blockOf(nat, '10.0.0.0').block, { address: '203.0.113.0', firstPort: 1024, lastPort: 2031 })
  })

  test('refuses ports that no host has, with the reason', () => {
    refused(() => holderOf(nat, '203.0.113.0', 1023), /203\.0\.113\.0:1023: ports under 1024 are never given/, /port/)
    refused(() => holderOf(nat, '203.0.113.0', 0), /ports under 1024/, /port/)
    // 16384 hosts with 3 ports each leave 15360 ports at the end, which must not be counted as those of the next address.
    refused(() => holderOf(nat, '198.51.100.96', 65535), /the last 15360 ports of an address are never given/, /port/)
    assert.equal(holderOf(nat, '198.51.100.96', 65535 - 15360).inside, '192.168.63.255')
  })

  test('tells inside from outside', () => {
    refused(() => holderOf(nat, '10.0.0.7', 2000), /no address of a NAT pool/, /inside address: imp nat lookup 10\.0\.0\.7$/)
    refused(() => holderOf(nat, '192.0.2.1', 2000), /no address of a NAT pool/, /pools: 198\.51\.100\.96\/30, 203\.0\.113\.0\/30/)
    refused(() => blockOf(nat, '203.0.113.1'), /is in no NAT mapping/, /outside address that several hosts share: add the port/)
    refused(() => blockOf(nat, '192.0.2.1'), /is in no NAT mapping/, /pools/)
  })

  test('reads addresses with and without a port, strictly', () => {
    assert.deepEqual(parseEndpoint('192.0.2.1'), { address: '192.0.2.1' })
    assert.deepEqual(parseEndpoint('192.0.2.1:0'), { address: '192.0.2.1', port: 0 })
    for (const text of ['192.0.2.1:', '192.0.2.1:65536', '192.0.2.1:01', '192.0.2.1:1:2', '192.0.2:5', '2001:db8::1', '192.0.2.1: 5', ''])
      assert.throws(() => parseEndpoint(text), Error, text)
  })
})
