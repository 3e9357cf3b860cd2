import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { z } from 'zod'
import * as schema from './schema.ts'

describe('scalars', () => {
  const table: [string, z.ZodType, readonly unknown[], readonly unknown[]][] = [
    [
      'Name',
      schema.Name,
      ['a', 'web1', 'a-b', 'a'.repeat(63)],
      ['', '-a', 'a-', 'A', 'a_b', '../x', 'a/b', 'a.b', 'a'.repeat(64), 'a\n', 'é'],
    ],
    ['HostName', schema.HostName, ['edge1', 'Edge.example.net'], ['', 'a..b', '-a', 'a-', 'a b', `${'a'.repeat(63)}.b`.padEnd(65, 'c')]],
    [
      'Description',
      schema.Description,
      ['', 'to AS 64500 (fibre)', 'Zürich'],
      ['a\nb', ' a', 'a ', 'a!', '#a', 'a"b', 'a\\b', 'a\u2028b', 'a\u202eb', 'x'.repeat(81)],
    ],
    [
      'interfaceName',
      schema.interfaceName(),
      ['wan', 'eth0', 'lan-1_a', 'a'.repeat(15)],
      ['', '1a', 'a'.repeat(16), 'lo', 'dev', 'default', 'a.1', 'a b', 'a/b', 'é'],
    ],
    ['interfaceName(11)', schema.interfaceName(11), ['a'.repeat(11)], ['a'.repeat(12)]],
    ['Address', schema.Address, ['192.0.2.1', '2001:db8::1'], ['192.0.2.1/24', '192.0.2', 5]],
    ['Address4', schema.Address4, ['192.0.2.1'], ['::1']],
    ['Address6', schema.Address6, ['::1'], ['192.0.2.1', 'fe80::1%eth0']],
    ['Prefix', schema.Prefix, ['192.0.2.0/24', '::/0'], ['192.0.2.1/24', '192.0.2.0']],
    ['Prefix4', schema.Prefix4, ['0.0.0.0/0'], ['::/0']],
    ['Prefix6', schema.Prefix6, ['::/0'], ['0.0.0.0/0']],
    ['InterfaceAddress', schema.InterfaceAddress, ['192.0.2.1/24', '2001:db8::1/64'], ['192.0.2.1', '192.0.2.1/33']],
    ['Mac', schema.Mac, ['02:00:5e:00:53:01'], ['02:00:5E:00:53:01', '02-00-5e-00-53-01', '02:00:5e:00:53', '02:00:5e:00:53:01:02']],
    ['PciAddress', schema.PciAddress, ['0000:01:00.0'], ['01:00.0', '0000:01:00.8', '0000:01:20.0']],
    ['Asn', schema.Asn, [1, 64500, 4200000000], [0, 23456, 65535, 4294967295, 1.5, '64500']],
    ['VlanId', schema.VlanId, [1, 4094], [0, 4095, 1.5]],
    ['Port', schema.Port, [1, 65535], [0, 65536]],
    ['FilePath', schema.FilePath, ['/a b/c', 'x'], ['', 'a\nb', 'a\0b', 'x'.repeat(4096)]],
  ]
  for (const [name, each, good, bad] of table)
    test(name, () => {
      for (const value of good) assert.ok(each.safeParse(value).success, `${name} refuses ${JSON.stringify(value)}`)
      for (const value of bad) assert.ok(!each.safeParse(value).success, `${name} accepts ${JSON.stringify(value)}`)
    })
})

test('paths are written as people write them', () => {
  assert.equal(schema.jsonPath(['interfaces', 1, 'addresses', 0]), 'interfaces[1].addresses[0]')
  assert.equal(schema.jsonPath(['a b', 'c']), '["a b"].c')
  assert.equal(schema.jsonPath([0, 'x']), '[0].x')
  assert.equal(schema.jsonPath([]), '')
})

const Document = z.strictObject({
  name: schema.Name,
  ports: z.array(schema.Port).default([]),
  via: z.union([z.strictObject({ address: schema.Address }), z.strictObject({ blackhole: z.literal(true) })]).optional(),
})

describe('all findings of a value', () => {
  const of = (value: unknown) => schema.inspect(Document, value).findings.map(({ path, message, value: shown }) => [path, message, shown])
  test('a missing key says so', () => assert.deepEqual(of({}), [['name', 'is missing', undefined]]))
  test('an unknown key is named', () => assert.deepEqual(of({ name: 'a', nam: 1 }), [['nam', 'unknown key', undefined]]))
  test('every problem with its place and value', () => {
    assert.deepEqual(
      of({ name: 'A', ports: [1, 0] }).map(([path, , value]) => [path, value]),
      [
        ['name', '"A"'],
        ['ports[1]', '0'],
      ],
    )
  })
  test('of a union the branch that came furthest speaks', () => {
    assert.deepEqual(of({ name: 'a', via: { address: '10.1' } }), [['via.address', '"10.1" is not an IPv4 or IPv6 address', '"10.1"']])
  })
  test('long values are cut', () => {
    const [finding] = schema.inspect(Document, { name: 'X'.repeat(500) }).findings
    assert.ok((finding?.value?.length ?? 0) <= 80)
  })
  test('a good value is parsed, with its defaults', () => {
    assert.deepEqual(schema.inspect(Document, { name: 'a' }), { value: { name: 'a', ports: [] }, findings: [] })
  })
})

test('parse throws one fault with everything', () => {
  assert.throws(
    () => schema.parse(Document, { ports: [0] }, 'file.json'),
    (fault: unknown) => {
      assert.ok(fault instanceof Error && 'findings' in fault && Array.isArray(fault.findings))
      assert.equal(fault.message, 'file.json: 2 errors')
      assert.equal(fault.findings.length, 2)
      return true
    },
  )
})

test('JSON that is none names its place', () => {
  assert.deepEqual(schema.parseJson('{"a":1}', 'x'), { a: 1 })
  assert.throws(() => schema.parseJson('{', 'file.json'), { code: 'input', message: 'file.json is not JSON' })
  assert.throws(() => schema.parseJson(`${'['.repeat(9000)}${']'.repeat(9000)}`, 'file.json'), { code: 'input' })
})
