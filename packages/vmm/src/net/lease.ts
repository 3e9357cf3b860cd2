/** Which address or port a new machine gets; pure. What is taken is kept in the machines' documents until they are deleted. */
import { Fault } from '@imp/kit/base/fault.ts'
import { allocate, formatAddress, parseAddress, parsePrefix } from '@imp/kit/base/ip.ts'
import type { BridgeSettings } from './model.ts'

/** The lowest address of the subnet that nobody has; a `conflict` fault when there is none. */
export function leaseAddress({ subnet, gateway }: BridgeSettings, taken: readonly string[]): string {
  const used = new Set([gateway, ...taken].map((address) => parseAddress(address, 4).value))
  const free = allocate(parsePrefix(subnet, 4), used)
  if (free === undefined) {
    throw new Fault('conflict', `the network ${subnet} has no free address`, { hint: 'delete machines that are no longer needed' })
  }
  return formatAddress(free)
}

/** Below the range from which Linux takes ports for outgoing connections (ip_local_port_range, 32768 to 60999). */
export const forwardedPorts = { first: 20_022, last: 29_999 } as const

/** The lowest port that nobody has and that `free` finds unused; a `conflict` fault when there is none. */
export async function leasePort(taken: ReadonlySet<number>, free: (port: number) => Promise<boolean>): Promise<number> {
  for (let port: number = forwardedPorts.first; port <= forwardedPorts.last; port += 1) {
    if (!taken.has(port) && (await free(port))) return port
  }
  throw new Fault('conflict', `no TCP port from ${forwardedPorts.first} to ${forwardedPorts.last} is free`)
}
