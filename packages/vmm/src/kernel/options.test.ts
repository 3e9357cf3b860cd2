import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { configurationFragment, droppedOptions, missingOptions, parseConfiguration, requiredOptions } from './options.ts'

suite('options of kernels', () => {
  test('the fragment has everything that is required, and says off what it wants off', () => {
    const fragment = configurationFragment('amd64')
    assert.deepEqual(missingOptions(parseConfiguration(fragment), 'amd64', false), [])
    assert.deepEqual(droppedOptions(parseConfiguration(fragment)), [])
    assert.match(fragment, /^# CONFIG_EXPERT is not set$/m)
    // Linux 5.10 switches EMBEDDED on where everything is off, and with it EXPERT, and then SHMEM, below tmpfs, is off.
    assert.match(fragment, /^# CONFIG_EMBEDDED is not set$/m)
    assert.equal(new Set(fragment.split('\n')).size, fragment.split('\n').length)
  })

  test('what routers of imp need is in it', () => {
    const configuration = parseConfiguration(configurationFragment('amd64'))
    for (const name of ['VLAN_8021Q', 'BRIDGE', 'NET_VRF', 'NF_TABLES_INET', 'NFT_NAT', 'DUMMY', 'TUN', 'NET_SCH_NETEM'])
      assert.equal(configuration.get(name), 'y', name)
  })

  test('a module counts only where modules are at hand', () => {
    const text = requiredOptions('amd64')
      .map((name) => `CONFIG_${name}=${name === 'VIRTIO_BLK' ? 'm' : 'y'}`)
      .join('\n')
    assert.deepEqual(missingOptions(parseConfiguration(text), 'amd64', true), [])
    assert.deepEqual(missingOptions(parseConfiguration(text), 'amd64', false), ['VIRTIO_BLK'])
    assert.deepEqual(missingOptions(parseConfiguration(`${text}\n`.replace('CONFIG_PVH=y', '# CONFIG_PVH is not set')), 'amd64', true), [
      'PVH',
    ])
  })

  test('each architecture has its own', () => {
    assert.ok(requiredOptions('amd64').includes('PVH'))
    assert.ok(!requiredOptions('arm64').includes('PVH'))
  })
})
