import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { changed, lan, onlyNat, ports, wan, type Changes } from '../config/sample.ts'
import { renderNat } from './render.ts'

function lines(changes: Changes): string[] {
  const text = renderNat(changed(changes))
  assert.ok(text !== undefined)
  return text.split('\n').map((line) => line.trim())
}

suite('table of deterministic NAT', () => {
  test('is not there without mappings or without an outside', () => {
    assert.equal(renderNat(changed({ nat: undefined })), undefined)
    assert.equal(renderNat(changed({ ...ports(lan), ...onlyNat('192.168.0.0/24', '203.0.113.96/30') })), undefined)
  })

  test('replaces itself in one transaction', () => {
    const [declare, remove, define] = lines(onlyNat('192.168.0.0/30', '203.0.113.96/32'))
    assert.deepEqual([declare, remove, define], ['table ip imp_nat', 'delete table ip imp_nat', 'table ip imp_nat {'])
  })

  test('gives every host its block', () => {
    const found = lines(onlyNat('192.168.0.0/30', '203.0.113.96/31')).filter((line) => / : /.test(line) && !line.startsWith('type'))
    assert.deepEqual(found, [
      'elements = { 192.168.0.0 : 203.0.113.96 . 1024-33279,',
      '192.168.0.1 : 203.0.113.96 . 33280-65535,',
      '192.168.0.2 : 203.0.113.97 . 1024-33279,',
      '192.168.0.3 : 203.0.113.97 . 33280-65535 }',
    ])
  })

  test('writes a block of one port as a range', () => {
    const found = lines(onlyNat('192.168.0.0/17', '203.0.113.96/32')).filter((line) => line.startsWith('192.168.0.1 :'))
    assert.deepEqual(found, ['192.168.0.1 : 203.0.113.96 . 1025-1025,'])
  })

  test('touches only what leaves by an external interface', () => {
    const second = { name: 'wan2', role: 'external', subinterfaces: [{ vlan: 5 }, { vlan: 6, role: 'internal' }] } as const
    const all = lines({
      ...ports(wan, lan, { ...second, subinterfaces: [...second.subinterfaces] }),
      ...onlyNat('192.168.0.0/24', '203.0.113.96/30'),
    })
    assert.equal(all.filter((line) => line === 'oifname != { "wan", "wan2", "wan2.5" } return').length, 2)
  })

  test('leaves bypassed pairs alone, and drops what could not be translated', () => {
    const all = lines({
      nat: {
        mappings: [
          { inside: '192.168.0.0/24', outside: '203.0.113.96/30' },
          { inside: '10.0.0.0/24', outside: '203.0.113.100/30' },
        ],
        bypass: [
          { source: '192.168.0.0/24', destination: '192.0.2.0/24' },
          { source: '192.168.0.0/24', destination: '192.0.2.128/25' },
          { source: '192.168.0.0/25', destination: '10.0.0.0/8' },
          { source: '192.168.0.0/24', destination: '192.0.2.0/24' },
        ],
      },
    })
    const guard = all.slice(all.indexOf('chain guard {'))
    assert.deepEqual(guard.slice(2), [
      'oifname != "wan" return',
      'ip saddr != { 192.168.0.0/24, 10.0.0.0/24 } return',
      'ip saddr 192.168.0.0/24 ip daddr 192.0.2.0/24 return',
      'ip saddr 192.168.0.0/25 ip daddr 10.0.0.0/8 return',
      'counter drop comment "not translatable"',
      '}',
      '}',
      '',
    ])
  })
})
