import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { changed } from '../config/sample.ts'
import { bridgeName, crossConnectName, externalInterfaces, layer3Interfaces, memberName, nicOf, sendsAdvertisements } from './model.ts'

suite('interfaces of a configuration', () => {
  const config = changed({
    interfaces: [
      { name: 'wan', role: 'external', mtu: 9000, addresses: ['2001:db8:f::2/64'] },
      {
        name: 'lan',
        role: 'internal',
        enabled: false,
        subinterfaces: [
          { vlan: 40, role: 'external' },
          { vlan: 7, innerVlan: 9, protocol: 'dot1ad', mtu: 1400 },
        ],
      },
    ],
    loopbacks: [{ instance: 3, name: 'router-id', addresses: ['203.0.113.1/32'] }],
    bridges: [{ id: 100, members: [{ interface: 'lan', vlan: 100 }], addresses: ['2001:db8:a::1/64'] }],
  })

  test('are one flat list with names, places and inherited settings', () => {
    assert.deepEqual(
      layer3Interfaces(config).map(({ name, link, path, kind, role, enabled, mtu }) => [name, link, path, kind, role, enabled, mtu]),
      [
        ['wan', 'wan', 'interfaces[0]', 'port', 'external', true, 9000],
        ['lan', 'lan', 'interfaces[1]', 'port', 'internal', false, 1500],
        ['lan.40', 'lan.40', 'interfaces[1].subinterfaces[0]', 'subinterface', 'external', false, 1500],
        ['lan.7.9', 'lan.7.9', 'interfaces[1].subinterfaces[1]', 'subinterface', 'internal', false, 1400],
        ['router-id', 'lo', 'loopbacks[0]', 'loopback', 'internal', true, 65536],
        ['br100', 'br100', 'bridges[0]', 'bridge', 'internal', true, 1500],
      ],
    )
    assert.deepEqual(
      externalInterfaces(config).map(({ name }) => name),
      ['wan', 'lan.40'],
    )
  })

  test('have loopbacks of their own on VPP', () => {
    assert.equal(layer3Interfaces({ ...config, dataplane: 'vpp' }).find(({ kind }) => kind === 'loopback')?.link, 'router-id')
  })

  test('advertise themselves only where hosts can live and nobody said otherwise', () => {
    assert.deepEqual(
      layer3Interfaces(config)
        .filter(sendsAdvertisements)
        .map(({ name }) => name),
      ['br100'],
    )
    const told = changed({
      interfaces: [
        { name: 'a', role: 'external', addresses: ['2001:db8:1::1/64'], ra: { send: true } },
        { name: 'b', role: 'internal', addresses: ['2001:db8:2::1/64'], ra: { send: false } },
        { name: 'c', role: 'internal', addresses: ['2001:db8:3::/127'] },
        { name: 'd', role: 'internal', addresses: ['192.0.2.1/24'] },
      ],
      loopbacks: [],
      bridges: [],
    })
    assert.deepEqual(
      layer3Interfaces(told)
        .filter(sendsAdvertisements)
        .map(({ name }) => name),
      ['a'],
    )
  })

  test('get names from what they are', () => {
    const [bridge] = config.bridges
    assert.ok(bridge !== undefined)
    assert.equal(bridgeName(bridge), 'br100')
    assert.equal(bridgeName({ ...bridge, name: 'customers' }), 'customers')
    assert.equal(memberName({ interface: 'lan' }), 'lan')
    assert.equal(memberName({ interface: 'lan', vlan: 5 }), 'lan.5')
    assert.equal(crossConnectName({ from: 'a', to: 'b', vlan: 5, protocol: 'dot1q' }), 'cross5')
    assert.equal(crossConnectName({ from: 'a', to: 'b', vlan: 5, innerVlan: 6, protocol: 'dot1ad' }), 'cross5-6')
    const ports = changed({
      interfaces: [
        { name: 'a', role: 'internal' },
        { name: 'b', role: 'internal', nic: { mac: '02:00:00:00:00:01' } },
      ],
    }).interfaces
    assert.deepEqual(ports.map(nicOf), [{ name: 'a' }, { mac: '02:00:00:00:00:01' }])
  })
})
