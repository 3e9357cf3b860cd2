/** The devices that a new machine gets: what is said when it is created, else what the settings say. */
import type { Settings } from '../config/model.ts'
import { readLimits, type LimitWords, type RateLimits } from './model.ts'

export interface DeviceWords {
  readonly balloon?: number | undefined
  readonly vsock?: boolean | undefined
  readonly rateLimitDiskBandwidth?: string | undefined
  readonly rateLimitDiskIops?: string | undefined
  readonly rateLimitNetBandwidth?: string | undefined
}

interface WishedDevices {
  readonly balloon?: number | undefined
  /** Its context identifier is chosen with the id of the machine. */
  readonly vsock: boolean
  readonly rateLimits?: RateLimits | undefined
}

type DeviceSettings = Pick<Settings, 'balloon' | 'vsock' | 'diskBandwidth' | 'diskIops' | 'netBandwidth'>

/** What is told before what is set; limits in their own words. */
export function wishedDevices(told: DeviceWords, settings: DeviceSettings): WishedDevices {
  const { diskBandwidth, diskIops, netBandwidth } = settings
  const set: LimitWords = {
    diskBandwidth: diskBandwidth.value?.toString(),
    diskIops: diskIops.value?.toString(),
    netBandwidth: netBandwidth.value,
  }
  const words: LimitWords = {
    diskBandwidth: told.rateLimitDiskBandwidth,
    diskIops: told.rateLimitDiskIops,
    netBandwidth: told.rateLimitNetBandwidth,
  }
  const rateLimits = readLimits(readLimits({}, set), words)
  return {
    balloon: told.balloon ?? settings.balloon.value,
    vsock: told.vsock ?? settings.vsock.value,
    ...(Object.keys(rateLimits).length === 0 ? {} : { rateLimits }),
  }
}
