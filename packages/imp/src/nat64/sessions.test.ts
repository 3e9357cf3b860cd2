import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { joinSessions, viewSessions, vppSessions, type Tracked } from './sessions.ts'

const nat64 = { prefix: '64:ff9b::/96', pool: '203.0.113.64/28' }

function tracked(protocol: string, inside: string, destination: string, outside = destination): Tracked {
  return { protocol, inside, destination, outside, answered: true }
}

const before = [
  tracked('tcp', '2001:db8:a::2:40000', '64:ff9b::c01f:c401:443'),
  tracked('tcp', '2001:db8:a::3:40000', '64:ff9b::c01f:c402:443'),
  tracked('icmpv6', '2001:db8:a::2:77', '64:ff9b::c01f:c401'),
]
const behind = [
  { ...tracked('tcp', '198.18.7.7:40000', '192.31.196.1:443', '203.0.113.65:40000'), state: 'ESTABLISHED' },
  tracked('icmp', '198.18.7.7:77', '192.31.196.1', '203.0.113.65:77'),
]

suite('sessions of NAT64', () => {
  test('are one of the flow before the translator and of that behind it', () => {
    assert.deepEqual(joinSessions(nat64, before, behind), [
      {
        protocol: 'tcp',
        state: 'ESTABLISHED',
        client: '[2001:db8:a::2]:40000',
        lent: '198.18.7.7',
        destination: '192.31.196.1:443',
        outside: '203.0.113.65:40000',
        answered: true,
      },
      {
        protocol: 'icmp',
        client: '[2001:db8:a::2]:77',
        lent: '198.18.7.7',
        destination: '192.31.196.1',
        outside: '203.0.113.65:77',
        answered: true,
      },
    ])
  })

  test('name no host where two may be meant', () => {
    const twin = tracked('tcp', '2001:db8:a::9:40000', '64:ff9b::c01f:c401:443')
    const [first] = joinSessions(nat64, [...before, twin], behind)
    assert.equal(first?.client, undefined)
    assert.equal(first?.lent, '198.18.7.7')
    assert.match(viewSessions({ ...nat64, sessions: first === undefined ? [] : [first] }), /host of 198\.18\.7\.7/)
  })

  test('of VPP have its addresses and ports, each in its place', () => {
    const row = {
      il_addr: '2001:db8:a::2',
      il_port: 443,
      ol_addr: '203.0.113.65',
      ol_port: 9,
      or_addr: '192.31.196.1',
      r_port: 0,
      proto: 6,
    }
    const binding = { i_port: 7, o_addr: '203.0.113.65', o_port: 9, proto: 6 }
    const shown = { protocol: 'tcp', client: '[2001:db8:a::2]:7', destination: '192.31.196.1:443', outside: '203.0.113.65:9' }
    assert.deepEqual(vppSessions([row], [binding]), [shown])
    assert.deepEqual(vppSessions([{ ...row, il_port: 7, r_port: 443 }], []), [shown], 'as its description says')
    const echo = { ...row, proto: 1, il_port: 0 }
    assert.deepEqual(vppSessions([echo], [{ ...binding, proto: 1 }]), [{ ...shown, protocol: 'icmp', destination: '192.31.196.1' }])
  })
})
