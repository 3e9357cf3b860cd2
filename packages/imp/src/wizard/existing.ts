/** The answers that a configuration gives already. Pure. */
import { networkOf, contains, parseAddress, parseInterfaceAddress, parsePrefix } from '@imp/kit/base/ip.ts'
import type { RouterConfig } from '../config/model.ts'
import { nicOf, type Interface, type Nic } from '../interfaces/model.ts'
import type { Nat64 } from '../nat64/model.ts'
import type { Route } from '../routing/model.ts'
import type { DraftAnswers } from './model.ts'

/** How answers refer to the card of a configuration. */
export function referenceOf(nic: Nic): string {
  return nic.name ?? nic.mac ?? nic.pci ?? ''
}

export function isDefault(route: Pick<Route, 'prefix'>): boolean {
  return parsePrefix(route.prefix).length === 0
}

/** Whether a default route leaves by this port: it says so, or its next hop is in a network of it. */
export function leavesBy(port: Pick<Interface, 'name' | 'addresses'>, route: Pick<Route, 'prefix' | 'via' | 'interface'>): boolean {
  if (!isDefault(route) || route.via === undefined) return false
  if (route.interface !== undefined) return route.interface === port.name
  const via = parseAddress(route.via)
  return port.addresses.some((text) => contains(networkOf(parseInterfaceAddress(text)), via))
}

function portAnswers(port: Interface): { nic: string; name: string; addresses: string[] } {
  return { nic: referenceOf(nicOf(port)), name: port.name, addresses: [...port.addresses] }
}

function nat64Answers({ timeouts: _timeouts, ...asked }: Nat64): Omit<Nat64, 'timeouts'> {
  return asked
}

/** Answers by which nothing would change. */
export function answersOf(config: RouterConfig): DraftAnswers {
  const { hostname, management, interfaces, routes, bgp, nat, nat64 } = config
  if (interfaces.length === 0 && management === undefined) return { hostname }
  const external = interfaces.filter(({ role }) => role === 'external')
  const internal = interfaces.filter(({ role }) => role === 'internal')
  return {
    hostname,
    management:
      management === undefined
        ? 'none'
        : {
            nic: referenceOf(management.nic),
            mode: management.mode,
            addresses: [...management.addresses],
            gateways: [...management.gateways],
            dns: [...management.dns],
          },
    external: external.map((port) => ({
      ...portAnswers(port),
      gateways: routes.filter((route) => leavesBy(port, route)).flatMap(({ via }) => via ?? []),
    })),
    internal: internal.map((port) => ({ ...portAnswers(port), ...(port.ra?.send === undefined ? {} : { advertise: port.ra.send }) })),
    bgp:
      bgp === undefined
        ? 'none'
        : {
            asn: bgp.asn,
            routerId: bgp.routerId,
            announced: [...bgp.announced],
            peers: bgp.peers.map(({ name, address, asn }) => ({ name, address, asn })),
          },
    nat:
      nat === undefined ? 'none' : { mappings: nat.mappings.map((each) => ({ ...each })), bypass: nat.bypass.map((each) => ({ ...each })) },
    nat64: nat64 === undefined ? 'none' : nat64Answers(nat64),
  }
}
