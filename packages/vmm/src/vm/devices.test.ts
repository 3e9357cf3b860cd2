import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deviceContradictions, diskLimitOf, limitedNics, preparedDevices } from './devices.ts'
import { machinePaths } from './paths.ts'
import { sample } from './sample.ts'

const paths = machinePaths({ data: '/d', run: '/d/s', cache: '/d/c' }, sample.id)

test('a machine that asks for nothing gets no further devices', () => {
  assert.deepEqual(preparedDevices(sample, paths, undefined), {})
  assert.deepEqual(diskLimitOf(sample), {})
})

test('an engine is given what a machine asks for', () => {
  const vm = {
    ...sample,
    balloon: 0,
    vsock: { cid: 7 },
    rateLimits: { diskIops: 500, netBandwidth: 1e6 },
    datasource: 'mmds' as const,
  }
  assert.deepEqual(preparedDevices(vm, paths, 'unix'), {
    balloon: 0,
    diskLimit: { iops: 500 },
    vsock: { cid: 7, transport: 'unix' },
    metadata: '/d/machines/0badcafe/metadata.json',
  })
})

test('interfaces on networks of vmm are limited, those of the caller and of the engine are not', () => {
  const taps = [{ tap: 'lan0', mac: '02:00:00:00:00:01' }]
  const own = { attachment: 'tap' as const, tap: 'vmm-0badcafe', mac: '06:00:00:00:00:01' }
  const caller = { attachment: 'tap' as const, ...taps[0], tap: 'lan0', mac: '02:00:00:00:00:01' }
  const user = { attachment: 'user' as const, mac: '06:00:00:00:00:02', restricted: false, forwards: [] }
  const limited = limitedNics({ taps, rateLimits: { netBandwidth: 1e6 } }, [own, caller, user])
  assert.deepEqual(limited, [{ ...own, bandwidth: 1e6 }, caller, user])
})

const contradictory = [
  ['balloon', { balloon: 512 }, 'bridge'],
  ['rateLimits.netBandwidth', { rateLimits: { netBandwidth: 1e6 } }, 'user'],
  ['datasource', { datasource: 'mmds', engine: 'qemu', cloudInit: {} }, 'bridge'],
  ['datasource', { datasource: 'mmds', cloudInit: {} }, 'none'],
  ['datasource', { datasource: 'mmds' }, 'bridge'],
] as const
for (const [path, wishes, kind] of contradictory) {
  test(`wishes that contradict each other are refused: ${JSON.stringify(wishes)} with ${kind}`, () => {
    assert.deepEqual(
      deviceContradictions({ memory: 512, ...wishes }, kind).map((finding) => finding.path),
      [path],
    )
  })
}
