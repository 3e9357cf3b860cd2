/** What Firecracker refuses before a guest starts, as data: the fake is held to it, and so is the real one where it is installed. */

export interface RefusalPaths {
  /** Something that begins like a kernel. */
  readonly kernel: string
  /** A text file. */
  readonly text: string
  readonly disk: string
}

export interface RefusedCalls {
  readonly title: string
  /** Paths and bodies of PUTs, all but the last of which succeed. */
  readonly calls: readonly (readonly [path: string, body: unknown])[]
  /** Status and words of the last. */
  readonly expected: RegExp
}

export function drive(id: string, path: string, root = false) {
  return { drive_id: id, is_root_device: root, path_on_host: path, is_read_only: true }
}

/** The MACs and TAPs of no machine: a real Firecracker that runs as root makes the TAP, and takes it away at its end. */
function nic(id: string, mac: string) {
  return { iface_id: id, host_dev_name: `vmmref${id}`, guest_mac: mac }
}

const machine = { vcpu_count: 1, mem_size_mib: 128 }

/** Every case begins with a Firecracker that was told nothing. */
export function refusals({ kernel, text, disk }: RefusalPaths): RefusedCalls[] {
  const start = ['/actions', { action_type: 'InstanceStart' }] as const
  const last = (title: string, path: string, body: unknown, expected: RegExp): RefusedCalls => ({ title, calls: [[path, body]], expected })
  return [
    last('an unknown field', '/machine-config', { ...machine, cpus: 2 }, /^400 .*unknown field `cpus`/),
    last('a field that is missing', '/machine-config', { vcpu_count: 1 }, /^400 .*missing field `mem_size_mib`/),
    last('too many processors', '/machine-config', { ...machine, vcpu_count: 33 }, /^400 Machine config error: The number of vCPUs/),
    last('no memory', '/machine-config', { ...machine, mem_size_mib: 0 }, /^400 Machine config error: The memory size/),
    last('a word for a number', '/machine-config', { ...machine, vcpu_count: '1' }, /^400 .*deserializing/),
    last('a PUT without body', '/machine-config', undefined, /^400 Empty PUT/),
    last('an id with a dash', '/drives/a-b', drive('a-b', disk), /^400 API Resource IDs/),
    last('another id in the path', '/drives/a', drive('b', disk), /^400 The id from the path/),
    last('a disk that is missing', '/drives/a', drive('a', '/nonexistent/disk'), /^400 Drive config error: .*No such file/),
    {
      title: 'a second root drive',
      calls: [
        ['/drives/a', drive('a', disk, true)],
        ['/drives/b', drive('b', disk, true)],
      ],
      expected: /^400 Drive config error: A root block device/,
    },
    last(
      'a kernel that is missing',
      '/boot-source',
      { kernel_image_path: '/none' },
      /^400 Boot source error: The kernel file .*No such file/,
    ),
    last(
      'an initrd that is missing',
      '/boot-source',
      { kernel_image_path: kernel, initrd_path: '/none' },
      /^400 Boot source error: The initrd file .*No such file/,
    ),
    last('a log where no directory is', '/logger', { log_path: '/nonexistent/log' }, /^400 Logger error: .*No such file/),
    last('metrics where no directory is', '/metrics', { metrics_path: '/nonexistent/metrics' }, /^400 Metrics error: .*No such file/),
    { title: 'a start without kernel', calls: [start], expected: /^400 Start microvm error: Cannot start microvm without kernel/ },
    last('ctrl-alt-delete before the start', '/actions', { action_type: 'SendCtrlAltDel' }, /^400 .*not supported before starting/),
    last('metrics before the start', '/actions', { action_type: 'FlushMetrics' }, /^400 .*not supported before starting/),
    last('an unknown action', '/actions', { action_type: 'Reboot' }, /^400 .*deserializing/),
    last('an unknown path', '/constructor', {}, /^400 Invalid request method and\/or path: PUT constructor\./),
    {
      title: 'a kernel that is none',
      calls: [['/boot-source', { kernel_image_path: text }], start],
      expected: /^400 .*Invalid Elf magic/,
    },
  ]
}

/** Two devices with one MAC: apart, since the real one needs root for it. */
export const sharedMac: RefusedCalls = {
  title: 'a MAC in use',
  calls: [
    ['/network-interfaces/a', nic('a', '06:00:00:00:00:01')],
    ['/network-interfaces/b', nic('b', '06:00:00:00:00:01')],
  ],
  expected: /^400 Network config error: The MAC address is already in use/,
}
