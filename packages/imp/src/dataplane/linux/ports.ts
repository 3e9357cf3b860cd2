/** Finds the cards of ports, and brings them to the names that they shall have. Pure. */
import { Fault, type Finding } from '@imp/kit/base/fault.ts'
import type { Nic } from '../../interfaces/model.ts'
import type { Change } from './change.ts'
import type { DesiredLink } from './desired.ts'
import { emit, releasePort, takeDown, type Draft } from './draft.ts'
import type { ObservedLink } from './observe.ts'

/** Links that borrow the hardware address of the card below them. */
const borrowers = new Set(['vlan', 'bridge', 'macvlan', 'macvtap', 'ipvlan', 'bond', 'team'])

export function isNic(link: ObservedLink, nic: Nic): boolean {
  if (nic.name !== undefined) return link.name === nic.name || link.alternativeNames.includes(nic.name)
  if (nic.pci !== undefined) return link.pci === nic.pci
  return link.permanentMac === nic.mac || (link.mac === nic.mac && !borrowers.has(link.kind ?? ''))
}

export function nicText(nic: Nic): string {
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
    const link = here ?? outside.find((each) => isNic(each, nic))
    if (link !== undefined) return [{ port, link, outside: here === undefined }]
    findings.push({ path: port.name, severity: 'error', message: `there is no network card ${nicText(nic)}` })
    return []
  })
  if (findings.length === 0) return found
  const present = [...inside, ...outside].filter((link) => link.name !== 'lo').map(({ name, mac }) => `${name} (${mac})`)
  const hint = present.length === 0 ? 'there is no card at all' : `there are ${present.join(', ')}`
  throw new Fault('not-found', `network cards are missing: ${findings.map((each) => each.path).join(', ')}`, { hint, findings })
}

/** Frees the names of ports from cards that we gave them to earlier; a link of somebody else is a `conflict`. */
function freeNames(draft: Draft, into: Change[], renamed: readonly FoundPort[], found: readonly FoundPort[]): void {
  const used = new Set(found.map(({ link }) => link.name))
  for (const { port, link } of renamed) {
    const alias = [...draft.present.links.values()].find((each) => each.name !== link.name && each.alternativeNames.includes(port.name))
    if (alias !== undefined) throw taken(link.name, port.name, `it is another name of ${alias.name}`)
    if (used.has(port.name) || !draft.present.links.has(port.name)) continue
    const earlier = draft.made.links.find((each) => each.name === port.name && each.kind === 'port')
    if (earlier !== undefined) releasePort(draft, into, earlier)
    if (!draft.present.links.has(port.name)) continue
    throw taken(link.name, port.name, 'another link has this name')
  }
}

function taken(link: string, name: string, why: string): Fault {
  return new Fault('conflict', `${link} cannot be renamed to ${name}: ${why}`, {
    hint: 'rename or remove the other link, or give the interface another name',
  })
}

/** A name for a card whose own is taken by another card that is renamed as well. */
function nameBetween(draft: Draft, index: number): string {
  return draft.present.links.has(`swap${index}`) ? nameBetween(draft, index + 1) : `swap${index}`
}

function renameTo(draft: Draft, into: Change[], { port, link }: FoundPort, from: string): void {
  const present = draft.present.links.get(from)
  if (present?.alternativeNames.includes(port.name) === true) emit(draft, into, { change: 'remove-name', link: from, name: port.name })
  emit(draft, into, { change: 'rename', from, to: port.name, mac: link.mac })
  // A name that we gave it ourselves is free for another card from now on, and so is one that two cards trade.
  const ours = draft.made.links.some((each) => each.name === link.name && each.kind === 'port')
  if (from === link.name && !ours) emit(draft, into, { change: 'add-name', link: port.name, name: link.name })
}

/**
 * Renames cards to the names of their ports and keeps the old names as alternative names. Kernels before 6.2 rename only links that
 * are down; the plan sets them up again.
 */
export function renamePorts(draft: Draft, into: Change[], found: readonly FoundPort[]): void {
  const renamed = found.filter(({ port, link }) => port.name !== link.name)
  freeNames(draft, into, renamed, found)
  for (const { link } of renamed) takeDown(draft, into, link.name)
  const names = new Map(renamed.map(({ link }) => [link.name, link.name]))
  for (const { port } of renamed) {
    const holder = names.get(port.name)
    if (holder === undefined) continue
    const between = nameBetween(draft, 0)
    emit(draft, into, { change: 'rename', from: holder, to: between, mac: draft.present.links.get(holder)?.mac ?? '' })
    names.set(holder, between)
  }
  for (const each of renamed) renameTo(draft, into, each, names.get(each.link.name) ?? each.link.name)
}
