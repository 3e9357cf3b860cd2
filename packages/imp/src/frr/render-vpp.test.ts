import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { changed } from '../config/sample.ts'
import { renderFrr } from './render.ts'

/** Lines of FRR for the sound configuration, forwarded by this dataplane. */
function lines(dataplane: 'linux' | 'vpp', changes: Parameters<typeof changed>[0] = {}): string[] {
  return renderFrr({ ...changed(changes), dataplane })
    .text.split('\n')
    .map((line) => line.trim())
}

suite('FRR beside VPP', () => {
  test('pools lead to the process that translates; where the kernel translates they stop loops', () => {
    const uncovered = { bgp: undefined, policyRoutes: [] }
    assert.ok(lines('vpp', uncovered).includes('ip route 203.0.113.96/28 169.254.1.6 memif2'))
    assert.ok(lines('linux', uncovered).includes('ip route 203.0.113.96/28 blackhole 254'))
    assert.ok(!lines('vpp', uncovered).some((line) => line.includes('203.0.113.96/28 blackhole')))
  })

  test('an announced prefix that is a pool as a whole is not dropped', () => {
    const nat = { mappings: [{ inside: '192.168.0.0/17', outside: '203.0.113.0/24' }] }
    const said = lines('vpp', { nat, container: undefined })
    assert.ok(said.includes('ip route 203.0.113.0/24 169.254.1.6 memif2'))
    assert.ok(!said.some((line) => line.startsWith('ip route 203.0.113.0/24 blackhole')))
  })

  test('VPP sends the router advertisements', () => {
    assert.ok(lines('linux').includes('no ipv6 nd suppress-ra'))
    assert.ok(!lines('vpp').some((line) => line.includes('ipv6 nd')))
  })
})
