/** The rooms of `vmm`, loaded when one of their words is used. */
import { room, type Registry } from '@imp/kit/op/registry.ts'
import type { VmmContext } from './context.ts'

export const registry: Registry<VmmContext> = {
  program: 'vmm',
  summary: 'runs microVMs on Firecracker or QEMU',
  rooms: [
    room('Machines', ['create', 'start', 'stop', 'delete', 'rm', 'list', 'ls', 'show', 'inspect'], () => import('./vm/ops.ts')),
    room('Inside machines', ['ssh', 'exec', 'console'], () => import('./console/ops.ts')),
    room('Mounts', ['mount'], () => import('./mount/ops.ts')),
    room('Networks', ['network', 'port-forward'], () => import('./net/ops.ts')),
    room('Images', ['image'], () => import('./image/ops.ts')),
    room('Kernels', ['kernel'], () => import('./kernel/ops.ts')),
    room('Settings', ['config'], () => import('./config/ops.ts')),
    room('This computer', ['doctor'], () => import('./doctor/ops.ts')),
  ],
}
