/**
 * The part of Firecracker's API that we speak, as its published description (src/firecracker/swagger/firecracker.yaml) has it.
 * Unknown fields are refused there, so they are here. Used by the driver for what it sends and by the fake for what it takes.
 */
import { z } from 'zod'

/** Ids of drives and interfaces: letters, digits and `_`. */
export const DeviceId = z.string().regex(/^[A-Za-z0-9_]+$/)

export const TokenBucket = z.strictObject({
  size: z.int().min(0),
  refill_time: z.int().min(0),
  one_time_burst: z.int().min(0).optional(),
})
export const RateLimiter = z.strictObject({ bandwidth: TokenBucket.optional(), ops: TokenBucket.optional() })

export const Logger = z.strictObject({
  log_path: z.string().optional(),
  level: z.enum(['Error', 'Warning', 'Info', 'Debug', 'Trace', 'Off']).optional(),
  show_level: z.boolean().optional(),
  show_log_origin: z.boolean().optional(),
  module: z.string().optional(),
})

export const Metrics = z.strictObject({ metrics_path: z.string() })

export const MachineConfiguration = z.strictObject({
  vcpu_count: z.int().min(0).max(255),
  mem_size_mib: z.int().min(0),
  smt: z.boolean().optional(),
  track_dirty_pages: z.boolean().optional(),
  cpu_template: z.string().optional(),
  huge_pages: z.enum(['None', '2M']).optional(),
})

export const BootSource = z.strictObject({
  kernel_image_path: z.string(),
  initrd_path: z.string().optional(),
  boot_args: z.string().optional(),
})

export const Drive = z.strictObject({
  drive_id: DeviceId,
  is_root_device: z.boolean(),
  path_on_host: z.string().optional(),
  is_read_only: z.boolean().optional(),
  partuuid: z.string().optional(),
  cache_type: z.enum(['Unsafe', 'Writeback']).optional(),
  io_engine: z.enum(['Sync', 'Async']).optional(),
  rate_limiter: RateLimiter.optional(),
  socket: z.string().optional(),
})

export const NetworkInterface = z.strictObject({
  iface_id: DeviceId,
  host_dev_name: z.string(),
  guest_mac: z.string().optional(),
  mtu: z.int().min(68).max(65535).optional(),
  rx_rate_limiter: RateLimiter.optional(),
  tx_rate_limiter: RateLimiter.optional(),
})

export const DriveUpdate = z.strictObject({ drive_id: DeviceId, path_on_host: z.string().optional(), rate_limiter: RateLimiter.optional() })

export const NetworkInterfaceUpdate = z.strictObject({
  iface_id: DeviceId,
  rx_rate_limiter: RateLimiter.optional(),
  tx_rate_limiter: RateLimiter.optional(),
})

/** `free_page_reporting` and `free_page_hinting` came with 1.14. */
export const Balloon = z.strictObject({
  amount_mib: z.int().min(0),
  deflate_on_oom: z.boolean(),
  stats_polling_interval_s: z.int().min(0).max(65_535).optional(),
  free_page_hinting: z.boolean().optional(),
  free_page_reporting: z.boolean().optional(),
})

export const BalloonUpdate = z.strictObject({ amount_mib: z.int().min(0) })

/** What the guest's driver tells, in bytes; what it does not tell is left out or null. */
export const BalloonStatistics = z.looseObject({
  actual_mib: z.int(),
  free_memory: z.int().nullish(),
  total_memory: z.int().nullish(),
  available_memory: z.int().nullish(),
  disk_caches: z.int().nullish(),
})

export const Vsock = z.strictObject({ guest_cid: z.int().min(0).max(0xffffffff), uds_path: z.string(), vsock_id: z.string().optional() })

/** `imds_compat` came with 1.13. */
export const MmdsConfiguration = z.strictObject({
  version: z.enum(['V1', 'V2']).optional(),
  network_interfaces: z.array(z.string()),
  ipv4_address: z.ipv4().optional(),
  imds_compat: z.boolean().optional(),
})

/** Since 1.14; its limit of what the guest may print since 1.16. */
export const Serial = z.strictObject({ serial_out_path: z.string().optional(), rate_limiter: TokenBucket.optional() })

export const Version = z.looseObject({ firecracker_version: z.string() })

/** What is told of a running machine's disks. */
export const FullConfiguration = z.looseObject({ drives: z.array(z.looseObject({ drive_id: z.string() })) })

export const EntropyDevice = z.strictObject({ rate_limiter: RateLimiter.optional() })
export const InstanceAction = z.strictObject({ action_type: z.enum(['FlushMetrics', 'InstanceStart', 'SendCtrlAltDel']) })

export const InstanceInfo = z.looseObject({ app_name: z.string(), id: z.string(), state: z.string(), vmm_version: z.string() })
export const Refusal = z.looseObject({ fault_message: z.string() })

export type Request = { readonly method?: 'PUT' | 'PATCH'; readonly path: string; readonly body: unknown }
