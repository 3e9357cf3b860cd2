import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BridgedNetwork } from '../net/model.ts'
import { sampleBridge } from '../net/sample.ts'
import { sshArgv } from './keys.ts'
import { Vm } from './model.ts'
import { memberOf, placesOf, withNetworks } from './networks.ts'
import { machinePaths } from './paths.ts'
import { interfacesOf, nameserversOf, nicsOf, prepare, type Ingredients } from './prepare.ts'
import { sample } from './sample.ts'

const paths = { data: '/data', run: '/data/sockets', cache: '/data/cache' }
const bridged: Vm = { ...sample, network: { kind: 'bridge', mac: '06:00:ac:10:00:02', address: '172.16.0.2' } }
const taps = [
  { tap: 'lan0', mac: '02:00:5e:00:53:01' },
  { tap: 'lan1', mac: '02:00:5e:00:53:02' },
]
const kernel = { name: 'debian', vmlinux: '/k/vmlinux', initrd: '/k/initrd', modules: '/k/modules.squashfs' }
const ingredients: Ingredients = { accelerator: 'tcg', kernel, image: '/i.squashfs', bootArguments: ['vmm.root=overlay'], tscKhz: 1 }

test('the sample is a document', () => {
  assert.deepEqual(Vm.parse(sample), sample)
})

test('a machine on the bridge has the TAP of its id, the gateway of the bridge, and the TAPs of the caller behind', () => {
  const vm = { ...bridged, taps }
  assert.deepEqual(
    nicsOf(vm).map((nic) => (nic.attachment === 'tap' ? nic.tap : nic.attachment)),
    ['vmm-0badcafe', 'lan0', 'lan1'],
  )
  assert.deepEqual(interfacesOf(vm, [sampleBridge]), [
    { mac: '06:00:ac:10:00:02', name: 'eth0', addresses: ['172.16.0.2/16'], gateways: ['172.16.0.1'] },
    { mac: '02:00:5e:00:53:01', name: 'eth1', addresses: [], gateways: [] },
    { mac: '02:00:5e:00:53:02', name: 'eth2', addresses: [], gateways: [] },
  ])
})

const back: BridgedNetwork = { kind: 'bridge', network: 'back', mac: '06:00:ac:14:00:02', address: '172.20.0.2', address6: 'fd00:20::2' }
const backBridge = { bridge: 'vmm-br1', subnet: '172.20.0.0/24', gateway: '172.20.0.1', subnet6: 'fd00:20::/64', mtu: 1400 }

test('a machine on two networks has a TAP on each, the default route by the first, and the TAPs of the caller behind both', () => {
  const vm: Vm = { ...bridged, furtherNetworks: [back], taps }
  assert.deepEqual(
    nicsOf(vm).map((nic) => (nic.attachment === 'tap' ? nic.tap : nic.attachment)),
    ['vmm-0badcafe', 'vmm-0badcafe-1', 'lan0', 'lan1'],
  )
  assert.deepEqual(interfacesOf(vm, [sampleBridge, backBridge]), [
    { mac: '06:00:ac:10:00:02', name: 'eth0', addresses: ['172.16.0.2/16'], gateways: ['172.16.0.1'] },
    { mac: '06:00:ac:14:00:02', name: 'eth1', addresses: ['172.20.0.2/24', 'fd00:20::2/64'], gateways: [], mtu: 1400 },
    { mac: '02:00:5e:00:53:01', name: 'eth2', addresses: [], gateways: [] },
    { mac: '02:00:5e:00:53:02', name: 'eth3', addresses: [], gateways: [] },
  ])
})

test('the default route and the forwards of a machine are on the network that is told', () => {
  const vm: Vm = { ...bridged, furtherNetworks: [back], routeBy: 'back', forwards: [{ host: 8080, guest: 80 }] }
  const gateways = interfacesOf(vm, [sampleBridge, backBridge]).map((each) => each.gateways)
  assert.deepEqual(gateways, [[], ['172.20.0.1', 'fd00:20::1']])
  assert.deepEqual(
    placesOf(vm).map((place) => memberOf(vm, place).forwards.length),
    [0, 1],
  )
})

