/** The rooms of `vmm`, loaded when one of their words is used. */
import { room, type Registry } from '@imp/kit/op/registry.ts'
import type { VmmContext } from './context.ts'

export const registry: Registry<VmmContext> = {
  program: 'vmm',
  summary: 'runs microVMs on Firecracker or QEMU',
  rooms: [
    room('Machines', ['create', 'list', 'ls', 'ps', 'show', 'inspect'], () => import('./vm/ops.ts')),
    room('Life of machines', ['run', 'start', 'stop', 'restart', 'rename', 'delete', 'rm'], () => import('./life/ops.ts')),
    room('Inside machines', ['ssh', 'exec', 'console', 'logs', 'keep-logs'], () => import('./console/ops.ts'), { unlisted: ['keep-logs'] }),
    room('Files of machines', ['cp'], () => import('./copy/ops.ts')),
    room('Watching machines', ['stats', 'events'], () => import('./stats/ops.ts')),
    room('Devices', ['balloon', 'rate-limit', 'vsock'], () => import('./devices/ops.ts')),
    room('Mounts', ['mount'], () => import('./mount/ops.ts')),
    room('Networks', ['network', 'port-forward'], () => import('./net/ops.ts')),
    room('Images', ['image'], () => import('./image/ops.ts')),
    room('Kernels', ['kernel'], () => import('./kernel/ops.ts')),
    room('Settings', ['config'], () => import('./config/ops.ts')),
    room('Clearing up', ['prune'], () => import('./prune/ops.ts')),
    room('Service', ['autostart', 'autostop', 'install-service', 'uninstall-service'], () => import('./service/ops.ts')),
    room('This computer', ['doctor'], () => import('./doctor/ops.ts')),
  ],
}
