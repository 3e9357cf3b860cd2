/** What Firecracker refuses before a guest starts, as data: the fake is held to it, and so is the real one where it is installed. */

export interface RefusalPaths {
  /** Something that begins like a kernel. */
  readonly kernel: string
  /** A text file. */
  readonly text: string
  readonly disk: string
}

/** A PUT unless told. */
export type Call = readonly [path: string, body: unknown, method?: 'GET' | 'PUT' | 'PATCH']

export interface RefusedCalls {
  readonly title: string
  /** All but the last of them succeed. */
  readonly calls: readonly Call[]
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
const balloon = { amount_mib: 128, deflate_on_oom: true }
const bucket = { size: 1000, refill_time: 100 }

/** Of devices that a machine has only when it asks for them. */
function deviceRefusals(text: string, disk: string): RefusedCalls[] {
  const mmds = (changes: object) => ({ version: 'V2', network_interfaces: ['eth0'], ...changes })
  const last = (title: string, call: Call, expected: RegExp): RefusedCalls => ({ title, calls: [call], expected })
  return [
    last('a balloon that says nothing of need', ['/balloon', { amount_mib: 1 }], /^400 .*missing field `deflate_on_oom`/),
    last('a balloon larger than the memory', ['/balloon', { ...balloon, amount_mib: 129 }], /^400 Balloon config error: Amount of pages/),
    {
      title: 'less memory than the balloon takes',
      calls: [
        ['/balloon', balloon],
        ['/machine-config', { ...machine, mem_size_mib: 64 }],
      ],
      expected: /^400 Machine config error: .* balloon device target size/,
    },
    last('to tell of no balloon', ['/balloon', undefined, 'GET'], /^400 Balloon config error: No balloon device found/),
    last('another size of the balloon before the start', ['/balloon', { amount_mib: 1 }, 'PATCH'], /^400 .*not supported before starting/),
    last('statistics before the start', ['/balloon/statistics', undefined, 'GET'], /^400 .*not supported before starting/),
    last('a vsock without socket', ['/vsock', { guest_cid: 3 }], /^400 .*missing field `uds_path`/),
    last('a vsock with too large a context', ['/vsock', { guest_cid: 2 ** 32, uds_path: `${text}.sock` }], /^400 .*deserializing/),
    last(
      'a vsock where no directory is',
      ['/vsock', { guest_cid: 3, uds_path: '/nonexistent/v' }],
      /^400 Vsock config error: .*No such file/,
    ),
    last('a vsock where a file is', ['/vsock', { guest_cid: 3, uds_path: text }], /^400 Vsock config error: .*Address already in use/),
    last('metadata of no version', ['/mmds/config', mmds({ version: 'V3' })], /^400 .*deserializing/),
    last('metadata for no interface', ['/mmds/config', mmds({ network_interfaces: [] })], /^400 .*interface IDs .* is empty/),
    last('metadata for an unknown interface', ['/mmds/config', mmds({})], /^400 .*does not correspond to any existing/),
    last('metadata at a public address', ['/mmds/config', mmds({ ipv4_address: '192.0.2.1' })], /^400 .*not link local/),
    last('more of metadata that is not there', ['/mmds', { a: 1 }, 'PATCH'], /^400 .*not initialized/),
    last(
      'a limit below nothing',
      ['/drives/a', { ...drive('a', disk), rate_limiter: { ops: { ...bucket, size: -1 } } }],
      /^400 .*deserializing/,
    ),
    last('another limit before the start', ['/drives/a', { drive_id: 'a', rate_limiter: {} }, 'PATCH'], /^400 .*before starting/),
    last('another limit for another disk', ['/drives/a', { drive_id: 'b' }, 'PATCH'], /^400 The id from the path/),
    last('another MAC', ['/network-interfaces/a', { iface_id: 'a', guest_mac: '06:00:00:00:00:01' }, 'PATCH'], /^400 .*unknown field/),
    last('a PATCH without body', ['/balloon', undefined, 'PATCH'], /^400 Empty PATCH/),
    last('a method that a path does not know', ['/actions', {}, 'PATCH'], /^400 Invalid request method and\/or path: PATCH actions\./),
  ]
}

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
    ...deviceRefusals(text, disk),
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

/** What is refused once the guest runs, a guest with one disk and nothing more: tried on versions 1.11 and 1.16. */
export function lateRefusals({ kernel, disk }: RefusalPaths): RefusedCalls[] {
  const started: readonly Call[] = [
    ['/boot-source', { kernel_image_path: kernel }],
    ['/drives/d', drive('d', disk)],
    ['/actions', { action_type: 'InstanceStart' }],
  ]
  const late = (title: string, call: Call, expected = /^400 .*not supported after starting/): RefusedCalls => {
    return { title: `${title} after the start`, calls: [...started, call], expected }
  }
  const missing = (what: string): RegExp => new RegExp(`^400 ${what} config error: .*(Device not found|Failed to find the device)`)
  // Later versions take devices while the guest runs, by PCI alone.
  const byPci = /^400 (PCI is not enabled|.*not supported after starting)/
  return [
    late('a disk', ['/drives/a', drive('a', disk)], byPci),
    late('an interface', ['/network-interfaces/a', nic('a', '06:00:00:00:00:01')], byPci),
    late('a balloon', ['/balloon', { amount_mib: 1, deflate_on_oom: true }]),
    late('a vsock', ['/vsock', { guest_cid: 3, uds_path: '/v.sock' }]),
    late('other metadata settings', ['/mmds/config', { network_interfaces: ['a'] }]),
    late('another kernel', ['/boot-source', { kernel_image_path: kernel }]),
    late('another size', ['/machine-config', machine]),
    late('another start', ['/actions', { action_type: 'InstanceStart' }]),
    late('a limit of no disk', ['/drives/a', { drive_id: 'a', rate_limiter: {} }, 'PATCH'], missing('Drive')),
    late('a limit of no interface', ['/network-interfaces/a', { iface_id: 'a' }, 'PATCH'], missing('Network')),
    late('a change of a disk that changes nothing', ['/drives/d', { drive_id: 'd' }, 'PATCH'], /^400 .*different backend/),
    late('a size of no balloon', ['/balloon', { amount_mib: 1 }, 'PATCH'], /^400 .*(No balloon device|Device not found)/),
    late('statistics of no balloon', ['/balloon/statistics', undefined, 'GET'], /^400 .*(No balloon device|Device not found)/),
  ]
}
