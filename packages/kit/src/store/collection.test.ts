import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { fakeHost } from '../host/fake.ts'
import { collection } from './collection.ts'

const kind = { schema: 'test.thing', version: 1, fields: z.strictObject({ size: z.int() }) }
const options = { directory: '/things', noun: 'thing', listCommand: 'things list' }

test('members come and go', async () => {
  const things = collection(fakeHost(), kind, options)
  assert.deepEqual(await things.names(), [])
  assert.deepEqual(await things.all(), [])
  await things.put('b', { size: 2 })
  await things.put('a', { size: 1 })
  assert.deepEqual(await things.names(), ['a', 'b'])
  assert.deepEqual(await things.all(), [{ size: 1 }, { size: 2 }])
  assert.deepEqual(await things.get('b'), { size: 2 })
  await things.remove('b')
  await things.remove('b')
  assert.equal(await things.find('b'), undefined)
})

test('a name that is not there gets the nearest one, or where to look', async () => {
  const things = collection(fakeHost(), kind, options)
  await things.put('web1', { size: 1 })
  await assert.rejects(things.get('other'), {
    code: 'not-found',
    message: 'there is no thing "other"',
    hint: 'things list shows those that exist',
  })
  for (const name of ['web', 'wbe1']) await assert.rejects(things.get(name), { hint: 'did you mean web1?' })
})

test('files of others and half written ones are no members', async () => {
  const things = collection(fakeHost({ files: { '/things/.x.json': '', '/things/a.tmp': '' } }), kind, options)
  assert.deepEqual(await things.names(), [])
})
