import assert from 'node:assert/strict'
import { test } from 'node:test'
import { array, assert as check, nat, property } from 'fast-check'
import { requireOrder, startable, startOrder } from './start-order.ts'

test('whoever waits for nobody starts first, the rest behind what it waits for', () => {
  const members = [
    { name: 'web', after: ['db', 'cache'] },
    { name: 'db', after: [] },
    { name: 'cache', after: ['db'] },
    { name: 'lone', after: ['deleted'] },
  ]
  assert.deepEqual(startOrder(members), [['db', 'lone'], ['cache'], ['web']])
  assert.deepEqual(startable(['web'], members, new Set(['cache'])), [])
  assert.deepEqual(startable(['web'], members, new Set(['lone'])), ['web'])
})

test('machines that wait for each other are named', () => {
  const circle = [
    { name: 'a', after: ['b'] },
    { name: 'b', after: ['a'] },
    { name: 'c', after: [] },
  ]
  assert.throws(() => requireOrder(circle), /each other: a, b/)
  assert.throws(() => requireOrder([{ name: 'a', after: ['a'] }]), /each other: a/)
  requireOrder(circle.slice(1))
  assert.deepEqual(startOrder(circle), [['c'], ['a', 'b']], 'and start together where they are written down')
})

test('every member starts once, never before what it waits for', () => {
  const members = array(array(nat(), { maxLength: 3 }), { maxLength: 20 }).map((all) =>
    all.map((after, index) => ({
      name: `m${index}`,
      after: after.map((each) => `m${each % Math.max(1, index)}`).filter(() => index > 0),
    })),
  )
  check(
    property(members, (all) => {
      const groups = startOrder(all)
      assert.deepEqual(groups.flat().toSorted(), all.map(({ name }) => name).toSorted())
      const placeOf = (name: string): number => groups.findIndex((group) => group.includes(name))
      for (const { name, after } of all) for (const each of after) assert.ok(placeOf(each) < placeOf(name))
    }),
  )
})
