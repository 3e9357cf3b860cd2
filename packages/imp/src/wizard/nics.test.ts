import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { fakeHost } from '@imp/kit/host/fake.ts'
import type { Host } from '@imp/kit/host/host.ts'
import { inNamespace } from '@imp/kit/host/namespace.ts'
import { means } from './model.ts'
import { detectNics, upstreamNic } from './nics.ts'
import { drawNics } from './phases/nics.ts'

const ether = { link_type: 'ether', flags: ['UP', 'LOWER_UP'] }
const links = [
  { ifname: 'lo', link_type: 'loopback', flags: ['UP'] },
  { ...ether, ifname: 'eno10', address: '02:00:5e:00:53:10', parentbus: 'pci', parentdev: '0000:01:00.0', permaddr: '02:00:5e:00:53:99' },
  { ...ether, ifname: 'eno2', altnames: ['enp4s0'], address: '02:00:5e:00:53:02', parentbus: 'virtio', parentdev: 'virtio1', flags: [] },
  {},
  { ...ether, ifname: 'veth3', address: '02:00:5e:00:53:03', linkinfo: { info_kind: 'veth' } },
  { ...ether, ifname: 'br0', address: '02:00:5e:00:53:04', linkinfo: { info_kind: 'bridge' } },
]
const inside = [
  { ...ether, ifname: 'wan', address: '02:00:5e:00:53:05', linkinfo: { info_kind: 'veth' }, flags: ['UP'] },
  { ...ether, ifname: 'wan.7', address: '02:00:5e:00:53:05', linkinfo: { info_kind: 'vlan' } },
]

function machine(): Host {
  return fakeHost({
    files: { '/run/netns/lab': '' },
    answers: {
      'ip -j -d address show': JSON.stringify(links),
      'nsenter --net=/run/netns/lab -- ip -j -d address show': JSON.stringify(inside),
      'readlink -e /sys/bus/pci/devices/0000:01:00.0': '/sys/devices/pci0000:00/0000:00:1c.0/0000:01:00.0',
      'readlink -e /sys/bus/pci/devices/0000:01:00.0/driver': '/sys/bus/pci/drivers/ixgbe',
      'readlink -e /sys/bus/virtio/devices/virtio1': '/sys/devices/pci0000:00/0000:00:04.0/virtio1',
      'readlink -e /sys/bus/virtio/devices/virtio1/driver': '/sys/bus/virtio/drivers/virtio_net',
      'cat /sys/class/net/eno10/speed': '10000',
      'cat /sys/class/net/eno2/speed': '-1',
      'cat /sys/class/net/veth3/speed': '10000',
      'cat /sys/class/net/br0/speed': '',
      'ip netns exec lab cat /sys/class/net/wan/speed': '10000',
      'ip netns exec lab cat /sys/class/net/wan.7/speed': '10000',
      'ip -j route show default': '[{"dst":"default","gateway":"192.0.2.1","dev":"eno10"}]',
    },
  })
}

async function namesOf(all: boolean, bringsPorts: boolean, namespace = 'lab'): Promise<string[]> {
  const host = machine()
  const found = await detectNics({ machine: host, router: inNamespace(host, namespace), namespace, bringsPorts, all })
  return found.map(({ name }) => name)
}

suite('network cards', () => {
  test('are those of the machine and what was put into the namespace, sorted as people count', async () => {
    assert.deepEqual(await namesOf(false, true), ['eno2', 'eno10', 'wan'])
    assert.deepEqual(await namesOf(false, false), ['wan'])
    assert.deepEqual(await namesOf(true, true), ['br0', 'eno2', 'eno10', 'veth3', 'wan', 'wan.7'])
    assert.deepEqual(await namesOf(false, true, 'absent'), ['eno2', 'eno10'])
  })

  test('are shown with what people know them by', async () => {
    const host = machine()
    const nics = await detectNics({ machine: host, router: inNamespace(host, 'lab'), namespace: 'lab', bringsPorts: true, all: false })
    assert.equal(
      drawNics(nics),
      [
        'NIC    MAC                PCI ADDRESS   DRIVER      LINK',
        'eno2   02:00:5e:00:53:02  0000:00:04.0  virtio_net  down',
        'eno10  02:00:5e:00:53:99  0000:01:00.0  ixgbe       up, 10 Gbit/s',
        'wan    02:00:5e:00:53:05  -             veth        no link',
      ].join('\n'),
    )
    const [virtio, card] = nics
    assert.ok(virtio !== undefined && card !== undefined)
    for (const reference of ['eno2', 'enp4s0', '02:00:5E:00:53:02', '0000:00:04.0']) assert.ok(means(reference, virtio), reference)
    assert.ok(means('02:00:5e:00:53:10', card) && means('02:00:5e:00:53:99', card) && !means('eno2', card))
    assert.match(drawNics([]), /no network card/)
  })

  test('the one by which the machine reaches the world is known', async () => {
    assert.equal(await upstreamNic(machine()), 'eno10')
  })
})
