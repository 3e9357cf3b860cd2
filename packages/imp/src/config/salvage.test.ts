import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { assert as holds, jsonValue, property } from 'fast-check'
import { z } from 'zod'
import { salvage } from './salvage.ts'

const Port = z.strictObject({ name: z.string(), mtu: z.int().exactOptional(), tags: z.array(z.int()).default([]) })
const Schema = z.strictObject({ ports: z.array(Port).default([]), limit: z.int().exactOptional() })

suite('salvage', () => {
  test('takes out fields that may be missing, and what holds those that may not', () => {
    const written = { ports: [{ mtu: 1 }, { name: 'a', mtu: 'x', tags: [1, 'y', 3] }, { name: 5 }, { name: 'b' }], limit: 'z' }
    const salvaged = salvage(Schema, written)
    assert.deepEqual(salvaged?.document, { ports: [{ name: 'a', tags: [1, 3] }, { name: 'b' }] })
    assert.deepEqual(
      salvaged.dropped.map(({ path }) => path.join('.')),
      ['ports.0', 'ports.1.mtu', 'ports.1.tags.1', 'ports.2.name', 'limit', 'ports.2'],
    )
  })

  test('takes unknown keys out and tells them apart', () => {
    const salvaged = salvage(Schema, { ports: [{ name: 'a', nmae: 'b' }], extra: 1 })
    assert.deepEqual(salvaged?.document, { ports: [{ name: 'a' }] })
    assert.ok(salvaged.dropped.every(({ known }) => !known))
  })

  test('finds the places as they were written, in paths and in sentences', () => {
    const { original } = salvage(Schema, { ports: [{}, { name: 'a', tags: ['x', 2] }] }) ?? assert.fail()
    assert.equal(original('ports[0].tags[0]'), 'ports[1].tags[1]')
    assert.equal(original('overlaps ports[0].name of 192.0.2.0/24 (lan.100)'), 'overlaps ports[1].name of 192.0.2.0/24 (lan.100)')
  })

  test('has nothing left of what is no object', () => {
    assert.equal(salvage(Schema, [])?.document, undefined)
    assert.equal(salvage(z.strictObject({ name: z.string() }), {}), undefined)
  })

  test('ends with what the schema accepts, whatever was written', () => {
    holds(
      property(jsonValue(), jsonValue(), (ports, limit) => {
        const salvaged = salvage(Schema, { ports, limit })
        assert.ok(salvaged !== undefined && Schema.safeParse(salvaged.document).success)
      }),
    )
  })
})
