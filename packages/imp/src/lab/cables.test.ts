import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fakeHost } from '@imp/kit/host/fake.ts'
import { makeLinks } from './cables.ts'
import type { Wiring } from './definition.ts'

test('pairs are made from a namespace without links: a node may have a link with the name of one of this machine', async () => {
  const host = fakeHost()
  const lab: Wiring = {
    name: 'demo',
    nodes: ['client', 'edge'].map((name) => ({ name, realised: 'namespace' })),
    links: [
      {
        ends: [
          { node: 'client', interface: 'eth0' },
          { node: 'edge', interface: 'lan' },
        ],
        relayed: false,
      },
    ],
  }
  await makeLinks(host, lab, lab.links, new Set(), { netem: true, tbf: true, macvtap: true })
  assert.equal(host.changes[0], 'unshare --net -- ip -batch -')
})
