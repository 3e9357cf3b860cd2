/** Deterministic NAT: which inside network hides behind which outside addresses. Who had which port follows by arithmetic. */
import { z } from 'zod'
import { Prefix4 } from '@imp/kit/base/schema.ts'

export const NatMapping = z.strictObject({
  inside: Prefix4.describe('network whose hosts are translated').meta({ examples: ['192.168.0.0/24'] }),
  outside: Prefix4.describe('public addresses that the hosts share; every host has a fixed block of ports of one of them').meta({
    examples: ['203.0.113.96/30'],
  }),
})
export type NatMapping = z.output<typeof NatMapping>

export const NatBypass = z.strictObject({
  source: Prefix4.describe('packets from this network').meta({ examples: ['192.168.0.0/24'] }),
  destination: Prefix4.describe('to this network keep their source address').meta({ examples: ['198.51.100.0/24'] }),
})
export type NatBypass = z.output<typeof NatBypass>

export const Nat = z
  .strictObject({
    mappings: z.array(NatMapping).min(1).describe('inside networks and their outside addresses'),
    bypass: z
      .array(NatBypass)
      .default([])
      .describe('pairs of networks between which nothing is translated; traffic between internal interfaces never is'),
  })
  .describe('deterministic NAT of IPv4 towards external interfaces')
export type Nat = z.output<typeof Nat>
