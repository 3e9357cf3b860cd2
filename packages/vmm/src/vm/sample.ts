/** A machine for tests. */
import type { Vm } from './model.ts'

export const sample: Vm = {
  id: '0badcafe',
  name: 'web1',
  image: 'debian',
  cpus: 1,
  memory: 512,
  disk: 1024,
  diskMode: 'overlay',
  keys: [],
  dns: [],
  network: { kind: 'user', mac: '06:01:0b:ad:ca:fe', sshPort: 20_022 },
  furtherNetworks: [],
  defaultRoute: true,
  forwards: [],
  taps: [],
  mounts: [],
  autostart: false,
  after: [],
  machineId: '0123456789abcdef0123456789abcdef',
  created: '2026-01-01T00:00:00.000Z',
}
