/** The network of the service containers, in both layouts. */
import type { Ledger } from '../ledger.ts'
import { given, said, type DraftOf } from '../model.ts'
import { joinAddress } from './addresses.ts'
import type { OldContainer } from './fields.ts'
import { moveNetwork, network } from '../networks.ts'

type Container = DraftOf<'container'>

function moveContainerNetwork(ledger: Ledger, old: OldContainer): string | undefined {
  const [written, prefix] = [said(old.network), old.prefix]
  const [from, lengthFrom, to] = ['container.network', 'container.prefix', 'container.network']
  ledger.expect(from)
  if (written === undefined) {
    ledger.dropped(lengthFrom, 'there is no network that it belongs to')
    ledger.derived('container', 'container', 'the network is 10.234.116.0/24 unless told')
    return undefined
  }
  if (!written.includes('/')) {
    ledger.changed(from, to, 'address and length are one text')
    ledger.changed(lengthFrom, to, 'address and length are one text')
    return network(joinAddress(written, prefix)).text
  }
  const moved = moveNetwork(ledger, from, written, to)
  const same = prefix === null || prefix === undefined || moved.endsWith(`/${prefix}`)
  ledger.derived(lengthFrom, to, same ? 'is the length of the network' : `${prefix} is not the length of ${written}, which counts`)
  return moved
}

function moveDhcpRange(ledger: Ledger, old: OldContainer): { dhcpRange?: NonNullable<Container['dhcpRange']> } {
  ledger.kept('container.dhcp_start', 'container.dhcpRange.first')
  ledger.kept('container.dhcp_end', 'container.dhcpRange.last')
  const [first, last] = [said(old.dhcp_start), said(old.dhcp_end)]
  return first === undefined && last === undefined ? {} : { dhcpRange: { ...given('first', first), ...given('last', last) } }
}

const version6 = ['ipv6', 'ipv6_prefix', 'ipv6_ra_prefix', 'bridge_ipv6']

/** Network, addresses and DHCP range of the containers; their IPv6, which no menu of the reference system asks for, has no place here. */
export function moveContainer(ledger: Ledger, old: OldContainer | null | undefined): { container?: Container } {
  ledger.expect('container')
  if (old === null || old === undefined) return {}
  for (const field of version6) ledger.dropped(`container.${field}`, 'the network of the containers has no IPv6 here')
  ledger.kept('container.bridge_ip', 'container.bridgeAddress')
  ledger.kept('container.gateway', 'container.gateway')
  return {
    container: {
      ...given('network', moveContainerNetwork(ledger, old)),
      ...given('bridgeAddress', said(old.bridge_ip)),
      ...given('gateway', said(old.gateway)),
      ...moveDhcpRange(ledger, old),
    },
  }
}
