import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { bandwidthBucket, driveUpdate, interfaceUpdates } from './limits.ts'

test('a bucket is as fast as it was asked for, within a hundredth', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1000, max: 1e12 }), (bytes) => {
      const { size, refill_time: time } = bandwidthBucket(bytes)
      const rate = (size / time) * 1000
      assert.ok(Math.abs(rate - bytes) / bytes < 0.01, `${rate} for ${bytes}`)
    }),
  )
})

test('a running disk gets its limit and no other: what is not said is not limited any more', () => {
  const { method, path, body } = driveUpdate('disk0', { iops: 500 })
  assert.deepEqual([method, path], ['PATCH', '/drives/disk0'])
  const none = { size: 0, refill_time: 0 }
  assert.deepEqual(body, { drive_id: 'disk0', rate_limiter: { bandwidth: none, ops: { size: 500, refill_time: 1000 } } })
})

test('interfaces keep their number behind those that Firecracker does not have', () => {
  const user = { attachment: 'user' as const, mac: '06:00:00:00:00:02', restricted: false, forwards: [] }
  const tap = { attachment: 'tap' as const, mac: '06:00:00:00:00:01', tap: 'lan0', bandwidth: 8_000_000 }
  assert.deepEqual(
    interfaceUpdates([user, tap]).map(({ path }) => path),
    ['/network-interfaces/eth1'],
  )
})
