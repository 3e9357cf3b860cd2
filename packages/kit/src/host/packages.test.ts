import assert from 'node:assert/strict'
import { test } from 'node:test'
import { packageOf } from './packages.ts'

test('the package of a program, by name or path', () => {
  const table = { ip: 'iproute2', '/usr/sbin/nft': 'nftables', '/usr/lib/frr/bgpd': 'frr', vtysh: 'frr', unheard: undefined, '': undefined }
  for (const [program, expected] of Object.entries(table)) assert.equal(packageOf(program), expected)
})
