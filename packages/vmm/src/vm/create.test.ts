import assert from 'node:assert/strict'
import { test } from 'node:test'
import { contradictions, type Wishes } from './create.ts'
import type { NetworkKind } from '../net/model.ts'

const wishes: Wishes = {
  autostart: false,
  after: [],
  name: 'web1',
  image: 'debian',
  cpus: 1,
  memory: 512,
  disk: 1024,
  diskMode: 'overlay',
  keyFiles: [],
  dns: [],
  defaultRoute: true,
  forwards: [],
  taps: [],
  mounts: [],
}
const tap = { tap: 'a', mac: '02:00:00:00:00:01' }
const port = { host: 8080, guest: 80 }

const table: readonly (readonly [title: string, changes: Partial<Wishes>, kind: NetworkKind, root: boolean, paths: string[]])[] = [
  ['nothing unusual', {}, 'bridge', true, []],
  ['a bridge in a namespace', { namespace: 'lab' }, 'bridge', true, ['network']],
  ['a bridge without root', {}, 'bridge', false, ['network']],
  ['Firecracker with a network that it has not', { engine: 'firecracker' }, 'user', true, ['network']],
  ['a network twice', { bridged: ['front', 'front'] }, 'bridge', true, ['network']],
  ['the default network twice', { bridged: [undefined, undefined] }, 'bridge', true, ['network']],
  ['a default route by one of two networks', { bridged: [undefined, 'back'], routeBy: 'default' }, 'bridge', true, []],
  ['a default route by another network', { bridged: ['front', 'back'], routeBy: 'default' }, 'bridge', true, ['routeBy']],
  ['a default route by a network of none', { routeBy: 'default' }, 'none', true, ['routeBy']],
  ['forwards without network', { forwards: [port] }, 'none', true, ['forwards']],
  ['a port twice', { forwards: [port, { host: 8080, guest: 81 }] }, 'user', true, ['forwards']],
  ['a TAP twice', { taps: [tap, { ...tap, mac: '02:00:00:00:00:02' }] }, 'none', true, ['taps']],
  ['a MAC twice, and more', { taps: [tap, { ...tap, tap: 'b' }], forwards: [port] }, 'none', true, ['forwards', 'taps']],
]

for (const [title, changes, kind, root, paths] of table) {
  test(`contradictions of ${title}`, () => {
    assert.deepEqual(
      contradictions({ ...wishes, ...changes }, kind, root).map(({ path }) => path),
      paths,
    )
  })
}
