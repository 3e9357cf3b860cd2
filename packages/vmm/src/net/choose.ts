/** What a new network gets unless its owner says otherwise; pure. */
import { Fault } from '@imp/kit/base/fault.ts'
import { formatAddress, formatPrefix, overlaps, parsePrefix, subnets, type Prefix } from '@imp/kit/base/ip.ts'
import type { Network } from './model.ts'

/** Private addresses (RFC 1918) behind those of the default network. */
const pool = '172.20.0.0/14'

/** The first /24 of the pool that touches nothing of `taken`; a `conflict` fault when there is none. */
export function freeSubnet(taken: readonly Prefix[]): string {
  for (const subnet of subnets(parsePrefix(pool, 4), 24)) {
    if (!taken.some((each) => overlaps(each, subnet))) return formatPrefix(subnet)
  }
  throw new Fault('conflict', `every network of ${pool} is taken`, { hint: 'name a subnet with --subnet' })
}

/** The first host address of a subnet, which this computer has. */
export function gatewayOf(subnet: string): string {
  const { value } = parsePrefix(subnet, 4)
  return formatAddress({ family: 4, value: value + 1n })
}

/** `vmm-br1` and so on: the number of the default network's bridge is 0. */
export function freeBridge(taken: ReadonlySet<string>): string {
  let number = 1
  while (taken.has(`vmm-br${number}`)) number += 1
  return `vmm-br${number}`
}

/** The prefixes of networks. */
export function prefixesOf(networks: readonly Pick<Network, 'subnet' | 'subnet6'>[]): Prefix[] {
  return networks.flatMap(({ subnet, subnet6 }) => [parsePrefix(subnet, 4), ...(subnet6 === undefined ? [] : [parsePrefix(subnet6, 6)])])
}
