/**
 * A plan in the making: changes are added one by one, and what they do is carried out in thought, so that each is chosen by what will
 * be there when its turn comes. Whatever a change takes along is taken away explicitly before it: undoing then puts it back. Pure.
 */
import type { Change, MadeLink } from './change.ts'
import type { DesiredLink, DesiredLinux, MadeLinux } from './desired.ts'
import { carryOut, isIpv6, unknownMtu, type Present } from './effect.ts'
import type { ObservedLink } from './observe.ts'

export interface Draft {
  readonly want: DesiredLinux
  readonly made: MadeLinux
  /** What will be there when the changes so far are done. */
  readonly present: Present
}

export function emit(draft: Draft, into: Change[], ...changes: readonly Change[]): void {
  for (const change of changes) {
    into.push(change)
    carryOut(change, draft.present)
  }
}

function vlansOn(draft: Draft, name: string): ObservedLink[] {
  return [...draft.present.links.values()].filter((link) => link.kind === 'vlan' && link.parent === name)
}

/**
 * Sets a link down, with the VLANs on it and the IPv6 addresses that all of them lose. A VLAN that is down already is named as well:
 * when the link comes up again, the kernel would set it up.
 */
export function takeDown(draft: Draft, into: Change[], name: string): void {
  const link = draft.present.links.get(name)
  if (link === undefined || (!link.up && !draft.present.uncertain.has(name))) return
  for (const vlan of vlansOn(draft, name)) {
    if (vlan.up) takeDown(draft, into, vlan.name)
    else {
      renewAddresses(draft, into, vlan)
      emit(draft, into, { change: 'state', link: vlan.name, before: 'down', after: 'down' })
    }
  }
  emit(draft, into, ...link.addresses.filter(isIpv6).map((address): Change => ({ change: 'remove-address', link: name, address })))
  emit(draft, into, { change: 'state', link: name, before: 'up', after: 'down' })
}

/** Puts IPv6 addresses of a link that is down, and of the VLANs on it, on anew: undoing takes them off on the way down and puts them back. */
function renewAddresses(draft: Draft, into: Change[], link: ObservedLink): void {
  for (const address of link.addresses.filter(isIpv6)) {
    emit(draft, into, { change: 'remove-address', link: link.name, address }, { change: 'add-address', link: link.name, address })
  }
  for (const vlan of vlansOn(draft, link.name)) renewAddresses(draft, into, vlan)
}

export function bringUp(draft: Draft, into: Change[], name: string): void {
  const link = draft.present.links.get(name)
  if (link === undefined || (link.up && !draft.present.uncertain.has(name))) return
  renewAddresses(draft, into, link)
  emit(draft, into, { change: 'state', link: name, before: 'down', after: 'up' })
}

/** Changes nothing; undone after members of the bridge came and went, it gives the bridge back the MTU that it has now. */
function pinMtu(draft: Draft, into: Change[], bridge: string): void {
  const link = draft.present.links.get(bridge)
  if (link?.kind !== 'bridge' || link.mtu === unknownMtu) return
  emit(draft, into, { change: 'mtu', link: bridge, before: link.mtu, after: link.mtu })
}

export function setMaster(draft: Draft, into: Change[], name: string, after: string | null): void {
  const before = draft.present.links.get(name)?.master ?? null
  if (before === after) return
  for (const bridge of [before, after]) if (bridge !== null) pinMtu(draft, into, bridge)
  emit(draft, into, { change: 'master', link: name, before, after })
}

/** What makes a link; an MTU only where the kernel keeps it: a bridge takes that of its members as they join. */
export function definitionOf({ name, kind, parent, vlan, protocol }: DesiredLink, mtu: number | undefined): MadeLink {
  return {
    name,
    kind,
    ...(parent === undefined ? {} : { parent }),
    ...(vlan === undefined ? {} : { vlan }),
    ...(protocol === undefined ? {} : { protocol }),
    ...(mtu === undefined || kind === 'bridge' ? {} : { mtu }),
  }
}

/** Takes a link of ours away, with the VLANs on it and its members. */
export function removeLink(draft: Draft, into: Change[], made: DesiredLink): void {
  const { name } = made
  for (const vlan of vlansOn(draft, name)) removeLink(draft, into, vlanAsMade(vlan, name))
  for (const member of [...draft.present.links.values()].filter((link) => link.master === name)) setMaster(draft, into, member.name, null)
  takeDown(draft, into, name)
  setMaster(draft, into, name, null)
  const link = draft.present.links.get(name)
  if (link === undefined) return
  emit(draft, into, ...link.addresses.map((address): Change => ({ change: 'remove-address', link: name, address })))
  pinMtu(draft, into, name)
  // The link below may have got another name since.
  const parent = link.parent ?? made.parent
  emit(draft, into, { change: 'remove-link', link: definitionOf({ ...made, ...(parent === undefined ? {} : { parent }) }, link.mtu) })
}

function vlanAsMade(link: ObservedLink, parent: string): DesiredLink {
  const protocol = link.protocol === '802.1ad' ? '802.1ad' : '802.1Q'
  return { name: link.name, kind: 'vlan', parent, vlan: link.vlan ?? 0, protocol, up: link.up, addresses: [] }
}

/** The name that a card had before it became a port; undefined when it always had this one, or nobody knows. */
function formerName(port: DesiredLink, link: ObservedLink): string | undefined {
  const wanted = port.nic?.name
  if (wanted !== undefined) return wanted !== port.name && link.alternativeNames.includes(wanted) ? wanted : undefined
  return link.alternativeNames[0]
}

/** A card that is no longer used loses what we gave it, goes down, and back to its former name. */
export function releasePort(draft: Draft, into: Change[], port: DesiredLink): void {
  const link = draft.present.links.get(port.name)
  if (link === undefined) return
  if (port.master !== undefined && link.master === port.master) setMaster(draft, into, port.name, null)
  const ours = link.addresses.filter((address) => port.addresses.includes(address))
  emit(draft, into, ...ours.map((address): Change => ({ change: 'remove-address', link: port.name, address })))
  takeDown(draft, into, port.name)
  const name = formerName(port, link)
  if (name === undefined) return
  emit(draft, into, { change: 'remove-name', link: port.name, name }, { change: 'rename', from: port.name, to: name, mac: link.mac })
}
