import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fault } from '@imp/kit/base/fault.ts'
import { detectLayout } from './detect.ts'

const table = [
  { layout: 'current', document: { schema: 'imp.router', version: 1 } },
  { layout: 'roles', document: { external: { iface: 'ens4' }, internal: [] } },
  { layout: 'roles', document: { internal: [{ iface: 'ens5' }], interfaces: [] } },
  { layout: 'roles', document: { hostname: 'r1', external: null, internal: [] } },
  { layout: 'interfaces', document: { interfaces: [{ iface: 'ens5' }], external: null } },
  { layout: 'interfaces', document: { hostname: 'r1', interfaces: [] } },
  { layout: 'interfaces', document: { routes: [{ destination: '::/0' }] } },
] as const

for (const { layout, document } of table) {
  test(`${JSON.stringify(document)} has the layout ${layout}`, () => {
    assert.equal(detectLayout(document, 'old.json'), layout)
  })
}

const refused = [
  { document: null, message: 'old.json is not a router configuration' },
  { document: [{ interfaces: [] }], message: 'old.json is not a router configuration' },
  { document: 'interfaces', message: 'old.json is not a router configuration' },
  { document: {}, message: 'old.json is not a router configuration' },
  { document: { hostname: 'r1', bgp: {} }, message: 'old.json is not a router configuration' },
  { document: { schema: 'vmm.vm', interfaces: [] }, message: 'old.json is a "vmm.vm" document, not a router configuration' },
  {
    document: { external: { iface: 'a' }, interfaces: [{ iface: 'a' }] },
    message: 'old.json mixes two layouts: it has external and interfaces',
  },
]

for (const { document, message } of refused) {
  test(`${JSON.stringify(document)} is refused`, () => {
    assert.throws(
      () => detectLayout(document, 'old.json'),
      (error) => error instanceof Fault && error.code === 'input' && error.message === message,
    )
  })
}
