import assert from 'node:assert/strict'
import { test } from 'node:test'
import { firstTypedRefused } from './vtysh.ts'

const greeting = '\nHello, this is FRRouting (version 8.4.4).\n\nedge1# configure terminal\n'

test('the first command that vtysh complains about is found among what it shows', () => {
  const shown = `${greeting}edge1(config)# router bgp 1\nedge1(config-router)# neighbor 192.0.2.9 foo bar\n% Unknown command: neighbor 192.0.2.9 foo bar\nedge1(config-router)# end\nedge1# `
  assert.deepEqual(firstTypedRefused(shown), { at: 1, status: 'Unknown command', text: '% Unknown command: neighbor 192.0.2.9 foo bar' })
})

test('a daemon that went away is told from one that refuses', () => {
  const shown = `${greeting}edge1(config)# router bgp 1\nFailure to communicate[13] to bgpd, line: router bgp 1\n`
  assert.partialDeepStrictEqual(firstTypedRefused(shown), { at: 0, lost: true })
})

test('a conversation without complaints refuses nothing', () => {
  assert.equal(firstTypedRefused(`${greeting}edge1(config)# end\nedge1# `), undefined)
})
