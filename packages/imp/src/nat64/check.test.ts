import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { assertFound, changed, titleOf, type Case, type Changes } from '../config/sample.ts'
import type { RouterConfigInput } from '../config/model.ts'
import { checkNat64 } from './check.ts'

type Nat64Input = NonNullable<RouterConfigInput['nat64']>

const sound: Nat64Input = { prefix: '2001:db8:64::/96', pool: '203.0.113.64/28' }

function nat64(changes: Partial<Nat64Input>, more: Changes = {}): Changes {
  return { nat64: { ...sound, ...changes }, ...more }
}

const external4: Changes = {
  interfaces: [
    { name: 'wan', role: 'external', addresses: ['2001:db8:ffff::2/64'] },
    { name: 'lan', role: 'internal', addresses: ['192.168.0.1/24', '2001:db8:10::1/64'] },
  ],
}

const cases: readonly Case[] = [
  { rule: 'a length that RFC 6052 lacks', changes: nat64({ prefix: '2001:db8:64::/80' }), path: 'nat64.prefix', message: /RFC 6052/ },
  {
    rule: 'bits in the reserved octet',
    changes: nat64({ prefix: '2001:db8:64:0:100::/96' }),
    path: 'nat64.prefix',
    message: /ninth octet/,
  },
  { rule: 'around the well-known prefix', changes: nat64({ prefix: '64:ff9b::/64' }), path: 'nat64.prefix', message: /only 64:ff9b::\/96/ },
  {
    rule: 'the local-use prefix, which tayga refuses',
    changes: nat64({ prefix: '64:ff9b:1::/96' }),
    path: 'nat64.prefix',
    message: /only 64:ff9b::\/96/,
  },
  { rule: 'a prefix on an interface', changes: nat64({ prefix: '2001:db8:10::/96' }), path: 'nat64.prefix', message: /network of lan/ },
  {
    rule: 'a prefix that is routed elsewhere',
    changes: nat64({}, { routes: [{ prefix: '2001:db8:64::/96', via: '2001:db8:10::9' }] }),
    path: 'nat64.prefix',
    message: /routes\[0\] leads elsewhere/,
  },
  {
    rule: 'neighbours that the well-known prefix must not stand for',
    severity: 'warning',
    changes: nat64({ prefix: '64:ff9b::/96' }),
    path: 'nat64.prefix',
    message: /198\.51\.100\.0\/30 of wan are not reached/,
  },
  {
    rule: 'an interface that is not there',
    changes: nat64({ interfaces: ['lan', 'lab'] }),
    path: 'nat64.interfaces[1]',
    message: /not the name/,
  },
  { rule: 'an interface twice', changes: nat64({ interfaces: ['lan', 'lan'] }), path: 'nat64.interfaces[1]', message: /twice/ },
  { rule: 'an external interface', changes: nat64({ interfaces: ['wan'] }), path: 'nat64.interfaces[0]', message: /no internal/ },
  { rule: 'an interface without IPv6', changes: nat64({ interfaces: ['lan.40'] }), path: 'nat64.interfaces[0]', message: /no IPv6/ },
  { rule: 'no IPv4 outside', changes: nat64({}, external4), path: 'nat64', message: /no external interface with IPv4/ },
  {
    rule: 'nobody to use it',
    changes: nat64({}, { interfaces: [{ name: 'wan', role: 'external', addresses: ['198.51.100.2/30'] }] }),
    path: 'nat64',
    message: /no internal interface with IPv6/,
  },
  {
    rule: 'a pool of NAT',
    changes: nat64({ pool: '203.0.113.96/30' }),
    path: 'nat64.pool',
    message: /203\.0\.113\.96\/28 of nat\.mappings\[0\]/,
  },
  { rule: 'an inside of NAT', changes: nat64({ pool: '192.168.99.0/30' }), path: 'nat64.pool', message: /mappings\[0\]\.inside/ },
  { rule: 'the address of a neighbour', changes: nat64({ pool: '198.51.100.0/30' }), path: 'nat64.pool', message: /another router/ },
  { rule: 'addresses of its own', changes: nat64({ pool: '203.0.113.0/30' }), path: 'nat64.pool', message: /203\.0\.113\.1 of lo0 itself/ },
  { rule: 'a network of hosts', changes: nat64({ pool: '203.0.113.24/29' }), path: 'nat64.pool', message: /network of dmz/ },
  { rule: 'a pool that nobody announces', changes: nat64({ pool: '192.31.196.0/28' }), path: 'nat64.pool', message: /no announced prefix/ },
  {
    rule: 'the own address with VPP',
    changes: nat64({ pool: '198.51.100.2/32' }, { dataplane: 'vpp' }),
    path: 'nat64.pool',
    message: /198\.51\.100\.2 of wan itself/,
  },
  {
    rule: 'more addresses than VPP has memory for',
    changes: nat64({ pool: '203.0.112.0/23' }, { dataplane: 'vpp' }),
    path: 'nat64.pool',
    message: /512 addresses/,
  },
  { rule: 'timeouts of the kernel', changes: nat64({ timeouts: {} }), path: 'nat64.timeouts', message: /cannot be chosen/ },
  {
    rule: 'the network of the translator',
    changes: nat64({}, { routes: [{ prefix: '198.18.7.0/24', blackhole: true }] }),
    path: 'routes[0].prefix',
    message: /what the translator uses/,
  },
]

suite('rules about NAT64', () => {
  for (const each of cases) test(titleOf(each), () => assertFound(each))

  test('nothing is wrong with a sound one, nor with its own address alone', () => {
    assert.deepEqual(checkNat64(changed(nat64({}))), [])
    assert.deepEqual(checkNat64(changed(nat64({ pool: '198.51.100.2/32' }))), [])
    assert.deepEqual(checkNat64(changed(nat64({ timeouts: { udp: 120 } }, { dataplane: 'vpp' }))), [])
  })
})
