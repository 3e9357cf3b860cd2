import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fakeHost } from '@imp/kit/host/fake.ts'
import { clearLimits, limitNics, policing } from './limits.ts'

const machine = { id: '0badcafe', name: 'web1', directory: '/m', sockets: '/s' }
const tap = { attachment: 'tap' as const, mac: '06:00:00:00:00:01', tap: 'vmm-0badcafe' }

test('what a guest sends is held to its limit in a table of its own, which is made anew as a whole', () => {
  const rules = policing('0badcafe', [
    { ...tap, bandwidth: 80_000_000 },
    { ...tap, tap: 'lan0' },
  ])
  assert.equal(
    rules,
    [
      'add table netdev vmm-0badcafe',
      'delete table netdev vmm-0badcafe',
      'table netdev vmm-0badcafe {',
      '  chain vmm-0badcafe {',
      '    type filter hook ingress device "vmm-0badcafe" priority 0; policy accept',
      '    limit rate over 10000000 bytes/second burst 200000 bytes drop',
      '  }',
      '}',
      '',
    ].join('\n'),
  )
  assert.doesNotMatch(policing('0badcafe', [tap]), /\{/)
})

test('a machine without limits touches neither queues nor rules, at its start and at its end', async () => {
  const host = fakeHost({})
  await limitNics(host, machine, [tap], true)
  await clearLimits(host, machine)
  assert.deepEqual(host.changes, [])
})

test('limits of a machine that ran are found and taken away by another command, once', async () => {
  const host = fakeHost({})
  await limitNics(host, machine, [{ ...tap, bandwidth: 80_000_000 }], true)
  const queue = 'tc qdisc replace dev vmm-0badcafe root tbf rate 80000000bit burst 200000b latency 50ms'
  assert.deepEqual(host.changes, ['nft -f -', queue])
  await clearLimits(host, machine)
  await clearLimits(host, machine)
  assert.deepEqual(host.changes, ['nft -f -', queue, 'nft -f -'])
})
