/** The network of the service containers (Incus): a bridge in the machine's own namespace, joined to the dataplane by one link. */
import { z } from 'zod'
import { Address4, Prefix4 } from '@imp/kit/base/schema.ts'
import { formatAddress, hostRange, parsePrefix, type Prefix } from '@imp/kit/base/ip.ts'

/** Ends of the veth pair between the bridge of the containers and the dataplane. */
export const containerLink = { dataplane: 'incus-dataplane', host: 'incus-host', bridge: 'incusbr0' } as const

export const Container = z
  .strictObject({
    network: Prefix4.default('10.234.116.0/24').describe('network of the containers'),
    bridgeAddress: Address4.describe('address of the machine itself in that network; its first host unless told').exactOptional(),
    gateway: Address4.describe(
      'address of the dataplane in that network, which is the gateway of the containers; its fifth host unless told',
    ).exactOptional(),
    dhcpRange: z
      .strictObject({
        first: Address4.describe('first address').meta({ examples: ['10.234.116.100'] }),
        last: Address4.describe('last address').meta({ examples: ['10.234.116.254'] }),
      })
      .describe('addresses that containers get; the 100th to the last host unless told, in small networks the upper half')
      .exactOptional(),
  })
  .describe('network of the service containers')
export type Container = z.output<typeof Container>

/** Addresses of the container network with nothing left open; undefined members do not fit into the network. */
export interface ContainerAddresses {
  readonly network: Prefix
  readonly bridge: string | undefined
  readonly gateway: string | undefined
  readonly first: string | undefined
  readonly last: string | undefined
}

/** Works out what the configuration leaves open. */
export function containerAddresses(container: Container): ContainerAddresses {
  const network = parsePrefix(container.network, 4)
  const { first, last } = hostRange(network)
  const host = (number: bigint): string | undefined =>
    first + number - 1n <= last ? formatAddress({ family: 4, value: first + number - 1n }) : undefined
  const hosts = last - first + 1n
  return {
    network,
    bridge: container.bridgeAddress ?? host(1n),
    gateway: container.gateway ?? host(5n),
    first: container.dhcpRange?.first ?? host(hosts >= 200n ? 100n : hosts / 2n + 6n),
    last: container.dhcpRange?.last ?? host(hosts),
  }
}