test('a machine that leaves networks keeps the others in their order, and a default route on one that it is on', () => {
  const vm: Vm = { ...bridged, furtherNetworks: [back], routeBy: 'back' }
  assert.deepEqual(withNetworks(vm, [back]), { ...bridged, network: back, routeBy: 'back' })
  assert.deepEqual(withNetworks(withNetworks(vm, [back]), []), { ...bridged, network: { kind: 'none' } })
})

test('TAPs of the caller keep their names without a network of vmm', () => {
  const vm: Vm = { ...sample, network: { kind: 'none' }, taps }
  assert.deepEqual(
    interfacesOf(vm, [sampleBridge]).map(({ name }) => name),
    ['eth1', 'eth2'],
  )
  assert.equal(sshArgv(vm, paths), undefined)
})

test('without default route the engine lets nothing out, the guest has no gateway and asks no name server', () => {
  const vm = { ...sample, defaultRoute: false }
  const [nic] = nicsOf(vm)
  assert.ok(nic?.attachment === 'user' && nic.restricted)
  assert.deepEqual(interfacesOf(vm, [sampleBridge])[0]?.gateways, [])
  assert.deepEqual(nameserversOf(vm, ''), [])
})

test('name servers: those asked for, else those of the engine, else reachable ones of this computer, else public ones', () => {
  assert.deepEqual(nameserversOf({ ...bridged, dns: ['192.0.2.53'] }, 'nameserver 198.51.100.53'), ['192.0.2.53'])
  assert.deepEqual(nameserversOf(sample, 'nameserver 198.51.100.53'), ['10.0.2.3'])
  assert.deepEqual(nameserversOf(bridged, '# x\nnameserver 127.0.0.53\nnameserver 198.51.100.53\noptions edns0\n'), ['198.51.100.53'])
  assert.deepEqual(nameserversOf(bridged, 'nameserver 127.0.0.53\n'), ['8.8.8.8', '8.8.4.4', '1.1.1.1'])
})

test('an overlay has image, writable layer and modules; a full disk has no image', () => {
  const disks = (vm: Vm): string[] =>
    prepare(vm, machinePaths(paths, vm.id), ingredients).disks.map(({ path, readOnly }) => `${path}${readOnly ? ' ro' : ''}`)
  assert.deepEqual(disks(sample), ['/i.squashfs ro', '/data/machines/0badcafe/disk.ext4', '/k/modules.squashfs ro'])
  assert.deepEqual(disks({ ...sample, diskMode: 'full' }), ['/data/machines/0badcafe/disk.ext4', '/k/modules.squashfs ro'])
})

test('ssh goes into the namespace, knows the host key beforehand, and is not changed by the configuration of the person', () => {
  const argv: readonly string[] = sshArgv({ ...sample, namespace: 'lab' }, paths, 'admin') ?? []
  assert.deepEqual(argv.slice(0, 4), ['nsenter', '--net=/run/netns/lab', '--', 'ssh'])
  for (const word of ['StrictHostKeyChecking=yes', 'HostKeyAlias=vmm-0badcafe', 'UserKnownHostsFile=/data/machines/0badcafe/known_hosts']) {
    assert.ok(argv.includes(word), word)
  }
  assert.deepEqual(argv.slice(-3), ['-p', '20022', 'admin@127.0.0.1'])
  assert.equal(argv[argv.indexOf('-F') + 1], '/dev/null')
})

test('a data directory with blanks in its path is quoted for ssh', () => {
  const argv: readonly string[] = sshArgv(sample, { ...paths, data: '/my data' }) ?? []
  assert.ok(argv.includes('UserKnownHostsFile="/my data/machines/0badcafe/known_hosts"'))
})
