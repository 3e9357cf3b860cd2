/** The container network: large enough, and its addresses where they belong. */
import type { Finding } from '@imp/kit/base/fault.ts'
import { formatAddress, hostRange, parseAddress, sizeOf } from '@imp/kit/base/ip.ts'
import { wrong, type RouterConfig } from '../config/model.ts'
import { containerAddresses } from './model.ts'

/** Longest prefix with room for the machine, the dataplane and a few containers. */
const longest = 28
/** Shortest prefix that makes sense on one bridge. */
const shortest = 16

/** All findings about the container network but overlaps with other networks. */
export function checkContainer(config: RouterConfig): Finding[] {
  const { container } = config
  if (container === undefined) return []
  const { network, bridge, gateway, first, last } = containerAddresses(container)
  if (network.length > longest || network.length < shortest) {
    const message = `has ${sizeOf(network)} addresses: ${network.length > longest ? 'too few' : 'too many'} for a container network`
    return [wrong('container.network', container.network, message, `use a network of /${shortest} to /${longest}`)]
  }
  const range = hostRange(network)
  const inside = (text: string): boolean => {
    const { value } = parseAddress(text)
    return value >= range.first && value <= range.last
  }
  const places = { bridgeAddress: bridge, gateway, 'dhcpRange.first': first, 'dhcpRange.last': last }
  const outside = Object.entries(places).flatMap(([key, text]) =>
    text === undefined || inside(text)
      ? []
      : [
          wrong(
            `container.${key}`,
            text,
            `is no host address of ${container.network}`,
            `from ${formatAddress({ family: 4, value: range.first })} to ${formatAddress({ family: 4, value: range.last })}`,
          ),
        ],
  )
  return outside.length > 0 ? outside : checkPlaces(bridge ?? '', gateway ?? '', first ?? '', last ?? '')
}

function checkPlaces(bridge: string, gateway: string, first: string, last: string): Finding[] {
  const value = (text: string): bigint => parseAddress(text).value
  const findings: Finding[] = []
  if (bridge === gateway) {
    findings.push(
      wrong('container.gateway', gateway, 'is the address of the bridge as well', 'the machine and the dataplane need one each'),
    )
  }
  if (value(first) > value(last))
    findings.push(wrong('container.dhcpRange', { first, last }, 'ends before it begins', 'swap first and last'))
  const taken = [
    { path: 'container.bridgeAddress', text: bridge },
    { path: 'container.gateway', text: gateway },
  ]
  for (const { path, text } of taken) {
    if (value(text) < value(first) || value(text) > value(last)) continue
    findings.push(
      wrong(path, text, `is inside the DHCP range ${first} to ${last}`, 'a container would get the same address; move one of them'),
    )
  }
  return findings
}
