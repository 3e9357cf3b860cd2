import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { Fault } from '@imp/kit/base/fault.ts'
import { contains, parseAddress, parsePrefix } from '@imp/kit/base/ip.ts'
import { leaseAddress, leasePort } from './lease.ts'
import { macOfAddress, macOfId, type BridgeSettings } from './model.ts'
import { sampleBridge } from './sample.ts'

const small: BridgeSettings = { bridge: 'br', subnet: '198.51.100.0/28', gateway: '198.51.100.5' }

test('whatever is created and deleted in whatever order, nobody shares an address, and none is outside or the gateway', () => {
  const action = fc.oneof(fc.constant('create' as const), fc.nat({ max: 20 }))
  fc.assert(
    fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
      const leases: string[] = []
      for (const each of actions) {
        if (each !== 'create') leases.splice(each % Math.max(1, leases.length), 1)
        // 14 hosts in a /28, one of them the gateway.
        else if (leases.length === 13)
          assert.throws(
            () => leaseAddress(small, leases),
            (error) => error instanceof Fault && error.code === 'conflict',
          )
        else leases.push(leaseAddress(small, leases))
        assert.equal(new Set(leases).size, leases.length)
        assert.ok(leases.every((lease) => lease !== small.gateway && contains(parsePrefix(small.subnet), parseAddress(lease))))
      }
    }),
  )
})

test('the first machine gets the address behind the gateway', () => {
  assert.equal(leaseAddress(sampleBridge, []), '172.16.0.2')
})

test('different addresses and ids give different MACs, which are local and unicast', () => {
  fc.assert(
    fc.property(fc.nat({ max: 2 ** 32 - 1 }), fc.nat({ max: 2 ** 32 - 1 }), (a, b) => {
      const dotted = (value: number): string => [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.')
      const id = (value: number): string => value.toString(16).padStart(8, '0')
      const macs = [macOfAddress(dotted(a)), macOfAddress(dotted(b)), macOfId(id(a)), macOfId(id(b))]
      assert.equal(new Set(macs).size, a === b ? 2 : 4)
      for (const mac of macs) assert.match(mac, /^06(:[0-9a-f]{2}){5}$/)
    }),
  )
})

test('a port that somebody else listens on is passed over', async () => {
  assert.equal(await leasePort(new Set([20_022, 20_024]), (port) => Promise.resolve(port !== 20_023)), 20_025)
  await assert.rejects(
    leasePort(new Set(), () => Promise.resolve(false)),
    /no TCP port/,
  )
})
