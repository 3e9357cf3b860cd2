import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { formatAddress } from '@imp/kit/base/ip.ts'
import { messageLines, typeLines } from '../fake/definitions.ts'
import { messageModules, typesModule } from '../fake/notation.ts'
import { memclnt } from './bootstrap.ts'
import { decode } from './decode.ts'
import { describe, type Field, type MessageDefinition } from './description.ts'
import { encode } from './encode.ts'
import { layoutOf, type Fields, type Value } from './layout.ts'

const description = describe([...memclnt, typesModule(typeLines), ...messageModules(messageLines).values()])
const layout = layoutOf(description.types)

function messageNamed(name: string): MessageDefinition {
  const found = description.messages.get(name)
  assert.ok(found, name)
  return found
}

const address4 = fc.bigInt({ min: 0n, max: 2n ** 32n - 1n }).map((value) => formatAddress({ family: 4, value }))
const address6 = fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }).map((value) => formatAddress({ family: 6, value }))
const withLength = (address: fc.Arbitrary<string>, max: number) =>
  fc.tuple(address, fc.integer({ min: 0, max })).map(([text, length]) => `${text}/${length}`)
const octet = fc.integer({ min: 0, max: 255 }).map((value) => value.toString(16).padStart(2, '0'))

const plain: Readonly<Record<string, fc.Arbitrary<Value>>> = {
  u8: fc.integer({ min: 0, max: 255 }),
  i8: fc.integer({ min: -128, max: 127 }),
  bool: fc.boolean(),
  u16: fc.integer({ min: 0, max: 65535 }),
  i16: fc.integer({ min: -32768, max: 32767 }),
  u32: fc.integer({ min: 0, max: 0xffff_ffff }),
  i32: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  u64: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  i64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  f64: fc.double({ noNaN: true }),
  ip4_address: address4,
  ip6_address: address6,
  ip4_prefix: withLength(address4, 32),
  ip6_prefix: withLength(address6, 128),
  address: fc.oneof(address4, address6),
  prefix: fc.oneof(withLength(address4, 32), withLength(address6, 128)),
  mac_address: fc.array(octet, { minLength: 6, maxLength: 6 }).map((octets) => octets.join(':')),
}

function anyText(size: number): fc.Arbitrary<string> {
  return fc
    .string({ unit: 'binary', maxLength: size === 0 ? 80 : size - 1 })
    .filter((text) => !text.includes('\0') && (size === 0 || Buffer.byteLength(text) < size))
}

function anyType(type: string): fc.Arbitrary<Value> {
  const simple = plain[type]
  if (simple !== undefined) return simple
  const definition = layout.definitionOf(type)
  if (definition.kind === 'enum') return anyType(definition.base)
  if (definition.kind === 'alias') return anyField(definition.field)
  if (definition.kind === 'struct') return anyFields(definition.fields)
  // The members of a union share their bytes: the widest decides what the others are.
  const widest = definition.fields.toSorted((a, b) => layout.sizeOf(b.type) - layout.sizeOf(a.type))[0]
  assert.ok(widest)
  return anyField(widest).map((value) => ({ [widest.name]: value }))
}

function anyField({ type, length, count }: Field): fc.Arbitrary<Value> {
  if (type === 'string') return anyText(length ?? 0)
  if (length === undefined && count === undefined) return anyType(type)
  return fc.array(anyType(type), count === undefined ? { minLength: length ?? 0, maxLength: length ?? 0 } : { maxLength: 5 })
}

function anyFields(fields: readonly Field[]): fc.Arbitrary<Fields> {
  const counts = new Set(fields.map((field) => field.count))
  const own = fields.filter((field) => !counts.has(field.name))
  return fc.record(Object.fromEntries(own.map((field) => [field.name, anyField(field)])))
}

/** Whether everything that was sent came back; answers may hold more: counts, and the other members of unions. */
function holds(got: Value | undefined, sent: Value): boolean {
  if (Array.isArray(sent))
    return Array.isArray(got) && got.length === sent.length && sent.every((each, index) => holds(got[index] as Value, each as Value))
  if (typeof sent !== 'object') return Object.is(got, sent)
  return Object.entries(sent).every(([name, value]) => holds((got as Fields)[name], value))
}

suite('messages of VPP as bytes and back', () => {
  for (const message of description.messages.values()) {
    test(message.name, () => {
      fc.assert(
        fc.property(anyFields(message.fields), (fields) => {
          const bytes = encode(layout, message, fields)
          const got = decode(layout, message, bytes)
          assert.ok(
            holds(got, fields),
            JSON.stringify([fields, got], (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value)),
          )
          assert.deepEqual(encode(layout, message, got), bytes)
          if (bytes.length > 0) assert.throws(() => decode(layout, message, bytes.subarray(0, -1)), RangeError)
        }),
        { numRuns: 10 },
      )
    })
  }

  test('are laid out as VPP lays them out: packed, big-endian', () => {
    const bytes = encode(layout, messageNamed('sw_interface_add_del_address'), {
      client_index: 1,
      context: 2,
      sw_if_index: 3,
      is_add: true,
      prefix: '192.0.2.1/24',
    })
    assert.equal(bytes.toString('hex'), `000000010000000200000003010000c0000201${'00'.repeat(12)}18`)
  })

  test('take enumerations as names and lists of names, and defaults from the description', () => {
    const subif = messageNamed('create_subif')
    const flags = ['SUB_IF_API_FLAG_TWO_TAGS', 'SUB_IF_API_FLAG_EXACT_MATCH']
    assert.equal(decode(layout, subif, encode(layout, subif, { sub_if_flags: flags }))['sub_if_flags'], 20)
    const dump = messageNamed('sw_interface_dump')
    assert.equal(decode(layout, dump, encode(layout, dump, {}))['sw_if_index'], 0xffff_ffff)
  })

  test('name what does not fit', () => {
    const rename = messageNamed('sw_interface_set_interface_name')
    assert.throws(() => encode(layout, rename, { name: 'x'.repeat(64) }), /sw_interface_set_interface_name\.name is longer than 63 bytes/)
    assert.throws(() => encode(layout, rename, { nmae: 'x' }), /has no field nmae/)
    assert.throws(() => encode(layout, rename, { sw_if_index: 'lan' }), /sw_if_index must be a number/)
    assert.throws(() => encode(layout, rename, { sw_if_index: -1 }), /-1/)
    assert.throws(() => encode(layout, messageNamed('create_subif'), { sub_if_flags: 'TAGS' }), /must be one of SUB_IF_API_FLAG_NO_TAGS/)
    assert.throws(() => encode(layout, messageNamed('sw_interface_add_del_address'), { prefix: '10.0.0.1' }), /10\.0\.0\.1/)
    assert.throws(() => encode(layout, messageNamed('acl_add_replace'), { r: 'permit' }), /acl_add_replace\.r must be a list/)
  })

  test('do not fill the memory when a count is wild', () => {
    const details = messageNamed('acl_details')
    const bytes = encode(layout, details, { acl_index: 1, r: [] })
    bytes.writeUInt32BE(0xffff_ffff, bytes.length - 4)
    assert.throws(() => decode(layout, details, bytes), /4294967295 items of r are announced/)
  })
})
