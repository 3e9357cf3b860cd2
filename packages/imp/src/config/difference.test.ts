import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { assert as assertProperty, jsonValue, property } from 'fast-check'
import { conflictsOf, differences } from './difference.ts'

const wan = { name: 'wan', role: 'external', mtu: 1500 }
const lan = { name: 'lan', role: 'internal' }

const cases: readonly { title: string; before: unknown; after: unknown; changes: unknown }[] = [
  { title: 'nothing', before: { a: [1] }, after: { a: [1] }, changes: [] },
  {
    title: 'a field of a named member, wherever the member stands',
    before: { interfaces: [wan, lan] },
    after: { interfaces: [wan, { ...lan, mtu: 9000 }] },
    changes: [{ path: 'interfaces.lan.mtu', after: 9000 }],
  },
  {
    title: 'a member that came before others moves nothing',
    before: { interfaces: [lan] },
    after: { interfaces: [wan, lan] },
    changes: [{ path: 'interfaces.wan', after: wan }],
  },
  {
    title: 'another order',
    before: { policyRoutes: [wan, lan] },
    after: { policyRoutes: [lan, wan] },
    changes: [{ path: 'policyRoutes', before: ['wan', 'lan'], after: ['lan', 'wan'], order: true }],
  },
  {
    title: 'keys that are no words',
    before: { routes: [] },
    after: { routes: [{ prefix: '0.0.0.0/0', via: '192.0.2.1' }] },
    changes: [{ path: 'routes["0.0.0.0/0"]', after: { prefix: '0.0.0.0/0', via: '192.0.2.1' } }],
  },
  {
    title: 'members without a key of their own, by place',
    before: {
      routes: [
        { prefix: '::/0', via: 'fe80::1' },
        { prefix: '::/0', via: 'fe80::2' },
      ],
    },
    after: {
      routes: [
        { prefix: '::/0', via: 'fe80::1' },
        { prefix: '::/0', via: 'fe80::3' },
      ],
    },
    changes: [{ path: 'routes[1].via', before: 'fe80::2', after: 'fe80::3' }],
  },
  {
    title: 'a list of plain values as a whole',
    before: { announced: ['192.0.2.0/24'] },
    after: { announced: [] },
    changes: [{ path: 'announced', before: ['192.0.2.0/24'], after: [] }],
  },
  {
    title: 'the first members of a list',
    before: {},
    after: { interfaces: [wan, lan] },
    changes: [
      { path: 'interfaces.wan', after: wan },
      { path: 'interfaces.lan', after: lan },
    ],
  },
  { title: 'an empty list', before: {}, after: { interfaces: [] }, changes: [{ path: 'interfaces', after: [] }] },
  { title: 'what is gone', before: { nat: {} }, after: {}, changes: [{ path: 'nat', before: {} }] },
]

suite('differences', () => {
  for (const { title, before, after, changes } of cases) test(title, () => assert.deepEqual(differences(before, after), changes))

  test('there are some exactly when the documents differ', () => {
    const same = property(jsonValue(), jsonValue(), (a, b) => {
      assert.deepEqual(differences(a, structuredClone(a)), [])
      assert.equal(differences(a, b).length > 0, !isDeepStrictEqual(a, b))
    })
    assertProperty(same, { numRuns: 200 })
  })
})

suite('conflicts', () => {
  const mine = [{ path: 'interfaces.wan.mtu', before: 1500, after: 9000 }]
  test('the same place with another value', () =>
    assert.equal(conflictsOf(mine, [{ path: 'interfaces.wan.mtu', before: 1500, after: 1400 }]).length, 1))
  test('the same place with the same value is none', () => assert.deepEqual(conflictsOf(mine, mine), []))
  test('something around it', () => assert.equal(conflictsOf(mine, [{ path: 'interfaces.wan', before: wan }]).length, 1))
  test('two places of a list without names', () =>
    assert.equal(conflictsOf([{ path: 'nat.mappings[0].inside', after: 'a' }], [{ path: 'nat.mappings[1]', before: {} }]).length, 1))
  test('a neighbour whose name begins alike is none', () =>
    assert.deepEqual(conflictsOf(mine, [{ path: 'interfaces.wan2.mtu', after: 1 }]), []))
})
