import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { moduleName, parseDependencies, plainPath, renderDependencies, selectModules } from './modules.ts'

/** As depmod writes it: nearest dependency first, all of them. */
const text = `kernel/drivers/virtio/virtio.ko.xz:
kernel/drivers/virtio/virtio_ring.ko.xz:
kernel/net/core/failover.ko.xz:
kernel/drivers/net/net_failover.ko.xz: kernel/net/core/failover.ko.xz
kernel/drivers/net/virtio_net.ko.xz: kernel/drivers/net/net_failover.ko.xz kernel/net/core/failover.ko.xz kernel/drivers/virtio/virtio.ko.xz
kernel/fs/overlayfs/overlay.ko.xz:
kernel/crypto/aes-generic.ko.xz:
`

suite('modules', () => {
  const dependencies = parseDependencies(text)

  test('are read from modules.dep', () => {
    assert.equal(dependencies.size, 7)
    assert.deepEqual(dependencies.get('kernel/drivers/net/net_failover.ko.xz'), ['kernel/net/core/failover.ko.xz'])
    assert.deepEqual(dependencies.get('kernel/fs/overlayfs/overlay.ko.xz'), [])
  })

  test('come with all that they need, and no others', () => {
    assert.deepEqual(selectModules(dependencies, ['virtio_net', 'overlay', 'built_into_the_kernel']), [
      'kernel/drivers/net/net_failover.ko.xz',
      'kernel/drivers/net/virtio_net.ko.xz',
      'kernel/drivers/virtio/virtio.ko.xz',
      'kernel/fs/overlayfs/overlay.ko.xz',
      'kernel/net/core/failover.ko.xz',
    ])
    assert.deepEqual(selectModules(dependencies, []), [])
  })

  test('are named with underscores', () => {
    assert.equal(moduleName('kernel/crypto/aes-generic.ko.xz'), 'aes_generic')
    assert.equal(moduleName('kernel/fs/ext4/ext4.ko'), 'ext4')
    assert.deepEqual(selectModules(dependencies, ['aes_generic']), ['kernel/crypto/aes-generic.ko.xz'])
  })

  test('lose their compression in an initrd, in names and in modules.dep', () => {
    assert.equal(plainPath('kernel/a.ko.zst'), 'kernel/a.ko')
    assert.equal(plainPath('kernel/a.ko'), 'kernel/a.ko')
    const paths = selectModules(dependencies, ['net_failover'])
    assert.equal(
      renderDependencies(dependencies, paths),
      'kernel/drivers/net/net_failover.ko: kernel/net/core/failover.ko\nkernel/net/core/failover.ko:\n',
    )
  })
})
