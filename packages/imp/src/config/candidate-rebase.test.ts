import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { array, assert as assertProperty, constantFrom, integer, option, property, record, uniqueArray, type Arbitrary } from 'fast-check'
import { rebase } from './candidate-rebase.ts'
import type { RouterConfigInput } from './model.ts'
import { parsePath, setAt } from './paths.ts'

const base: RouterConfigInput = {
  schema: 'imp.router',
  version: 1,
  hostname: 'edge1',
  interfaces: [
    { name: 'wan', role: 'external', mtu: 1500 },
    { name: 'lan', role: 'internal' },
  ],
  nat: { mappings: [{ inside: '192.168.0.0/24', outside: '203.0.113.96/28' }] },
}

function put(document: RouterConfigInput, path: string, ...words: string[]): RouterConfigInput {
  return setAt(document, parsePath(path), words)
}

const policy = (name: string) => ({ name, from: ['192.168.0.0/24'], via: '198.51.100.1' })
const ordered = (...names: string[]): RouterConfigInput => ({ ...base, policyRoutes: names.map(policy) })

/** Small configurations that have much in common. */
const documents: Arbitrary<RouterConfigInput> = record({
  mtus: uniqueArray(record({ name: constantFrom('wan', 'lan', 'dmz'), mtu: integer({ min: 1280, max: 1282 }) }), {
    selector: ({ name }) => name,
  }),
  mappings: array(constantFrom('192.168.0.0/24', '192.168.1.0/24'), { maxLength: 3 }),
  hostname: constantFrom('edge1', 'edge2'),
  routerId: option(constantFrom('203.0.113.1', '203.0.113.2'), { nil: undefined }),
}).map(({ mtus, mappings, hostname, routerId }) => ({
  schema: 'imp.router',
  version: 1,
  hostname,
  interfaces: mtus.map((each) => ({ ...each, role: 'internal' })),
  nat: { mappings: mappings.map((inside) => ({ inside, outside: '203.0.113.96/28' })) },
  ...(routerId === undefined ? {} : { bgp: { asn: 64500, routerId } }),
}))

suite('rebase', () => {
  test('joins the changes of both sides', () => {
    const mine = put(put(base, 'interfaces.wan.mtu', '9000'), 'interfaces.dmz.role', 'internal')
    const theirs = put(put(base, 'interfaces.lan.description', 'offices'), 'interfaces.guests.role', 'internal')
    const { document, dropped } = rebase(base, mine, theirs)
    assert.deepEqual(dropped, [])
    assert.deepEqual(document.interfaces, [
      { name: 'wan', role: 'external', mtu: 9000 },
      { name: 'lan', role: 'internal', description: 'offices' },
      { name: 'dmz', role: 'internal' },
      { name: 'guests', role: 'internal' },
    ])
  })

  test('gives up what conflicts, and nothing else', () => {
    const mine = put(put(base, 'interfaces.wan.mtu', '9000'), 'hostname', 'edge2')
    const { document, dropped } = rebase(base, mine, put(base, 'interfaces.wan.mtu', '1400'))
    assert.deepEqual([document.hostname, document.interfaces?.[0]?.mtu], ['edge2', 1400])
    assert.deepEqual(dropped, [{ path: 'interfaces.wan.mtu', before: 1500, after: 9000 }])
  })

  test('keeps what was taken out and not touched by others; what they changed stays', () => {
    const mine: RouterConfigInput = { ...base, interfaces: [] }
    assert.deepEqual(rebase(base, mine, put(base, 'hostname', 'edge2')).document.interfaces, [])
    const { document, dropped } = rebase(base, mine, put(base, 'interfaces.wan.mtu', '1400'))
    assert.deepEqual([document.interfaces?.map(({ name }) => name), dropped.map(({ path }) => path)], [['wan'], ['interfaces.wan']])
  })

  test('keeps new members of an ordered list where they were put', () => {
    const merged = rebase(ordered('a', 'b'), ordered('first', 'a', 'between', 'b'), ordered('a', 'b', 'last'))
    assert.deepEqual(
      merged.document.policyRoutes?.map(({ name }) => name),
      ['first', 'a', 'between', 'b', 'last'],
    )
  })

  test('never mixes two orders, nor two changes of a list without names', () => {
    assert.deepEqual(
      rebase(ordered('a', 'b', 'c'), ordered('b', 'a', 'c'), ordered('a', 'b')).dropped.map(({ path }) => path),
      ['policyRoutes'],
    )
    const mine = put(base, 'nat.mappings[1]', '{"inside":"10.0.0.0/24","outside":"203.0.113.64/28"}')
    const theirs = put(base, 'nat.mappings[1]', '{"inside":"10.1.0.0/24","outside":"203.0.113.80/28"}')
    const { document, dropped } = rebase(base, mine, theirs)
    assert.deepEqual([document, dropped.map(({ path }) => path)], [theirs, ['nat.mappings']])
  })

  test('of one side that changed nothing is the other side, for any configurations', () => {
    const sides = property(documents, documents, (one, other) => {
      assert.deepEqual(rebase(one, other, one), { document: other, dropped: [] })
      assert.deepEqual(rebase(one, one, other), { document: other, dropped: [] })
      assert.deepEqual(rebase(one, other, other), { document: other, dropped: [] })
    })
    assertProperty(sides, { numRuns: 300 })
  })

  test('is theirs where nothing of mine could be kept, and loses nothing of theirs alone', () => {
    const sides = property(documents, documents, documents, (one, mine, theirs) => {
      const { document } = rebase(one, mine, theirs)
      if (theirs.hostname !== one.hostname) assert.equal(document.hostname, theirs.hostname)
      else assert.equal(document.hostname, mine.hostname)
    })
    assertProperty(sides, { numRuns: 300 })
  })
})
