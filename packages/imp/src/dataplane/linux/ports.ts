/** Finds the cards of ports, and brings them to the names that they shall have. Pure. */
import { Fault, type Finding } from '@imp/kit/base/fault.ts'
import type { Nic } from '../../interfaces/model.ts'
import type { Change } from './change.ts'
import type { DesiredLink } from './desired.ts'
import type { ObservedLink } from './observe.ts'

/** Links that borrow the hardware address of the card below them. */
const borrowers = new Set(['vlan', 'bridge', 'macvlan', 'macvtap', 'ipvlan', 'bond', 'team'])

function isNic(link: ObservedLink, nic: Nic): boolean {
  if (nic.name !== undefined) return link.name === nic.name || link.alternativeNames.includes(nic.name)
  if (nic.pci !== undefined) return link.pci === nic.pci
  return link.permanentMac === nic.mac || (link.mac === nic.mac && !borrowers.has(link.kind ?? ''))
}

function nicText(nic: Nic): string {
  if (nic.name !== undefined) return `named ${nic.name}`
  return nic.pci === undefined ? `with the address ${nic.mac}` : `at PCI address ${nic.pci}`
}

export interface FoundPort {
  readonly port: DesiredLink
  readonly link: ObservedLink
  /** Whether it is still outside the namespace. */
  readonly outside: boolean
}

/** The card of each port. A `not-found` fault with one finding for each that is missing. */
export function findPorts(desired: readonly DesiredLink[], inside: readonly ObservedLink[], outside: readonly ObservedLink[]): FoundPort[] {
  const findings: Finding[] = []
  const ports = desired.filter((link) => link.kind === 'port')
  const found = ports.flatMap((port): FoundPort[] => {
    const nic = port.nic ?? { name: port.name }
    const here = inside.find((link) => isNic(link, nic))
    const there = here === undefined ? outside.find((link) => isNic(link, nic)) : undefined
    const link = here ?? there
    if (link !== undefined) return [{ port, link, outside: here === undefined }]
    findings.push({
      path: port.name,
      severity: 'error',
      message: `there is no network card ${nicText(nic)}`,
      hint: `there are: ${
        [...inside, ...outside]
          .filter((each) => each.name !== 'lo')
          .map((each) => `${each.name} (${each.mac})`)
          .join(', ') || 'none'
      }`,
    })
    return []
  })
  if (findings.length > 0)
    throw new Fault('not-found', `network cards are missing: ${findings.map((each) => each.path).join(', ')}`, { findings })
  return found
}

function refuseTaken(renamed: readonly FoundPort[], inside: readonly ObservedLink[]): void {
  const leaving = new Set(renamed.map(({ link }) => link.name))
  const taken = renamed.find(({ port }) => inside.some((link) => link.name === port.name && !leaving.has(link.name)))
  if (taken === undefined) return
  throw new Fault('conflict', `${taken.link.name} cannot be renamed to ${taken.port.name}: another link has this name`, {
    hint: `rename or remove the other link, or give the interface another name`,
  })
}

/**
 * Renames cards to the names of their ports and keeps the old names as alternative names. Kernels before 6.2 rename only links that
 * are down, and going down loses IPv6 addresses: they are taken off here, and put back by the plan. Ports that trade names pass
 * through a name in between.
 */
export function renamePorts(found: readonly FoundPort[], inside: readonly ObservedLink[]): Change[] {
  const renamed = found.filter(({ port, link }) => port.name !== link.name)
  refuseTaken(renamed, inside)
  const between = new Map(
    renamed.filter(({ port }) => inside.some((link) => link.name === port.name)).map(({ link }, index) => [link.name, `imp-swap${index}`]),
  )
  const away = renamed.flatMap(({ link, outside }): Change[] => [
    ...(outside || !link.up
      ? []
      : link.addresses.filter(isIpv6).map((address): Change => ({ change: 'remove-address', link: link.name, address }))),
    ...(outside || !link.up ? [] : [{ change: 'down', link: link.name } as const]),
    ...(between.has(link.name) ? [{ change: 'rename', from: link.name, to: between.get(link.name) ?? '' } as const] : []),
  ])
  const home = renamed.flatMap(({ port, link }): Change[] => {
    const from = between.get(link.name) ?? link.name
    const own = link.alternativeNames.includes(port.name)
    return [
      ...(own ? [{ change: 'remove-name', link: from, name: port.name } as const] : []),
      { change: 'rename', from, to: port.name },
      ...(between.has(link.name) ? [] : [{ change: 'add-name', link: port.name, name: link.name } as const]),
    ]
  })
  return [...away, ...home]
}

export function isIpv6(address: string): boolean {
  return address.includes(':')
}
