/** What a machine asks for and an engine cannot do; pure. */
import type { Finding } from '@imp/kit/base/fault.ts'
import type { Engine, PreparedMachine } from './model.ts'

function finding(path: string, message: string, hint: string): Finding {
  return { path, severity: 'error', message, hint }
}

/** Compares the machine with the engine's features. */
export function unsupported({ title, features }: Pick<Engine, 'title' | 'features'>, machine: PreparedMachine): Finding[] {
  const extras = [machine.balloon, machine.vsock].filter((each) => each !== undefined)
  const devices = machine.disks.length + machine.nics.length + extras.length
  return [
    ...(features.accelerators.includes(machine.accelerator)
      ? []
      : [finding('accelerator', `${title} cannot use ${machine.accelerator}`, 'use the engine qemu')]),
    ...(machine.cpus <= features.maxCpus
      ? []
      : [finding('cpus', `${title} gives a machine at most ${features.maxCpus} processors`, 'ask for fewer')]),
    ...(devices <= features.maxDevices
      ? []
      : [finding('', `${title} gives a machine at most ${features.maxDevices} devices`, 'leave some out')]),
    ...machine.disks.flatMap(({ format }, index) =>
      features.diskFormats.includes(format)
        ? []
        : [finding(`disks[${index}].format`, `${title} cannot read ${format} disks`, 'use a raw disk')],
    ),
    ...(machine.balloon === undefined || machine.balloon < machine.memory
      ? []
      : [finding('balloon', `is as large as the memory of ${machine.memory} MiB`, 'take less, so that the guest can run')]),
    ...(machine.vsock === undefined || features.vsock.includes(machine.vsock.transport)
      ? []
      : [finding('vsock', `${title} has no vsock by ${machine.vsock.transport}`, 'leave it out')]),
    ...(machine.metadata === undefined || features.metadata
      ? []
      : [finding('datasource', `${title} has no metadata service`, 'use the datasource disk, or the engine firecracker')]),
    ...machine.nics.flatMap(({ attachment }, index) =>
      attachment === 'user' && !features.userNetwork
        ? [finding(`nics[${index}]`, `${title} has no network of its own`, 'use the network bridge or none, or the engine qemu')]
        : [],
    ),
  ]
}
