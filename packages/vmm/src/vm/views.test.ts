import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { VmView } from './model.ts'
import { sample } from './sample.ts'
import { drawList, drawMachine } from './views.ts'

const { furtherNetworks: _, keys: __, dns: ___, defaultRoute: ____, machineId: _____, ...common } = sample
const running: VmView = {
  ...common,
  state: 'running',
  guest: 'running',
  kernel: 'debian',
  addresses: [],
  interfaces: [],
  disks: [],
  ssh: null,
  logs: { console: '/c', engine: '/e' },
}
const options = { colour: false, width: 80 }

test('a guest that its engine holds is told, where people look first', () => {
  assert.doesNotMatch(drawList({ machines: [running], hidden: 0 }, options), /stands still/)
  assert.doesNotMatch(drawMachine(running, options), /^guest/m)
  const held = { ...running, guest: 'paused' as const }
  assert.match(drawList({ machines: [held], hidden: 0 }, options), /^web1: its guest stands still/m)
  assert.match(drawMachine(held, options), /^guest +its guest stands still/m)
})
