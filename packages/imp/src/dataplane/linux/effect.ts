/**
 * What changes do, carried out in thought: a plan knows what will be there after its first half, and a step that is done again after a
 * crash leaves out what is in effect already. Pure.
 */
import { sameRule, type Change, type MadeLink } from './change.ts'
import type { Rule } from './desired.ts'
import type { ObservedLink } from './observe.ts'

/** Of a bridge whose members have just changed. */
export const unknownMtu = 0

export interface Present {
  readonly links: Map<string, ObservedLink>
  /** VLANs that the kernel set up together with their port: told to be up or down all the same, so that nothing hangs on that. */
  readonly uncertain: Set<string>
  rules: readonly Rule[]
}

export function presentOf(links: readonly ObservedLink[], rules: readonly Rule[]): Present {
  return { links: new Map(links.map((link) => [link.name, link])), uncertain: new Set(), rules }
}

function newLink({ name, kind, parent, vlan, protocol, mtu }: MadeLink): ObservedLink {
  return {
    name,
    kind,
    alternativeNames: [],
    mac: '',
    mtu: mtu ?? unknownMtu,
    up: false,
    carrier: false,
    addresses: [],
    ...(parent === undefined ? {} : { parent }),
    ...(vlan === undefined ? {} : { vlan }),
    ...(protocol === undefined ? {} : { protocol }),
  }
}

function withMaster(link: ObservedLink, master: string | null): ObservedLink {
  const { master: _before, ...free } = link
  return master === null ? free : { ...free, master }
}

function without(values: readonly string[], value: string): string[] {
  return values.filter((each) => each !== value)
}

type LinkChange = Exclude<Change, { change: 'add-link' | 'remove-link' | 'add-rule' | 'remove-rule' }>

/** What a change makes of the link that it concerns; the same object when it changes nothing. */
function changedLink(change: LinkChange, link: ObservedLink): ObservedLink {
  const names = link.alternativeNames
  if (change.change === 'rename') return link.mac === change.mac ? { ...link, name: change.to } : link
  if (change.change === 'add-name') return names.includes(change.name) ? link : { ...link, alternativeNames: [...names, change.name] }
  if (change.change === 'remove-name') {
    return names.includes(change.name) ? { ...link, alternativeNames: without(names, change.name) } : link
  }
  if (change.change === 'mtu') return link.mtu === change.after ? link : { ...link, mtu: change.after }
  if (change.change === 'master') return (link.master ?? null) === change.after ? link : withMaster(link, change.after)
  if (change.change === 'add-address') {
    return link.addresses.includes(change.address) ? link : { ...link, addresses: [...link.addresses, change.address] }
  }
  if (change.change === 'remove-address') {
    return link.addresses.includes(change.address) ? { ...link, addresses: without(link.addresses, change.address) } : link
  }
  const up = change.after === 'up'
  if (link.up === up) return link
  // An interface that goes down loses its IPv6 addresses (net/ipv6/addrconf.c, addrconf_ifdown).
  return { ...link, up, addresses: up ? link.addresses : link.addresses.filter((address) => !isIpv6(address)) }
}

export function isIpv6(address: string): boolean {
  return address.includes(':')
}

/** What the kernel does by itself: VLANs follow their port, bridges take the MTU of their members (net/8021q/vlan.c, net/bridge/br_if.c). */
function carryOn(change: LinkChange, present: Present): void {
  if (change.change === 'master') forgetMtus([change.before, change.after], present)
  if (change.change !== 'rename' && change.change !== 'state') return
  for (const link of Array.from(present.links.values())) {
    if (change.change === 'rename' && link.parent === change.from) present.links.set(link.name, { ...link, parent: change.to })
    if (change.change === 'rename' && link.master === change.from) present.links.set(link.name, withMaster(link, change.to))
    if (change.change === 'state' && link.kind === 'vlan' && link.parent === change.link) {
      const open = !link.up || present.uncertain.has(link.name)
      carryOut({ ...change, link: link.name }, present)
      if (change.after === 'up' && open) present.uncertain.add(link.name)
    }
  }
}

function forgetMtus(bridges: readonly (string | null)[], present: Present): void {
  for (const name of bridges) {
    const link = present.links.get(name ?? '')
    if (link !== undefined) present.links.set(link.name, { ...link, mtu: unknownMtu })
  }
}

/** A VLAN cannot be up while the link below is down (net/8021q/vlan_dev.c, vlan_dev_open). */
function isRefused(change: LinkChange, link: ObservedLink, present: Present): boolean {
  if (change.change !== 'state' || change.after === 'down' || link.kind !== 'vlan') return false
  return present.links.get(link.parent ?? '')?.up === false
}

function changeLink(change: LinkChange, present: Present): boolean {
  const name = change.change === 'rename' ? change.from : change.link
  const link = present.links.get(name)
  const changed = link === undefined || isRefused(change, link, present) ? undefined : changedLink(change, link)
  const decided = change.change === 'state' && present.uncertain.delete(name)
  if (changed === undefined || (changed === link && !decided)) return false
  present.links.delete(name)
  present.links.set(changed.name, changed)
  carryOn(change, present)
  return true
}

/**
 * Carries a change out on what is there. False when it was in effect already; where a link is not there, nothing that concerns it is
 * left to do either.
 */
export function carryOut(change: Change, present: Present): boolean {
  if (change.change === 'remove-link') return present.links.delete(change.link.name)
  if (change.change === 'add-link') {
    if (present.links.has(change.link.name)) return false
    present.links.set(change.link.name, newLink(change.link))
    return true
  }
  if (change.change === 'add-rule' || change.change === 'remove-rule') {
    const others = present.rules.filter((rule) => !sameRule(rule, change.rule))
    const was = others.length < present.rules.length
    present.rules = change.change === 'add-rule' ? [...others, change.rule] : others
    return was === (change.change === 'remove-rule')
  }
  return changeLink(change, present)
}

/** IPv6 addresses that must go before another length of the same one comes: a link has it only once (net/ipv6/addrconf.c). */
export function displaced(change: Change, present: Present): Change[] {
  if (change.change !== 'add-address' || !isIpv6(change.address)) return []
  const { link, address } = change
  const same = (each: string): boolean => each !== address && isIpv6(each) && withoutLength(each) === withoutLength(address)
  const there = present.links.get(link)?.addresses.filter(same) ?? []
  return there.map((each) => ({ change: 'remove-address', link, address: each }))
}

function withoutLength(address: string): string {
  return address.slice(0, address.indexOf('/'))
}

/** The changes that are left to do, given what is there now; also from the middle of them, in whatever state a crash left it. */
export function remaining(changes: readonly Change[], links: readonly ObservedLink[], rules: readonly Rule[]): Change[] {
  const present = presentOf(links, rules)
  return changes.flatMap((change) => [...displaced(change, present), change].filter((each) => carryOut(each, present)))
}
