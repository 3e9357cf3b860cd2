import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { nextSteps } from './steps.ts'

const names = [
  'mtu',
  'bgp',
  'bgp.asn',
  'bgp.peers',
  'bgp.peers.a',
  'bgp.peers.a.md5',
  'bgp.peers.b',
  'nat',
  'nat.pools[0]',
  '192.0.2.1',
  '192.0.2.2',
]

describe('what is typed, and the names that come next', () => {
  const table: [string, string[]][] = [
    ['', ['mtu', 'bgp', 'nat', '192.0.2.1', '192.0.2.2']],
    ['bg', ['bgp']],
    ['bgp', ['bgp', 'bgp.asn', 'bgp.peers']],
    ['bgp.', ['bgp.asn', 'bgp.peers']],
    ['bgp.peers.', ['bgp.peers.a', 'bgp.peers.b']],
    ['nat', ['nat', 'nat.pools[0]']],
    ['192.', ['192.0.2.1', '192.0.2.2']],
    ['x', []],
  ]
  for (const [typed, expected] of table)
    test(JSON.stringify(typed), () => {
      const fitting = names.filter((name) => name.startsWith(typed))
      assert.deepEqual(
        nextSteps(fitting, typed).map(({ name }) => name),
        expected,
      )
    })
})

test('a name says whether longer ones begin with it', () => {
  const steps = nextSteps(['mtu', 'nat', 'nat.pools[0]'], '')
  assert.deepEqual(steps, [
    { name: 'mtu', goesOn: false },
    { name: 'nat', goesOn: true },
  ])
})
