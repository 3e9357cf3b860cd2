/** What a machine may have besides processors, memory, disks and networks, and how much it may move. */
import { z } from 'zod'
import { parseRate } from '@imp/kit/base/units.ts'
import { ContextId, VsockTransport } from '../engine/model.ts'

/** What is left out is not limited. */
export const RateLimits = z.strictObject({
  /** MiB in a second, of each disk. */
  diskBandwidth: z.int().min(1).max(1_048_576).optional(),
  /** Requests in a second, of each disk. */
  diskIops: z.int().min(1).max(100_000_000).optional(),
  /** Bits in a second, of each interface on a network of vmm, each way. */
  netBandwidth: z.int().min(8000).max(1e12).optional(),
})
export type RateLimits = z.output<typeof RateLimits>

/** How cloud-init in the guest is told: by a disk, or by Firecracker's metadata service. */
export const Datasource = z.enum(['disk', 'mmds'])
export type Datasource = z.output<typeof Datasource>

/** MiB that a balloon takes from the guest. */
export const BalloonSize = z.int().min(0).max(1_048_576)

/** As the document of a machine has them. */
export const Devices = z.strictObject({
  /** No balloon unless told. */
  balloon: BalloonSize.optional(),
  vsock: z.strictObject({ cid: ContextId }).optional(),
  rateLimits: RateLimits.optional(),
  /** By a disk unless told. */
  datasource: Datasource.optional(),
})
export type Devices = z.output<typeof Devices>

/** As people are shown them; of a running machine also how its vsock is reached. */
export const DevicesView = Devices.extend({
  vsock: z.strictObject({ cid: ContextId, transport: VsockTransport.optional(), path: z.string().optional() }).optional(),
})
export type DevicesView = z.output<typeof DevicesView>

/** A number, or `none` for no limit. */
export const LimitWord = z
  .string()
  .regex(/^(none|[1-9]\d{0,8})$/, 'must be a number or none')
  .meta({ examples: ['500', 'none'] })

/** A rate as tc(8) writes it, or `none`. */
export const RateWord = z
  .string()
  .regex(/^(none|\d+(\.\d+)?(bit|kbit|mbit|gbit))$/, 'must be a rate such as 100mbit, or none')
  .meta({ examples: ['100mbit', 'none'] })

/** Limits as people write them. */
export interface LimitWords {
  readonly diskBandwidth?: string | undefined
  readonly diskIops?: string | undefined
  readonly netBandwidth?: string | undefined
}

/** The limits with those that are said in place of those before; `none` takes one away. */
export function readLimits(before: RateLimits, words: LimitWords): RateLimits {
  const number = (word: string): number => Number(word)
  const of = (key: keyof RateLimits, read: (word: string) => number): RateLimits => {
    const word = words[key]
    const value = word === undefined ? before[key] : word === 'none' ? undefined : read(word)
    return value === undefined ? {} : { [key]: value }
  }
  return RateLimits.parse({ ...of('diskBandwidth', number), ...of('diskIops', number), ...of('netBandwidth', parseRate) })
}

/** Limits for people: `disks 50 MiB/s, 500 requests/s; network 100 Mbit/s`. Empty when there are none. */
export function writeLimits({ diskBandwidth, diskIops, netBandwidth }: RateLimits): string {
  const disks = [
    ...(diskBandwidth === undefined ? [] : [`${diskBandwidth} MiB/s`]),
    ...(diskIops === undefined ? [] : [`${diskIops} requests/s`]),
  ].join(', ')
  const network = netBandwidth === undefined ? '' : `network ${netBandwidth / 1e6} Mbit/s`
  return [disks === '' ? '' : `each disk ${disks}`, network].filter((text) => text !== '').join('; ')
}

const lowest = 3
const choices = 0xfffffffe - lowest + 1

/**
 * A context identifier for the machine with this id that no other one has. It follows from the id, which is random: machines of other users
 * share the identifiers of this computer.
 */
export function freeContextId(id: string, taken: ReadonlySet<number>): number {
  let cid = lowest + (parseInt(id, 16) % choices)
  while (taken.has(cid)) cid = lowest + ((cid - lowest + 1) % choices)
  return cid
}
