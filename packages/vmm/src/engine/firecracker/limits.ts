/** Firecracker's token buckets (src/vmm/src/rate_limiter/mod.rs): what is filled to `size` in `refill_time` milliseconds. */
import type { z } from 'zod'
import { parse } from '@imp/kit/base/schema.ts'
import type { DiskLimit, Nic } from '../model.ts'
import { DriveUpdate, NetworkInterfaceUpdate, type RateLimiter, type Request, type TokenBucket } from './types.ts'

const mebibyte = 1 << 20

/** A bucket that is never empty: what takes a limit away from a running device. */
const unlimited = { size: 0, refill_time: 0 }

/** Bytes in a second, a tenth of which may come at once; a guest hands over up to 64 KiB whole. */
export function bandwidthBucket(bytes: number): z.output<typeof TokenBucket> {
  const size = Math.max(1 << 16, Math.ceil(bytes / 10))
  return { size, refill_time: Math.max(1, Math.round((size / bytes) * 1000)) }
}

/** Both buckets; one that is not limited is left out, or `unlimited` for a device that may have a limit. */
export function driveLimiter({ bandwidth, iops }: DiskLimit): z.output<typeof RateLimiter> {
  return {
    ...(bandwidth === undefined ? {} : { bandwidth: bandwidthBucket(bandwidth * mebibyte) }),
    ...(iops === undefined ? {} : { ops: { size: iops, refill_time: 1000 } }),
  }
}

/** What gives a running disk this limit and no other. */
export function driveUpdate(id: string, limit: DiskLimit): Request {
  const body = { drive_id: id, rate_limiter: { bandwidth: unlimited, ops: unlimited, ...driveLimiter(limit) } }
  return { method: 'PATCH', path: `/drives/${id}`, body: parse(DriveUpdate, body, `PATCH /drives/${id}`) }
}

/** What gives each running network device its limit; those behind no TAP Firecracker does not have. */
export function interfaceUpdates(nics: readonly Nic[]): Request[] {
  return nics.flatMap((nic, index) => {
    if (nic.attachment !== 'tap') return []
    const limiter = { bandwidth: nic.bandwidth === undefined ? unlimited : bandwidthBucket(nic.bandwidth / 8) }
    const path = `/network-interfaces/eth${index}`
    const body = { iface_id: `eth${index}`, rx_rate_limiter: limiter, tx_rate_limiter: limiter }
    return [{ method: 'PATCH' as const, path, body: parse(NetworkInterfaceUpdate, body, `PATCH ${path}`) }]
  })
}
